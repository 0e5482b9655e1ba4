import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RetentionPolicy } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestNatsServer } from '../support/nats-server.js';
import type { Service } from './service.js';
import { ServicePlace } from './service.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';
import { StreamTools } from './stream-tools.js';

const MEBIBYTE = 1_048_576;
const T0 = Date.parse('2024-05-01T00:00:00Z');

const source = (more = ''): string => `
kind: source
name: s
nats: { stream: IN, subjects: ["in.>"] }
start: all
event: { time: ts, type: type }
${more}
`;
const rule = (name = 'r', where = "type = 'x'"): string => `
kind: rule
name: ${name}
source: s
pattern: { within: 1s, sequence: [{ begin: x, where: "${where}" }] }
alert: { include: ids }
`;
const set = (...documents: string[]): string => documents.join('\n---');
const at = (seconds: number, more: object = {}): string =>
  JSON.stringify({ ts: T0 + seconds * 1_000, type: 'x', ...more });
/** Passes every window of what came before. */
const OVER = [at(86_400, { type: 'over' }), at(90_000, { type: 'over' })];

let cli: BuiltCli;
let server: TestNatsServer;
let tools: StreamTools;
let place: ServicePlace;
let count = 0;
const started: Service[] = [];

beforeAll(async () => {
  [cli, server] = await Promise.all([buildCli(), TestNatsServer.start({ maxPayload: 16 * MEBIBYTE })]);
  tools = await StreamTools.connect(server.url);
});
afterAll(async () => {
  await tools.close();
  await server.dispose();
  cli.remove();
});
beforeEach(() => {
  place = new ServicePlace(cli, server.url, `alerts${++count}`);
});
afterEach(async () => {
  for (const service of started.splice(0)) await service.process.kill();
  place.dispose();
  await tools.manager.streams.delete('IN').catch(() => false);
});

function start(...options: Parameters<ServicePlace['start']>): Service {
  const service = place.start(...options);
  started.push(service);
  return service;
}
const takenIn = (service: Service, position: number): Promise<unknown> =>
  service.source('s', (one) => one.checkpointedPosition >= position);
const stop = async (service: Service): Promise<void> => {
  expect((await service.process.kill('SIGTERM')).code).toBe(0);
};
const published = async (): Promise<{ subject: string; body: Record<string, unknown> }[]> =>
  (await tools.read(place.name)).map(({ subject, body }) => ({
    subject: subject.slice(place.name.length + 1),
    body: JSON.parse(body) as Record<string, unknown>,
  }));

describe('what comes in and is no event', () => {
  test('goes to the dead letters with its reason, and the rest is read on', async () => {
    await tools.addStream('IN', ['in.>']);
    place.documents(set(source('schema: { type: object, properties: { n: { type: integer } } }'), rule()));
    await tools.store('IN', 'in.a', [
      '{"ts": 1',
      '{"type":"x"}',
      '{"ts":"the other day","type":"x"}',
      '{"ts":17,"n":"many"}',
      new Uint8Array([0xff, 0xfe]),
      '',
      at(1),
      ...OVER,
    ]);
    const service = await start().running();
    await takenIn(service, 9);
    expect(await service.source('s', () => true)).toMatchObject({ dead: 6, events: 3, late: 0 });
    await stop(service);
    const all = await published();
    expect(all.filter(({ subject }) => subject === 'dead.s').map(({ body }) => body['reason'])).toEqual([
      'json',
      'time',
      'time',
      'schema',
      'record',
      'json',
    ]);
    expect(all.filter(({ subject }) => subject === 'medium.r')).toHaveLength(1);
  });

  test('a field of another type than the condition expects is no match, counted, with a sample', async () => {
    await tools.addStream('IN', ['in.>']);
    place.documents(set(source(), rule('r', "$uppercase(name) = 'A'")));
    await tools.store('IN', 'in.a', [at(1, { name: 7 }), at(2, { name: 'a' }), at(3, { name: {} }), ...OVER]);
    const service = await start().running();
    await takenIn(service, 5);
    expect((await service.status()).rules[0]).toMatchObject({
      alerts: 1,
      conditionErrors: 2,
      lastConditionError: { code: 'T0410', event: 's/3/0' },
    });
    await stop(service);
  });

  test('a payload of 10 MB is read like any other, from a stream', async () => {
    await tools.addStream('IN', ['in.>']);
    place.documents(set(source(), rule('r', 'amount > 1')));
    const filler = 'x'.repeat(10 * MEBIBYTE);
    await tools.store('IN', 'in.a', [at(1, { amount: 2, filler }), at(2, { amount: 3 }), ...OVER]);
    const service = await start().running();
    await takenIn(service, 4);
    expect(await service.source('s', () => true)).toMatchObject({ dead: 0, events: 4 });
    await stop(service);
    expect(await published()).toHaveLength(2);
  }, 60_000);
});

