/** Two processes under one name, each with a state of its own: one is at work, and what is published is published once. */
import { setTimeout as sleep } from 'node:timers/promises';
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
name: r
source: s
key: k
pattern:
  within: 1h
  sequence: [{ begin: x, where: "type = 'x'" }, { followedBy: y, where: "type = 'y'" }]
`;
const LEASE = ['--lease', '1000'];
const T0 = Date.parse('2024-05-01T00:00:00Z');

let cli: BuiltCli;
let server: TestNatsServer;
let tools: StreamTools;
let places: readonly [ServicePlace, ServicePlace];
const started: Service[] = [];

beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  server = await TestNatsServer.start();
  tools = await StreamTools.connect(server.url);
  await tools.addStream('IN', ['in.>']);
  // The server forgets ids after 100 ms: nobody but the services keeps anything from coming twice.
  await tools.addStream('alerts', ['alerts.>']);
  const place = (): ServicePlace => new ServicePlace(cli, server.url, 'alerts').documents(DOCUMENTS);
  places = [place(), place()];
});
afterEach(async () => {
  for (const service of started.splice(0)) {
    service.process.resume();
    await service.process.kill();
  }
  await tools.close();
  await server.dispose();
  for (const place of places) place.dispose();
});

function start(place: ServicePlace, ...args: readonly string[]): Service {
  const service = place.start({ args: [...LEASE, ...args] });
  started.push(service);
  return service;
}

/** Pairs of events, each pair an alert, and one that lets time pass. */
async function storePairs(from: number, count: number): Promise<void> {
  const line = (at: number, type: string, k: string): string => JSON.stringify({ ts: T0 + at * 1_000, type, k });
  const pairs = Array.from({ length: count }, (_, i) => from + i);
  await tools.store('IN', 'in.a', [
    ...pairs.flatMap((n) => [line(2 * n, 'x', `k${n}`), line(2 * n + 1, 'y', `k${n}`)]),
    line(2 * (from + count) + 1, 'over', 'k'),
  ]);
}

async function alerts(count: number): Promise<string[]> {
  for (;;) {
    const ids = (await tools.read('alerts')).map(({ id }) => id);
    if (ids.length >= count) return ids;
    await sleep(50);
  }
}

describe('two processes under one name', () => {
  test('are one: the second is refused and told what to do, the first goes on', async () => {
    const [one, other] = places;
    const first = await start(one).running();
    const { code, stderr } = await start(other).process.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/is at work under this namespace and alert stream/);
    expect(stderr).toMatch(/--standby/);
    await storePairs(0, 5);
    await alerts(5);
    expect((await first.status()).state).toBe('running');
    // Under another name it may.
    await start(other, '--namespace', 'other').running();
  }, 60_000);

  test('take turns: one that waits goes on when the other is killed, and repeats no alert though its state is empty', async () => {
    const [one, other] = places;
    const first = await start(one).running();
    await storePairs(0, 20);
    await alerts(20);
    const second = start(other, '--standby');
    await second.process.says('waiting');
    await first.process.kill();
    await second.running();
    await storePairs(20, 10);
    const ids = await alerts(30);
    await second.process.kill('SIGTERM');
    expect(new Set(ids).size).toBe(30);
    expect(await alerts(0)).toHaveLength(30);
    // The first state is older than what was published since: it says so, and repeats nothing either.
    const again = await start(one).running();
    await again.process.says('another state was at work');
    await storePairs(30, 5);
    await alerts(35);
    await again.process.kill('SIGTERM');
    expect(new Set(await alerts(0)).size).toBe(35);
    expect(await alerts(0)).toHaveLength(35);
  }, 60_000);

  test('cannot both publish: one that stood still for longer than its lease ends when it goes on', async () => {
    const [one, other] = places;
    const first = await start(one).running();
    await storePairs(0, 10);
    await alerts(10);
    first.process.pause();
    await storePairs(10, 10);
    const second = await start(other, '--standby').running();
    await alerts(20);
    first.process.resume();
    const { code, stderr } = await first.process.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/lease-lost/);
    await storePairs(20, 10);
    const ids = await alerts(30);
    await second.process.kill('SIGTERM');
    expect(new Set(ids).size).toBe(30);
    expect(await alerts(0)).toHaveLength(30);
  }, 60_000);

  test('over one state after another need not wait for the lease', async () => {
    const [one] = places;
    const first = one.start({ args: ['--lease', '3600000'] });
    started.push(first);
    await first.running();
    await first.process.kill();
    const again = one.start({ args: ['--lease', '3600000'] });
    started.push(again);
    await again.running();
    await storePairs(0, 3);
    expect(await alerts(3)).toHaveLength(3);
  }, 60_000);
});

test('a process that stands still for longer than heartbeats and pings, alone, goes on where it was', async () => {
  const [one] = places;
  const service = await start(one, '--standby').running();
  await storePairs(0, 10);
  await alerts(10);
  service.process.pause();
  await storePairs(10, 200);
  await sleep(6_000);
  service.process.resume();
  await storePairs(210, 10);
  const ids = await alerts(220);
  expect((await service.process.kill('SIGTERM')).code).toBe(0);
  expect(new Set(ids).size).toBe(220);
  expect(await alerts(0)).toHaveLength(220);
}, 60_000);
