/** The API on the real engine: what is said over HTTP and NATS happens to the events of a stream. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/model/diagnostic.js';
import type { BuiltCli } from '../recovery/service-process.js';
import { buildCli } from '../recovery/service-process.js';
import { StreamTools } from '../recovery/stream-tools.js';
import { TestNatsServer } from '../support/nats-server.js';
import { LiveService } from './live-service.js';
import type { LiveAlert } from './live-service.js';

const T0 = Date.parse('2026-03-01T08:00:00Z');

let cli: BuiltCli;
let server: TestNatsServer;
let tools: StreamTools;
let service: LiveService;

beforeAll(async () => {
  [cli, server] = await Promise.all([buildCli(), TestNatsServer.start()]);
  tools = await StreamTools.connect(server.url);
  service = await LiveService.create(cli, server.url, 'live');
  await service.start();
}, 60_000);
afterAll(async () => {
  await service.dispose();
  await tools.close();
  await server.dispose();
  cli.remove();
});

const streamOf = (name: string): string => name.toUpperCase();

const sourceYaml = (name: string): string => `
kind: source
name: ${name}
nats: { stream: ${streamOf(name)}, subjects: ["${name}.>"] }
start: all
event: { time: at, type: type, id: n }
`;

/** A probe, then a hit of more than \`limit\`, on one card. */
const ruleYaml = (name: string, limit: number, more = ''): string => `
kind: rule
name: ${name}
source: ${name}
key: card
pattern:
  within: 10m
  sequence:
    - begin: probe
      where: type = 'probe'
    - followedBy: hit
      where: type = 'hit' and amount > ${limit}
alert: { severity: high, title: "'Card ' & $key" }
tests:
  - name: a probe and a hit
    events:
      - { at: 0s, type: probe, card: c1 }
      - { at: 1s, type: hit, card: c1, amount: 200 }
    expect: [{ at: 1s, key: c1 }]
${more}`;

interface Sent {
  readonly type: string;
  readonly n?: string;
  readonly card?: string;
  readonly amount?: number;
}

/** Stores events a second of event time apart, from the given second on, and one behind them that makes them final. */
async function send(name: string, second: number, ...events: readonly Sent[]): Promise<void> {
  const all = [...events, { type: 'other', card: 'nobody' }];
  const texts = all.map((event, i) => JSON.stringify({ at: T0 + (second + i) * 1_000, card: 'c7', ...event }));
  await tools.store(streamOf(name), `${name}.events`, texts);
}

/** A stream, its source and a rule over it, all of one name, put in force over HTTP. */
async function begin(name: string, rule = ruleYaml(name, 100)): Promise<void> {
  await tools.addStream(streamOf(name), [`${name}.>`]);
  expect((await service.http('PUT', `/api/v1/sources/${name}`, sourceYaml(name))).status).toBe(201);
  expect((await service.http('PUT', `/api/v1/rules/${name}`, rule)).status).toBe(201);
}

/** Resolves once the source was read to its end and a checkpoint holds it. */
async function takenIn(name: string): Promise<void> {
  const wanted = await tools.count(streamOf(name));
  for (;;) {
    const source = (await service.status()).sources.find((one) => one.name === name);
    if (source?.checkpointedPosition === wanted) return;
    await sleep(10);
  }
}

const eventsOf = ({ data }: LiveAlert): string =>
  data.stages.map(({ events }) => events.map(({ id }) => id).join(',')).join(' ');