describe('a stream that cannot be read as asked', () => {
  test.each([
    ['work queue', RetentionPolicy.Workqueue],
    ['interest', RetentionPolicy.Interest],
  ])('because its retention is %s: refused, with the reason, while the service runs', async (_, retention) => {
    await tools.manager.streams.add({ name: 'IN', subjects: ['in.>'], retention });
    place.documents(set(source(), rule()));
    const service = await start().running();
    const refused = await service.source('s', (one) => one.state === 'refused');
    expect(refused.reason).toMatchObject({
      code: 'stream-retention',
      message: expect.stringContaining('limits') as string,
    });
    await stop(service);
  });

  test('because it lost messages that were not read: refused, nothing skipped in silence', async () => {
    await tools.addStream('IN', ['in.>']);
    place.documents(set(source(), rule()));
    await tools.store('IN', 'in.a', [at(1), at(2)]);
    const service = await start().running();
    await takenIn(service, 2);
    await stop(service);
    await tools.store('IN', 'in.a', [at(3), at(4), at(5)]);
    await tools.manager.streams.purge('IN', { seq: 5 });
    const again = await start().running();
    const refused = await again.source('s', (one) => one.state === 'refused');
    expect(refused.reason?.code).toBe('stream-purged');
    expect(refused.reason?.message).toMatch(/onGap: continue/);
    await stop(again);
    place.documents(set(source().replace('["in.>"]', '["in.>"], onGap: continue'), rule()));
    // The last event read was not final yet: it is gone with the two that were not read.
    const accepting = await start().running();
    expect(await accepting.source('s', (one) => one.position === 5)).toMatchObject({ gaps: 3 });
    await stop(accepting);
  });

  test('because it is not there: waited for, and read when it comes', async () => {
    place.documents(set(source(), rule()));
    const service = await start().running();
    const waiting = await service.source('s', (one) => one.state === 'waiting');
    expect(waiting.reason?.code).toBe('stream-not-found');
    await tools.addStream('IN', ['in.>']);
    await tools.store('IN', 'in.a', [at(1)]);
    await takenIn(service, 1);
    await stop(service);
  });
});

describe('documents that are wrong', () => {
  test.each([
    ['an unknown pattern', 'rules', 'x', 'kind: rule\nname: x\nsource: s\npattern: nowhere\n', 'unknown-pattern'],
    ['an unknown source', 'rules', 'x', rule('x').replace('source: s', 'source: nowhere'), 'unknown-source'],
    [
      'a pattern that could grow for ever',
      'rules',
      'x',
      'kind: rule\nname: x\nsource: s\npattern:\n  sequence: [{ begin: a }, { followedByAny: b, where: type = 1 }]\n',
      'unbounded',
    ],
    [
      'a file outside of the data directory',
      'sources',
      'x',
      'kind: source\nname: x\nfile: { path: ../secrets.csv }\nevent: { time: t }\n',
      'path-outside-data',
    ],
  ] as const)('sent with %s: refused with 422, the set that runs goes on', async (_, kind, name, text, code) => {
    await tools.addStream('IN', ['in.>']);
    place.documents(set(source(), rule()));
    const service = await start().running();
    const answer = await service.put(kind, name, text);
    expect(answer.status).toBe(422);
    expect(answer.body.diagnostics?.map((one) => one.code)).toContain(code);
    expect(await service.status()).toMatchObject({ state: 'running', revision: 1 });
    await stop(service);
  });

  test('on disk, two of one name: the first start is refused with both places and exit code 2', async () => {
    place.documents(set(source(), rule()));
    writeFileSync(join(place.rules, 'more.yaml'), rule());
    const { code, stderr } = await start().process.ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/duplicate-name/);
    expect(stderr).toMatch(/more\.yaml/);
  });
});
