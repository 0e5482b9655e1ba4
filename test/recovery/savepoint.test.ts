/** Savepoints of the real service: taken while events flow, cut short by a kill, restored elsewhere, looked into. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import type { Service } from './service.js';
import { ServicePlace } from './service.js';
import type { BuiltCli, Ended } from './service-process.js';
import { CliProcess, buildCli } from './service-process.js';
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
const TOKEN = 'a-token-for-tests-only-0123456789';
const T0 = Date.parse('2024-05-01T00:00:00Z');
const KEYS = 500;

/** All keys begin; later all end: each gives one alert. */
const begins = Array.from({ length: KEYS }, (_, k) =>
  JSON.stringify({ ts: T0 + k, type: 'x', k: `key-${k}`, note: 'n'.repeat(2_000) }),
);
const ends = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) =>
    JSON.stringify({ ts: T0 + 10_000 + from + i, type: 'y', k: `key-${from + i}` }),
  );

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

async function start(state = place.state): Promise<Service> {
  const service = place.start({ args: ['--state', state] });
  started.push(service);
  return service.running();
}
const weir = (...args: string[]): Promise<Ended> => new CliProcess(cli, args).ended;
const upTo = (service: Service, position: number): Promise<unknown> =>
  service.source('s', (one) => one.checkpointedPosition >= position);

async function take(service: Service, name: string, ...more: string[]): Promise<Ended> {
  return weir('savepoint', name, '--api', await service.url(), '--token', TOKEN, ...more);
}

/** Titles and ids of alerts, once all are there. */
async function alerts(count: number): Promise<string[]> {
  while ((await tools.count('alerts')) < count) await new Promise((resolve) => setTimeout(resolve, 20));
  return (await tools.read('alerts')).map(({ id }) => id).sort();
}

/** A savepoint between the beginnings and the ends; the service goes on to the end and is killed; another one begins from it. */
async function goElsewhere(from: (service: Service) => Promise<string>): Promise<void> {
  const service = await start();
  await tools.store('IN', 'in.a', begins);
  await upTo(service, KEYS);
  await tools.store('IN', 'in.a', ends(0, 100));
  await upTo(service, KEYS + 100);
  const savepoint = await from(service);
  await tools.store('IN', 'in.a', ends(100, 300));
  await upTo(service, KEYS + 300);
  // The newest event waits for the watermark.
  const before = await alerts(299);
  await service.process.kill();
  const elsewhere = join(place.root, 'elsewhere');
  const restored = await weir('restore', savepoint, '--state', elsewhere, '--nats', server.url);
  expect(restored.stderr).toContain('restored');
  expect(restored.code).toBe(0);
  const again = await start(elsewhere);
  await tools.store('IN', 'in.a', [...ends(300, KEYS), JSON.stringify({ ts: T0 + 60_000, type: 'z', k: '' })]);
  await upTo(again, 2 * KEYS + 1);
  const all = await alerts(KEYS);
  expect(all).toHaveLength(KEYS);
  expect(new Set(all).size).toBe(KEYS);
  expect(all).toEqual(expect.arrayContaining(before));
  await again.process.kill('SIGTERM');
}

describe('a service restored from a savepoint goes on with the same alerts, each once,', () => {
  test('from a directory', () =>
    goElsewhere(async (service) => {
      const taken = await take(service, 'one');
      expect(taken.code).toBe(0);
      return (JSON.parse(taken.stdout) as { place: string }).place;
    }));

  test('from a JetStream object store', () =>
    goElsewhere(async (service) => {
      const taken = await take(service, 'one', '--bucket', 'saved');
      expect(taken.code).toBe(0);
      const { place: written } = JSON.parse(taken.stdout) as { place: string };
      expect(written).toBe('object:saved/one');
      return written;
    }));
});

