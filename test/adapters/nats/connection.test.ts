import { afterEach, describe, expect, it } from 'vitest';
import { connectNats } from '../../../src/adapters/nats/connection.js';
import type { NatsLink } from '../../../src/adapters/nats/connection.js';
import { natsLimits } from '../../../src/adapters/nats/limits.js';
import { TestNatsServer } from '../../support/nats-server.js';
import { CollectedLog, until } from './nats-fixture.js';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function reserve(): Promise<TestNatsServer> {
  const server = await TestNatsServer.reserve();
  undo.push(() => server.dispose());
  return server;
}

async function link(server: TestNatsServer, log = new CollectedLog()): Promise<NatsLink> {
  const made = await connectNats({ servers: server.url }, log);
  undo.push(() => made.close());
  return made;
}

describe('a link to NATS', () => {
  it('waits for an absent server, says so, and connects when it appears', async () => {
    const server = await reserve();
    const log = new CollectedLog();
    const waiting = await link(server, log);
    const ready = waiting.ready();
    await until(() => log.said('NATS is not reachable').length > 0);
    expect(waiting.status()).toMatchObject({ state: 'waiting', connected: false, serverVersion: undefined });
    expect(waiting.status().lastError).toMatch(/refused/);
    await server.start();
    await ready;
    expect(waiting.status()).toMatchObject({ state: 'connected', connected: true, outages: 0, lastError: undefined });
    expect(waiting.status().serverVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(waiting.status().url).toContain(String(server.port));
    expect(log.said('NATS is not reachable')).toHaveLength(1);
  });

  it('connects again for ever, one line of log per outage, and tells its listeners', async () => {
    const server = await reserve();
    await server.start();
    const log = new CollectedLog();
    const made = await link(server, log);
    await made.ready();
    const heard: string[] = [];
    made.onUp(() => heard.push('up'));
    made.onDown(() => heard.push('down'));
    for (let outage = 1; outage <= 2; outage++) {
      await server.kill();
      await until(() => !made.status().connected);
      expect(made.current()).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 700));
      await server.start();
      await made.ready();
      expect(made.status().outages).toBe(outage);
    }
    expect(heard).toEqual(['up', 'down', 'up', 'down', 'up']);
    expect(log.said('NATS connection lost')).toHaveLength(2);
    expect(log.said('NATS connected again')).toHaveLength(2);
    expect(log.lines.length).toBeLessThanOrEqual(7);
  });

  it('flushes what was published when it closes', async () => {
    const server = await reserve();
    await server.start();
    const listener = await link(server);
    let received = 0;
    (await listener.ready()).subscribe('x', { callback: () => void (received += 1) });
    await listener.current()?.flush();
    const made = await link(server);
    const connection = await made.ready();
    for (let i = 0; i < 1_000; i++) connection.publish('x', 'y');
    await made.close();
    await until(() => received === 1_000);
    expect(made.status().state).toBe('closed');
  });

  it('closes within its time, whatever the state it is in', async () => {
    const absent = await link(await reserve());
    const waiting = expect(absent.ready()).rejects.toMatchObject({ name: 'NatsClosedError' });
    const pausing = expect(absent.pause(60_000)).rejects.toMatchObject({ name: 'NatsClosedError' });
    await absent.close();
    await waiting;
    await pausing;
    await expect(absent.ready()).rejects.toMatchObject({ code: 'closed' });
    const server = await reserve();
    await server.start();
    const frozen = await link(server);
    await frozen.ready();
    await server.freeze();
    const startedAt = performance.now();
    await frozen.close();
    await frozen.close();
    expect(performance.now() - startedAt).toBeLessThan(natsLimits.closeTimeoutMs + 1_000);
  });

  it('is refused at once when its options cannot be used', async () => {
    const log = new CollectedLog();
    for (const [options, code] of [
      [{ servers: '' }, 'servers'],
      [{ servers: 'http://x' }, 'servers'],
      [{ servers: 'nats://:4222' }, 'servers'],
      [{ servers: 'x', user: 'a', token: 'b' }, 'auth'],
      [{ servers: 'x', nkey: 'no-such-file' }, 'file'],
      [{ servers: 'x', creds: 'no-such-file' }, 'file'],
      [{ servers: 'x', tls: { cert: '-----BEGIN' } }, 'tls'],
      [{ servers: 'x', tls: { ca: 'no-such-file' } }, 'file'],
    ] as const) {
      await expect(connectNats(options, log)).rejects.toMatchObject({ name: 'NatsOptionsError', code });
    }
  });
});
