import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findNatsServer, freePort, natsServerVersion, startNatsServer } from '../../../scripts/nats-server.mjs';
import { until } from './nats-fixture.js';

const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-script-'));
  undo.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function withEnvironment(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  undo.push(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the server the tests and the quickstart use', () => {
  it('is the one that is named, else the one on PATH', () => {
    const dir = temporaryDir();
    const fake = join(dir, 'nats-server');
    writeFileSync(fake, '#!/bin/sh\necho "nats-server: v9.8.7"\n');
    chmodSync(fake, 0o755);
    withEnvironment('PATH', `${dir}:${process.env['PATH'] ?? ''}`);
    withEnvironment('NATS_SERVER_BIN', '');
    expect(findNatsServer()).toBe(fake);
    expect(natsServerVersion(fake)).toBe('9.8.7');
    withEnvironment('NATS_SERVER_BIN', process.execPath);
    expect(findNatsServer()).toBe(process.execPath);
    withEnvironment('NATS_SERVER_BIN', join(dir, 'absent'));
    expect(() => findNatsServer()).toThrow(/NATS_SERVER_BIN/);
  });

  it('starts on a free port with a directory of its own, and leaves nothing when stopped', async () => {
    const server = await startNatsServer();
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    expect(isAlive(server.pid)).toBe(true);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    await until(() => !existsSync(server.dataDir));
  });

  it('never takes the port of a server that is already running, and never stops that one', async () => {
    const first = await startNatsServer();
    undo.push(() => first.stop());
    await expect(startNatsServer({ port: first.port })).rejects.toThrow(/address already in use/);
    expect(isAlive(first.pid)).toBe(true);
  });

  it('keeps the directory it was given', async () => {
    const dataDir = join(temporaryDir(), 'kept');
    mkdirSync(dataDir);
    const server = await startNatsServer({ dataDir });
    await server.kill();
    expect(existsSync(dataDir)).toBe(true);
  });

  it('says what is wrong with its configuration', async () => {
    await expect(startNatsServer({ extra: 'no_such_option: 1' })).rejects.toThrow(/no_such_option/);
  });

  it('ends with its parent, even one that is killed', async () => {
    const script = resolve(import.meta.dirname, '../../../scripts/nats-server.mjs');
    const parent = spawn(process.execPath, [script, '--port', String(await freePort()), '--data', temporaryDir()], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const line = await new Promise<string>((fulfil) => parent.stdout.once('data', (data) => fulfil(String(data))));
    expect(line).toMatch(/is ready at nats:\/\/127\.0\.0\.1:\d+ \(pid \d+\)/);
    const pid = Number(/pid (\d+)/.exec(line)?.[1]);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isServing(pid));
  });
});

/** Alive, and not merely waiting for whoever inherited it to take note of its end (its command line is empty then). */
function isServing(pid: number): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  return isAlive(pid) && (!existsSync(commandLine) || readFileSync(commandLine, 'utf8') !== '');
}