describe('a savepoint', () => {
  test('is either complete or not there, wherever a kill cuts it short', async () => {
    await tools.store('IN', 'in.a', begins);
    for (let round = 0; round < 4; round++) {
      const service = await start();
      await upTo(service, KEYS);
      const taking = Promise.all([take(service, `files-${round}`), take(service, `bucket-${round}`, '--bucket', 'b')]);
      await new Promise((resolve) => setTimeout(resolve, 250 + round * 60));
      await service.process.kill();
      const [files, bucket] = await taking;
      for (const [taken, at] of [
        [files, join(place.state, 'savepoints', `files-${round}`)],
        [bucket, `object:b/bucket-${round}`],
      ] as const) {
        const looked = await weir('state', at, '--json', '--nats', server.url);
        if (taken.code === 0) expect(looked.code).toBe(0);
        if (looked.code === 0) {
          const { sources } = JSON.parse(looked.stdout) as { sources: { position: number }[] };
          expect(sources[0]?.position).toBe(KEYS);
        } else expect(looked.stderr).toMatch(/no complete savepoint|no directory|object store does not serve/);
      }
    }
  }, 60_000);

  test('of a name there is already is refused, and so is a name that leads elsewhere', async () => {
    const service = await start();
    expect((await take(service, 'one')).code).toBe(0);
    expect((await take(service, 'one')).stderr).toContain('choose another name');
    expect((await take(service, '../one')).stderr).toContain('cannot be the name');
    expect((await take(service, 'one', '--bucket', 'b')).code).toBe(0);
    expect((await take(service, 'one', '--bucket', 'b')).stderr).toContain('choose another name');
  });

  test('is not restored over a state', async () => {
    const service = await start();
    expect((await take(service, 'one')).code).toBe(0);
    await service.process.kill('SIGTERM');
    const files = readdirSync(join(place.state, 'db')).sort();
    const refused = await weir('restore', join(place.state, 'savepoints', 'one'), '--state', place.state);
    expect([refused.code, refused.stderr.includes('holds a state already')]).toEqual([1, true]);
    expect(readdirSync(join(place.state, 'db')).sort()).toEqual(files);
    for (const held of ['db', 'retained']) rmSync(join(place.state, held), { recursive: true });
    expect((await weir('restore', join(place.state, 'savepoints', 'one'), '--state', place.state)).code).toBe(0);
    expect(existsSync(join(place.state, '.db.restoring'))).toBe(false);
  });
});

describe('weir state', () => {
  test('shows a stopped service, and leaves its files as they are', async () => {
    const service = await start();
    await tools.store('IN', 'in.a', begins);
    await upTo(service, KEYS);
    await service.process.kill('SIGKILL');
    const files = readdirSync(join(place.state, 'db')).sort();
    const shown = await weir('state', place.state);
    expect(shown.stdout).toMatch(/pair +1 +1 +499 +499 +0/);
    const key = await weir('state', place.state, '--key', 'key-7', '--json');
    expect(JSON.parse(key.stdout)).toMatchObject([
      { key: 'key-7', rules: [{ rule: 'pair', runs: [{ taken: [{ stage: 'x' }] }] }] },
    ]);
    expect(readdirSync(join(place.state, 'db')).sort()).toEqual(files);
    expect(readdirSync(place.state).filter((name) => name.startsWith('.weir-look'))).toEqual([]);
  });

  test('refuses the directory of a service that runs, shows what it retained, and does not disturb it', async () => {
    const first = await start();
    await tools.store('IN', 'in.a', begins);
    await upTo(first, KEYS);
    await first.process.kill('SIGTERM');
    const service = await start();
    const refused = await weir('state', place.state);
    expect([refused.code, refused.stderr.includes('A service holds')]).toEqual([1, true]);
    expect((await weir('state', join(place.state, 'retained', '2'))).stdout).toMatch(/pair +1 +1 +499 +499 +0/);
    await tools.store('IN', 'in.a', ends(0, 100));
    await upTo(service, KEYS + 100);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
  });
});
