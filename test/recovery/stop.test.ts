/** SIGTERM: what is at work is finished and durable, what waits is published by the next start, and the process ends in time. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import type { Service } from './service.js';
import { ServicePlace } from './service.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';
import { StreamTools } from './stream-tools.js';

const KEYS = 2_000;
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
const event = (ms: number, type: string, k: string): string => JSON.stringify({ ts: T0 + ms, type, k });
const pairs = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => from + at).flatMap((k) => [
    event(2 * k, 'x', `k${k}`),
    event(2 * k + 1, 'y', `k${k}`),
  ]);

const FILE_SOURCE = `
kind: source
name: lines
file: { path: lines.ndjson }
event: { time: ts, type: type }
`;
const FILE_RULE = `
kind: rule
name: each-line
source: lines
key: k
pattern: { within: 1s, sequence: [{ begin: x, where: "type = 'x'" }] }
`;
const LINES = 100;

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
  const service = place.start({ args });
  started.push(service);
  return service;
}

/** Runs until everything published so far is in a checkpoint, and stops; gives the alerts' ids. */
async function finish(): Promise<string[]> {
  const wanted = await tools.count('IN');
  const service = await start().running();
  await service.source('s', (one) => one.checkpointedPosition >= wanted);
  expect((await service.process.kill('SIGTERM')).code).toBe(0);
  return (await tools.read('alerts')).map(({ id }) => id);
}

function expectEachOnce(ids: readonly string[], count: number): void {
  expect(ids).toHaveLength(count);
  expect(new Set(ids).size).toBe(count);
}

/** Alerts of a file, made while the alert stream is away. */
async function runWithAlertsWaiting(loseServer: () => Promise<void>): Promise<Service> {
  const lines = Array.from({ length: LINES }, (_, at) => event(at, 'x', `f${at}`));
  writeFileSync(join(place.data, 'lines.ndjson'), `${lines.join('\n')}\n`);
  const service = await start('--stop-within', '8000').running();
  await loseServer();
  expect((await service.put('sources', 'lines', FILE_SOURCE)).status).toBe(201);
  expect((await service.put('rules', 'each-line', FILE_RULE)).status).toBe(201);
  await service.source('lines', (one) => one.state === 'ended' && one.checkpointedPosition >= LINES);
  expect((await service.status()).checkpoints.outboxWaiting).toBe(LINES);
  return service;
}

/** A request whose body never comes. */
async function openRequest(service: Service): Promise<Socket> {
  const { hostname, port } = new URL(await service.url());
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const head =
    'PUT /api/v1/rules/pair HTTP/1.1\r\nHost: weir\r\nContent-Type: application/yaml\r\nContent-Length: 100\r\n';
  await new Promise<void>((resolve) => socket.write(`${head}\r\n`, () => resolve()));
  return socket;
}

describe('a service told to stop', () => {
  test('in the middle of a backlog stops in order each time, and all its lives together give every alert once', async () => {
    await tools.store('IN', 'in.a', pairs(0, KEYS));
    for (let life = 0; life < 2; life++) {
      const service = await start('--checkpoint-interval', '60000').running();
      const { code, stderr } = await service.process.kill('SIGTERM');
      expect(code, stderr).toBe(0);
    }
    await tools.store('IN', 'in.a', [...pairs(KEYS, KEYS + 100), event(4 * KEYS, 'z', 'last')]);
    expectEachOnce(await finish(), KEYS + 100);
  }, 60_000);

  test.each([
    ['gone', (): Promise<void> => server.kill()],
    ['frozen', (): Promise<void> => server.freeze()],
  ])(
    'while the NATS server is %s stops in time; the next start publishes what waited, once',
    async (_, lose) => {
      const service = await runWithAlertsWaiting(lose);
      const { code, stderr } = await service.process.kill('SIGTERM');
      expect(code, stderr).toBe(0);
      await server.kill();
      await server.start();
      await tools.connected();
      expectEachOnce(await finish(), LINES);
    },
    60_000,
  );

  test('that cannot in the time it has ends all the same, says so, and has lost nothing', async () => {
    await tools.store('IN', 'in.a', pairs(0, 50));
    const service = await start('--stop-within', '500').running();
    const request = await openRequest(service);
    const { code, stderr } = await service.process.kill('SIGTERM');
    request.destroy();
    expect(code).toBe(1);
    expect(stderr).toContain('stop-overdue');
    await tools.store('IN', 'in.a', [...pairs(50, 100), event(1_000, 'z', 'last')]);
    expectEachOnce(await finish(), 100);
  }, 60_000);
});
