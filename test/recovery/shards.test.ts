/** The real service with several shards in threads: what it says, refuses, saves and takes back. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
nats: { stream: IN, subjects: ["in.0", "in.1", "in.2"] }
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
const PARTITIONED = DOCUMENTS.replace('"in.2"]', '"in.2"], partitioned: true');
const BY_PLACE = `
kind: rule
name: by-place
source: s
key: place
pattern: { within: 1h, sequence: [{ begin: x, where: "type = 'x'" }, { followedBy: y, where: "type = 'y'" }] }
`;
const TOKEN = 'a-token-for-tests-only-0123456789';
const T0 = Date.parse('2024-05-01T00:00:00Z');
const KEYS = 300;

let cli: BuiltCli;
let server: TestNatsServer;
let place: ServicePlace;
let tools: StreamTools;
const started: Service[] = [];
let sent = 0;

beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  sent = 0;
  server = await TestNatsServer.start();
  place = new ServicePlace(cli, server.url, 'alerts').documents(DOCUMENTS);
  tools = await StreamTools.connect(server.url);
  await tools.addStream('IN', ['in.*']);
  await tools.addStream('alerts', ['alerts.>']);
});
afterEach(async () => {
  for (const service of started.splice(0)) await service.process.kill();
  await tools.close();
  await server.dispose();
  place.dispose();
});

function begin(shards: number, ...more: string[]): Service {
  const service = place.start({ args: ['--shards', String(shards), ...more] });
  started.push(service);
  return service;
}

/** One event of every key, each on the subject of its key. */
async function send(type: string, from: number, to = KEYS): Promise<void> {
  for (const part of [0, 1, 2]) {
    const keys = Array.from({ length: to - from }, (_, at) => from + at).filter((key) => key % 3 === part);
    const texts = keys.map((key) => JSON.stringify({ ts: T0 + ++sent, type, k: `key-${key}`, place: 'here' }));
    await tools.store('IN', `in.${part}`, texts);
  }
  // What comes last is final once something comes behind it: on every subject.
  for (const part of [0, 1, 2]) {
    await tools.store('IN', `in.${part}`, [JSON.stringify({ ts: T0 + ++sent, type: 'over', k: 'none' })]);
  }
}

async function published(count: number): Promise<string[]> {
  while ((await tools.count('alerts')) < count) await sleep(20);
  await sleep(300);
  return (await tools.read('alerts')).map(({ id }) => id).sort();
}

const upTo = (service: Service, position: number): Promise<unknown> =>
  service.source('s', (one) => one.checkpointedPosition >= position);
const weir = (...args: string[]): Promise<Ended> => new CliProcess(cli, args).ended;