describe('over HTTP', () => {
  test('a source and a rule put as YAML are in force: events become an alert on NATS', async () => {
    await begin('first');
    await send('first', 0, { type: 'probe', n: 'p1' }, { type: 'hit', n: 'h1', amount: 150 });
    const [alert] = await service.alerts('first', 1);
    expect(alert).toMatchObject({ subject: 'c7', time: '2026-03-01T08:00:01.000Z', data: { title: 'Card c7' } });
    expect(eventsOf(alert as LiveAlert)).toBe('p1 h1');
    const stored = (await tools.read('LIVE')).filter(({ body }) => (JSON.parse(body) as LiveAlert).id === alert?.id);
    expect(stored.map(({ id, subject }) => [id, subject])).toEqual([[alert?.id, 'live.alerts.high.first']]);
    expect((await service.http('GET', '/metrics')).text).toContain('weir_rule_matches_total{rule="first"} 1\n');
  });

  test('a changed rule drains: both versions show, and a run finishes as it began', async () => {
    await begin('changed');
    await send('changed', 0, { type: 'probe', n: 'p1' });
    await takenIn('changed');
    expect((await service.http('PUT', '/api/v1/rules/changed', ruleYaml('changed', 10))).json()).toMatchObject({
      outcome: 'updated',
    });
    const { rules } = await service.status();
    const versions = rules.find(({ name }) => name === 'changed')?.versions;
    expect(versions?.map(({ version, draining }) => [version, draining])).toEqual([
      [1, true],
      [2, false],
    ]);
    await send('changed', 2, { type: 'hit', n: 'h1', amount: 50 }, { type: 'probe', n: 'p2', card: 'c8' });
    await send('changed', 5, { type: 'hit', n: 'h2', amount: 50, card: 'c8' }, { type: 'hit', n: 'h3', amount: 150 });
    expect((await service.alerts('changed', 2)).map(eventsOf)).toEqual(['p2 h2', 'p1 h3']);
  });

  test('a change whose test fails is refused with 422, and the rule goes on as it was', async () => {
    await begin('gated');
    const before = await service.http('GET', '/api/v1/rules/gated');
    const answer = await service.http('PUT', '/api/v1/rules/gated', ruleYaml('gated', 1_000));
    expect(answer.status).toBe(422);
    const { diagnostics } = answer.json<{ diagnostics: Diagnostic[] }>();
    expect(diagnostics).toMatchObject([{ code: 'test-failed', document: 'rule/gated', severity: 'error' }]);
    expect((await service.http('GET', '/api/v1/rules/gated')).text).toBe(before.text);
    await send('gated', 0, { type: 'probe' }, { type: 'hit', amount: 150 });
    await service.alerts('gated', 1);
  });

  test('what a rule needs is deleted after it: before, the answer is 409', async () => {
    await begin('going');
    const early = await service.http('DELETE', '/api/v1/sources/going');
    expect([early.status, early.json()['type']]).toEqual([409, 'urn:weir:problem:conflict']);
    expect((await service.http('DELETE', '/api/v1/rules/going')).status).toBe(200);
    expect((await service.status()).sources).toContainEqual(
      expect.objectContaining({ name: 'going', state: 'unused' }),
    );
    expect((await service.http('DELETE', '/api/v1/sources/going')).status).toBe(200);
    expect((await service.http('GET', '/api/v1/sources/going')).status).toBe(404);
  });

  test('documents and runs survive a restart', async () => {
    await begin('lasting');
    await send('lasting', 0, { type: 'probe', n: 'p1' });
    await takenIn('lasting');
    const before = await service.http('GET', '/api/v1/documents');
    const { revision } = await service.status();
    expect((await service.stop())?.code).toBe(0);
    await send('lasting', 2, { type: 'hit', n: 'h1', amount: 150 });
    await service.start();
    expect((await service.http('GET', '/api/v1/documents')).text).toBe(before.text);
    expect((await service.status()).revision).toBe(revision);
    expect((await service.alerts('lasting', 1)).map(eventsOf)).toEqual(['p1 h1']);
  });

  test.each(['../secret.csv', '/etc/passwd.csv'])(
    'a source may not read %s, outside of the data directory',
    async (path) => {
      const source = `kind: source\nname: outside\nfile: { path: ${path} }\nevent: { time: ts }\n`;
      const answer = await service.http('PUT', '/api/v1/sources/outside', source);
      expect(answer.status).toBe(422);
      expect(answer.json<{ diagnostics: Diagnostic[] }>().diagnostics).toMatchObject([{ pointer: '/file/path' }]);
    },
  );

  test('alerts of a shadow rule are recorded, listed and not published, and last', async () => {
    await begin('quiet', ruleYaml('quiet', 100, 'mode: shadow'));
    for (const second of [0, 10]) {
      await send('quiet', second, { type: 'probe', n: `p${second}` }, { type: 'hit', n: `h${second}`, amount: 150 });
    }
    await takenIn('quiet');
    const list = async (query = ''): Promise<string[]> => {
      const answer = await service.http('GET', `/api/v1/rules/quiet/shadow-alerts${query}`);
      return answer.json<LiveAlert[]>().map(eventsOf);
    };
    expect(await list()).toEqual(['p0 h0', 'p10 h10']);
    expect(await list('?limit=1')).toEqual(['p10 h10']);
    await service.stop();
    await service.start();
    expect(await list()).toEqual(['p0 h0', 'p10 h10']);
    expect((await service.ask('rules.shadow-alerts.quiet', '{"limit":1}')).json<LiveAlert[]>().map(eventsOf)).toEqual([
      'p10 h10',
    ]);
    expect(service.alertsOf('quiet')).toEqual([]);
  });
});

