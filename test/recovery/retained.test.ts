/** A service whose newest state is damaged falls back to a retained checkpoint and its journal: the same alerts, each once. */
import { existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import type { Service } from './service.js';
import { ServicePlace } from './service.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';
import { StreamTools } from './stream-tools.js';

const DOCUMENTS = `
kind: source
name: s
nats: { stream: IN, subjects: ["in.>"] }
start: all
event: { time: ts, type: type }
---
kind: rule
name: pair
source: s
key: k
pattern:
  within: 1h
  skip: skipPastLastEvent
  sequence: [{ begin: x, where: "type = 'x'" }, { followedBy: y, where: "type = 'y'" }]
`;
const T0 = Date.parse('2024-05-01T00:00:00Z');
const KEYS = 400;
const event = (seconds: number, type: string, k: string): string =>
  JSON.stringify({ ts: T0 + seconds * 1_000, type, k, note: 'n'.repeat(2_000) });
const begins = Array.from({ length: KEYS }, (_, k) => event(k, 'x', `key-${k}`));
const ends = Array.from({ length: KEYS }, (_, k) => event(KEYS + k, 'y', `key-${k}`));

let cli: BuiltCli;
let server: TestNatsServer;
let place: ServicePlace;
let tools: StreamTools;
const started: Service[] = [];

beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  server = await TestNatsServer.start();
  place = new ServicePlace(cli, server.url, 'alerts').documents(DOCUMENTS);
  tools = await StreamTools.connect(server.url);
  await tools.addStream('IN', ['in.>']);
  await tools.addStream('alerts', ['alerts.>']);
});
afterEach(async () => {
  for (const service of started.splice(0)) await service.process.kill();
  await tools.close();
  await server.dispose();
  place.dispose();
});

function start(...args: string[]): Service {
  const service = place.start({ args: ['--retain-interval', '400', ...args] });
  started.push(service);
  return service;
}
const upTo = (service: Service, position: number): Promise<unknown> =>
  service.source('s', (one) => one.checkpointedPosition >= position);

/** Ids of alerts, once so many are there. */
async function alerts(count: number): Promise<string[]> {
  while ((await tools.count('alerts')) < count) await new Promise((resolve) => setTimeout(resolve, 20));
  return (await tools.read('alerts')).map(({ id }) => id);
}

/** Part of the events, over several retained checkpoints, then a kill. Gives how many alerts there are. */
async function live(): Promise<number> {
  const service = await start().running();
  for (let at = 0; at < KEYS; at += 50) {
    await tools.store('IN', 'in.a', begins.slice(at, at + 50));
    await upTo(service, at + 50);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await tools.store('IN', 'in.a', ends.slice(0, KEYS / 2));
  await upTo(service, KEYS * 1.5);
  const count = (await alerts(KEYS / 2 - 1)).length;
  expect((await service.status()).checkpoints.retention?.retained).toHaveLength(2);
  await service.process.kill();
  return count;
}

function damage(pattern: RegExp): void {
  for (const name of readdirSync(join(place.state, 'db')).filter((one) => pattern.test(one))) {
    const file = join(place.state, 'db', name);
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 0x20;
    writeFileSync(file, bytes, { flag: 'r+' });
  }
}

/** The rest of the events; every key gave its alert, once. */
async function finish(service: Service): Promise<void> {
  await tools.store('IN', 'in.a', [...ends.slice(KEYS / 2), event(3_000, 'z', 'last')]);
  await upTo(service, 2 * KEYS + 1);
  const ids = await alerts(KEYS);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await tools.read('alerts')).length).toBe(KEYS);
  expect(new Set(ids).size).toBe(KEYS);
}

describe('a damaged newest state', () => {
  test('costs nothing where the journal is whole, and is said aloud', async () => {
    await live();
    damage(/^(MANIFEST-.*|.*\.log|.*\.ldb)$/);
    const service = start();
    await service.process.says('the state was damaged, and was recovered from a retained checkpoint');
    await service.running();
    const { retention } = (await service.status()).checkpoints;
    expect(retention?.recovered).toMatchObject({ lost: null });
    expect(existsSync(retention?.recovered?.kept ?? '')).toBe(true);
    await finish(service);
  }, 60_000);

  test('is a refusal where batches are missing; told where to begin, the service finds the same alerts and publishes none twice', async () => {
    await live();
    damage(/^MANIFEST-/);
    const retained = join(place.state, 'retained');
    const newest = String(Math.max(...readdirSync(retained).map(Number)));
    const oldest = String(Math.min(...readdirSync(retained).map(Number)));
    // The newest is of no use, and the other's journal ends early: alerts were published behind it.
    rmSync(join(retained, newest, 'db', 'CURRENT'));
    truncateSync(join(retained, oldest, 'journal'), 10);
    const refused = await start().process.ended;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`--recover-from ${oldest}`);
    const service = await start('--recover-from', oldest).running();
    expect((await service.status()).checkpoints.retention?.recovered?.lost).toContain('journal');
    await finish(service);
  }, 60_000);
});