describe('two shards', () => {
  test('share the keys, and tell together what a single one tells', async () => {
    const service = await begin(2).running();
    await send('x', 0);
    await send('y', 0);
    const ids = await published(KEYS);
    expect(new Set(ids).size).toBe(KEYS);
    await upTo(service, sent);
    const { sources, rules, shards, checkpoints } = await service.status();
    expect(sources[0]).toMatchObject({ name: 's', position: sent, events: sent, late: 0, pending: 0 });
    expect(rules[0]).toMatchObject({ name: 'pair', matches: KEYS, alerts: KEYS });
    expect(shards.map(({ shard }) => shard)).toEqual([0, 1]);
    expect(checkpoints.published).toBe(KEYS);
    const metrics = await (
      await fetch(`${await service.url()}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
    ).text();
    expect(metrics).toMatch(new RegExp(`weir_alerts_total\\{[^}]*rule="pair"[^}]*\\} ${KEYS}`));
    expect(metrics.match(/^# TYPE weir_alerts_total /gm)).toHaveLength(1);
    expect((await service.process.kill('SIGTERM')).code).toBe(0);
  });

  test('take a rule over the API whose key is new, in all of them, and keep it', async () => {
    const service = await begin(2).running();
    await send('x', 0, 30);
    await upTo(service, sent);
    expect((await service.put('rules', 'by-place', BY_PLACE)).status).toBe(201);
    expect(
      (await service.put('rules', 'broken', BY_PLACE.replace('by-place', 'broken').replace(': s', ': t'))).status,
    ).toBe(422);
    await service.process.kill();
    const again = await begin(2).running();
    const { rules, revision } = await again.status();
    expect(rules.map(({ name }) => name).sort()).toEqual(['by-place', 'pair']);
    expect(revision).toBe(2);
    await send('x', 30, 60);
    await send('y', 0, 60);
    // A pair of each key, and of the one place one for each x that came after the rule.
    expect(await published(90)).toHaveLength(90);
  });

  test('give a rule that comes what waits for event time and nobody had asked for', async () => {
    place.documents(DOCUMENTS.replace('type: type }', 'type: type }\nwatermark: { maxOutOfOrderness: 1m }'));
    const service = await begin(2).running();
    await send('note', 0, 60);
    await upTo(service, sent);
    const notes = BY_PLACE.replace('by-place', 'notes').replace('key: place', 'key: k').replace("'x'", "'note'");
    expect((await service.put('rules', 'notes', notes)).status).toBe(201);
    await send('y', 0, 60);
    await tools.store('IN', 'in.0', [JSON.stringify({ ts: T0 + 600_000, type: 'over', k: 'none' })]);
    expect(await published(60)).toHaveLength(60);
    const { sources } = await service.status();
    expect(sources[0]).toMatchObject({ events: sent + 1, late: 0 });
  });

  test('begin at the same place, when none of them has a checkpoint yet but another has', async () => {
    await send('x', 0, 60);
    const first = begin(2, '--checkpoint-interval', '1');
    await first.process.says('A source reads its stream');
    await first.process.kill();
    await begin(2).running();
    await send('y', 0, 60);
    expect(new Set(await published(60)).size).toBe(60);
  });
});

test('a file is read once for all shards, and ends in each', async () => {
  place.documents(
    DOCUMENTS.replace('nats: { stream: IN, subjects: ["in.0", "in.1", "in.2"] }', 'file: { path: events.ndjson }'),
  );
  const lines = ['x', 'y'].flatMap((type, at) =>
    Array.from({ length: KEYS }, (_, key) => JSON.stringify({ ts: T0 + at * 1_000 + key, type, k: `key-${key}` })),
  );
  writeFileSync(join(place.data, 'events.ndjson'), `${lines.join('\n')}\n{ no event\n`);
  const service = await begin(3).running();
  const source = await service.source('s', ({ state }) => state === 'ended');
  expect(source).toMatchObject({ events: 2 * KEYS, dead: 1, watermark: 'end' });
  const ids = await published(KEYS + 1);
  expect([ids.length, new Set(ids).size]).toEqual([KEYS + 1, KEYS + 1]);
  await service.process.kill();
  const again = await begin(3).running();
  await again.source('s', ({ state }) => state === 'ended');
  expect(await published(KEYS + 1)).toEqual(ids);
});

describe('a partitioned source', () => {
  test('is read by each shard in its own part, with the same result', async () => {
    place.documents(PARTITIONED);
    await send('x', 0);
    const service = await begin(3).running();
    await service.source('s', (one) => one.events === sent);
    await service.process.kill();
    const again = await begin(3).running();
    await send('y', 0);
    const ids = await published(KEYS);
    expect(ids).toHaveLength(KEYS);
    expect(new Set(ids).size).toBe(KEYS);
    expect((await again.status()).shards.map(({ keys }) => keys)).toHaveLength(3);
  });

  test('needs keys, and a subject for each shard', async () => {
    place.documents(PARTITIONED.replace('key: k\n', ''));
    const keyless = await begin(2, '--lease', '0').process.ended;
    expect(keyless.stderr + keyless.stdout).toContain('partitioned-without-key');
    place.documents(PARTITIONED);
    const few = await begin(4, '--lease', '0', '--state', join(place.root, 'other')).process.ended;
    expect(few.stderr + few.stdout).toContain('too-few-subjects');
    expect([keyless.code, few.code]).toEqual([2, 2]);
  });
});

describe('a state of several shards', () => {
  test('keeps their number: another one is refused, and says which', async () => {
    const service = await begin(2).running();
    await service.process.kill('SIGTERM');
    for (const shards of [1, 3]) {
      const { code, stderr } = await begin(shards).process.ended;
      expect(code).toBe(2);
      expect(stderr).toContain('is of 2 shards');
    }
    const { code, stderr } = await begin(17).process.ended;
    expect([code, stderr.includes('from 1 to 16')]).toEqual([2, true]);
  });

  test('is saved and restored shard by shard, and says nothing again', async () => {
    const service = await begin(2).running();
    await send('x', 0);
    await send('y', 0, 100);
    await published(100);
    await upTo(service, sent);
    const api = ['--api', await service.url(), '--token', TOKEN];
    const savepoint = (shard: number): string => join(place.state, 'savepoints', `before-shard-${shard}`);
    // What one shard refuses is not there of the others either, and does not keep the name from being used.
    mkdirSync(join(savepoint(1), 'somebody'), { recursive: true });
    const refused = await weir('savepoint', 'before', ...api);
    expect([refused.code, refused.stderr.includes('There is something in')]).toEqual([1, true]);
    expect(readdirSync(join(place.state, 'savepoints'))).toEqual(['before-shard-1']);
    rmSync(savepoint(1), { recursive: true });
    const taken = await weir('savepoint', 'before', ...api);
    expect(taken.code).toBe(0);
    await service.process.kill('SIGTERM');
    const restored = join(place.root, 'restored');
    for (const shard of [0, 1]) {
      expect((await weir('restore', savepoint(shard), '--state', join(restored, `shard-${shard}`))).code).toBe(0);
    }
    expect((await weir('state', restored)).stderr).toContain('shard-0');
    expect((await weir('state', join(restored, 'shard-1'), '--json')).stdout).toContain('"pair"');
    expect(existsSync(join(restored, 'db'))).toBe(false);
    await begin(2, '--state', restored).running();
    await send('y', 100);
    const ids = await published(KEYS);
    expect(ids).toHaveLength(KEYS);
    expect(new Set(ids).size).toBe(KEYS);
  });
});

describe('the lease of a service of several shards', () => {
  const LEASE = ['--lease', '1000'];

  test('keeps another one out, and lets it take over after a kill without a word said twice', async () => {
    const first = await begin(2, ...LEASE).running();
    await send('x', 0);
    await send('y', 0, 150);
    await published(150);
    const refused = begin(2, ...LEASE, '--state', join(place.root, 'other'));
    expect((await refused.process.ended).stderr).toContain('is at work under this namespace');
    const standby = begin(3, ...LEASE, '--standby', '--state', join(place.root, 'standby'));
    await standby.process.says('API listening');
    await first.process.kill();
    await send('y', 150);
    await standby.running();
    const ids = await published(KEYS);
    expect(ids).toHaveLength(KEYS);
    expect(new Set(ids).size).toBe(KEYS);
    expect((await standby.status()).lease).toMatchObject({ held: true });
  });
});