describe('over NATS', () => {
  const patternYaml = (limit: number): string => `
kind: pattern
name: probe-then-hit
within: 10m
sequence:
  - begin: probe
    where: type = 'probe'
  - followedBy: hit
    where: type = 'hit' and amount > ${limit}
`;
  const rule = { kind: 'rule', name: 'asked', source: 'asked', key: 'card', pattern: 'probe-then-hit' };
  const put = (kind: string, name: string, text: string) => service.ask(`documents.put.${kind}.${name}`, text);

  test('the same: documents, among them a rule with a top-level `pattern`, come into force, change and go', async () => {
    await tools.addStream('ASKED', ['asked.>']);
    expect((await put('rule', 'asked', JSON.stringify(rule))).status).toBe(422);
    for (const [kind, name, text] of [
      ['source', 'asked', sourceYaml('asked')],
      ['pattern', 'probe-then-hit', patternYaml(100)],
      ['rule', 'asked', JSON.stringify(rule)],
    ] as const) {
      expect((await put(kind, name, text)).json()).toMatchObject({ outcome: 'created', view: { kind, name } });
    }
    expect((await service.ask('documents.get.rule.asked')).json()).toMatchObject({ document: rule });
    await send(
      'asked',
      0,
      { type: 'probe', n: 'p1' },
      { type: 'hit', n: 'h1', amount: 150 },
      { type: 'probe', n: 'p2' },
    );
    await takenIn('asked');
    expect((await put('pattern', 'probe-then-hit', patternYaml(10))).json()).toMatchObject({ outcome: 'updated' });
    const { rules } = (await service.ask('status')).json<Awaited<ReturnType<LiveService['status']>>>();
    expect(rules.find(({ name }) => name === 'asked')?.versions).toHaveLength(2);
    await send('asked', 5, { type: 'hit', n: 'h2', amount: 150 });
    expect((await service.alerts('asked', 2)).map(eventsOf)).toEqual(['p1 h1', 'p2 h2']);
    expect((await service.ask('documents.delete.pattern.probe-then-hit')).status).toBe(409);
    expect((await service.ask('documents.delete.rule.asked')).status).toBe(200);
    expect((await service.ask('documents.delete.pattern.probe-then-hit')).status).toBe(200);
    expect((await service.ask('rules.shadow-alerts.asked')).status).toBe(404);
  });

  test('a change whose test fails and a file outside of the data directory are refused', async () => {
    await begin('asked-gated');
    const failing = await put('rule', 'asked-gated', ruleYaml('asked-gated', 1_000));
    expect([failing.status, failing.json()['diagnostics']]).toMatchObject([422, [{ code: 'test-failed' }]]);
    const outside = 'kind: source\nname: outside\nfile: { path: ../x.csv }\nevent: { time: ts }\n';
    expect((await put('source', 'outside', outside)).status).toBe(422);
  });

  test('two services share a server, each under its own prefix', async () => {
    const other = await LiveService.create(cli, server.url, 'other');
    try {
      await other.start();
      expect((await other.ask('documents.list')).json()).toEqual({ documents: [], next: null });
      expect((await service.ask('documents.list')).json<{ documents: unknown[] }>().documents).not.toEqual([]);
    } finally {
      await other.dispose();
    }
  });

  test.each([
    ['live.alerts', 'below the prefix of alerts'],
    ['live.alerts.api', 'below the prefix of alerts'],
    ['weir.>', 'not a plain subject'],
  ])('the service refuses to start under the prefix %s', async (prefix, why) => {
    const refused = await LiveService.create(cli, server.url, 'live');
    const { code, stderr } = await refused.run('--nats-api-prefix', prefix).ended;
    await refused.dispose();
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});
