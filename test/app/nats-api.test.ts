import { connect, createInbox, headers } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { createApp } from '../../src/app/app.js';
import type { RunningApp } from '../../src/app/app.js';
import type { AppOptions } from '../../src/app/app-options.js';
import { TestNatsServer } from '../support/nats-server.js';
import type { TestServerOptions } from '../support/nats-server.js';
import { patternYaml, ruleYaml, sourceYaml, testDependencies, token } from './test-app.js';
import type { LogLine } from './test-app.js';
import type { MemoryControl } from './memory-control.js';

let server: TestNatsServer;
let app: RunningApp;
let control: MemoryControl;
let lines: readonly LogLine[];
let client: NatsConnection | undefined;

async function start(options: Partial<AppOptions> = {}): Promise<void> {
  const test = testDependencies({ options: { nats: { servers: server.url }, ...options } });
  ({ control, lines } = test);
  app = await createApp(test.dependencies);
}

beforeEach(async () => {
  server = await TestNatsServer.reserve();
});
afterEach(async () => {
  await client?.close();
  client = undefined;
  await app.close();
  await server.dispose();
});

/** Waits until a condition holds; the test's own time limit ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 10_000, interval: 10 });
}

async function connectClient(): Promise<NatsConnection> {
  client = await connect({ servers: server.url, reconnect: false });
  return client;
}

/** As the command line tool does it: the body bare, no header. */
async function ask(subject: string, body?: string, given?: Record<string, string>): Promise<Msg> {
  if (client === undefined) throw new Error('no client');
  const sent = given === undefined ? undefined : headers();
  for (const [name, value] of Object.entries(given ?? {})) sent?.set(name, value);
  return client.request(subject, body, { timeout: 5_000, headers: sent });
}

async function startAll(nats: TestServerOptions = {}, options: Partial<AppOptions> = {}): Promise<void> {
  await server.start(nats);
  await start(options);
  await connectClient();
  await until(() => app.natsConnected());
}

describe('the API over NATS', () => {
  beforeEach(() => startAll());

  const putAll = async (): Promise<void> => {
    await ask('weir.api.documents.put.source.payments', sourceYaml);
    await ask('weir.api.documents.put.pattern.card-testing', patternYaml);
    await ask('weir.api.documents.put.rule.card-testing-eu', ruleYaml);
  };

  it('takes a rule with a top-level `pattern` whole, and answers with a bare body', async () => {
    await putAll();
    expect(control.document('rule', 'card-testing-eu')?.document).toEqual(parse(ruleYaml));
    const again = await ask('weir.api.documents.put.rule.card-testing-eu', JSON.stringify(parse(ruleYaml)));
    expect(Object.keys(again.json<object>()).sort()).toEqual(['outcome', 'revision', 'view', 'warnings']);
    expect(again.json()).toMatchObject({ outcome: 'unchanged', revision: 3, view: { name: 'card-testing-eu' } });
    expect(again.headers?.get('Content-Type')).toBe('application/json');
  });

  it('takes a body that looks like Nest’s envelope for what it is', async () => {
    const body = JSON.stringify({
      pattern: 'documents.list',
      data: { kind: 'rule' },
      id: 'x',
      kind: 'rule',
      name: 'e',
    });
    const problem = (await ask('weir.api.documents.put.rule.e', body)).json<{ diagnostics: { code: string }[] }>();
    expect(problem.diagnostics.map(({ code }) => code)).toEqual(['missing-field', 'unknown-pattern']);
  });

  it('offers the operations of HTTP', async () => {
    await putAll();
    const list = (await ask('weir.api.documents.list')).json<{ documents: { name: string }[] }>();
    expect(list.documents.map(({ name }) => name)).toEqual(['card-testing', 'card-testing-eu', 'payments']);
    const page = (await ask('weir.api.documents.list', '{"kind":"rule","limit":1}')).json<{ documents: unknown[] }>();
    expect(page.documents).toMatchObject([{ kind: 'rule' }]);
    expect((await ask('weir.api.documents.get.rule.card-testing-eu')).json()).toMatchObject({
      document: parse(ruleYaml),
    });
    expect((await ask('weir.api.validate', ruleYaml)).json()).toEqual({ valid: true, diagnostics: [] });
    expect((await ask('weir.api.status')).json()).toMatchObject({ state: 'running', revision: 3 });
    expect((await ask('weir.api.health')).json()).toMatchObject({ status: 'ok' });
    const taken = await ask('weir.api.savepoints.take', '{"name":"one","bucket":"b"}');
    expect(taken.json()).toMatchObject({ name: 'one', place: 'object:b/one' });
    expect((await ask('weir.api.savepoints.take', '{"name":"one"}')).json()).toMatchObject({ status: 409 });
    const deleted = await ask('weir.api.documents.delete.rule.card-testing-eu');
    expect(deleted.json()).toEqual({ outcome: 'deleted', revision: 4, warnings: [], view: null });
  });

  it('tells what a shadow rule recorded, the newest last', async () => {
    await putAll();
    control.shadow.set('card-testing-eu', ['{"id":"a"}', '{"id":"b"}', '{"id":"c"}']);
    const list = async (name: string, body?: string) =>
      (await ask(`weir.api.rules.shadow-alerts.${name}`, body)).json();
    expect(await list('card-testing-eu')).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(await list('card-testing-eu', '{"limit":2}')).toEqual([{ id: 'b' }, { id: 'c' }]);
    expect(await list('card-testing-eu', '{"limit":0}')).toMatchObject({ status: 400 });
    expect(await list('none')).toMatchObject({ status: 404, instance: 'weir.api.rules.shadow-alerts.none' });
  });

  it('answers YAML to whoever asks for it, and minds If-Match', async () => {
    await putAll();
    const yaml = await ask('weir.api.documents.get.rule.card-testing-eu', '', { Accept: 'application/yaml' });
    expect(parse(yaml.string())).toEqual(parse(ruleYaml));
    const put = await ask('weir.api.documents.put.rule.card-testing-eu', ruleYaml, { 'If-Match': '"other"' });
    expect(put.json()).toMatchObject({ status: 412 });
  });

  it('answers failures with the problem document of HTTP, marked as an error of a service', async () => {
    await putAll();
    control.addFile(parse(sourceYaml.replace('payments', 'logins')), 'rules/logins.yaml');
    const invalid = await ask('weir.api.documents.put.rule.r', 'kind: rule\nname: q\nsource: no\npattern: nope\n');
    expect(invalid.json()).toMatchObject({
      type: 'urn:weir:problem:invalid',
      status: 422,
      instance: 'weir.api.documents.put.rule.r',
      diagnostics: [{ code: 'other-address' }, { code: 'unknown-source' }, { code: 'unknown-pattern' }],
    });
    expect(invalid.headers?.get('Content-Type')).toBe('application/problem+json');
    expect(invalid.headers?.get('Nats-Service-Error-Code')).toBe('422');
    expect(invalid.headers?.get('Nats-Service-Error')).toBe('Invalid document');
    const statusOf = async (subject: string, body?: string) =>
      (await ask(subject, body)).json<{ status: number }>().status;
    expect(await statusOf('weir.api.documents.put.rule.r', 'a: [b')).toBe(400);
    expect(await statusOf('weir.api.documents.put.rule.r', '')).toBe(400);
    expect(await statusOf('weir.api.documents.get.table.r')).toBe(400);
    expect(await statusOf('weir.api.documents.list', '[]')).toBe(400);
    expect(await statusOf('weir.api.documents.get.rule.none')).toBe(404);
    expect(await statusOf('weir.api.documents.put.source.logins', sourceYaml)).toBe(409);
    expect(await statusOf('weir.api.documents.delete.pattern.card-testing')).toBe(409);
    control.engine = { state: 'starting' };
    expect(await statusOf('weir.api.health')).toBe(503);
  });

  it('hides an unforeseen error, and logs it once', async () => {
    control.status = () => {
      throw new Error('broken inside');
    };
    const answer = await ask('weir.api.status');
    expect(answer.json()).toMatchObject({ type: 'urn:weir:problem:internal', status: 500 });
    expect(answer.string()).not.toContain('broken');
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('answers each request exactly once', async () => {
    const inbox = createInbox();
    const answers: Msg[] = [];
    client?.subscribe(inbox, { callback: (_error, message) => void answers.push(message) });
    for (const subject of ['weir.api.status', 'weir.api.documents.get.rule.none', 'weir.api.health']) {
      client?.publish(subject, '', { reply: inbox });
    }
    await until(() => answers.length >= 3);
    await ask('weir.api.status');
    expect(answers).toHaveLength(3);
  });

  it('does nothing for a message nobody waits to have answered', async () => {
    client?.publish('weir.api.documents.put.source.payments', sourceYaml);
    await ask('weir.api.status');
    expect(control.puts).toBe(0);
  });

  it('answers a request under way before it lets go', async () => {
    let open = (): void => undefined;
    control.gate = new Promise((resolve) => (open = resolve));
    const answer = ask('weir.api.documents.put.source.payments', sourceYaml);
    await until(() => control.puts === 1);
    const closed = app.close();
    open();
    expect((await answer).json()).toMatchObject({ outcome: 'created' });
    await closed;
  });
});

describe('limits and prefixes', () => {
  it('an answer NATS cannot carry is a problem, not silence', async () => {
    await startAll({ maxPayload: 2048 });
    control.engine = { namespace: 'n'.repeat(3_000) };
    expect((await ask('weir.api.status')).json()).toMatchObject({ type: 'urn:weir:problem:answer-too-large' });
  });

  it('the prefix is the operator’s choice', async () => {
    await startAll({}, { natsPrefix: 'acme.fraud.engine-1' });
    const answer = await ask('acme.fraud.engine-1.documents.put.source.payments', sourceYaml);
    expect(answer.json()).toMatchObject({ outcome: 'created' });
    await expect(ask('weir.api.status')).rejects.toThrow('no responders');
  });
});

describe('without NATS', () => {
  const statusOverHttp = async (): Promise<number> =>
    (await fetch(`${app.url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })).status;

  it('HTTP comes up, and the NATS side attaches when there is a server, again and again', async () => {
    await start();
    expect(await statusOverHttp()).toBe(200);
    expect(app.natsConnected()).toBe(false);
    for (let round = 0; round < 2; round++) {
      await server.start();
      await until(() => app.natsConnected());
      await connectClient();
      expect((await ask('weir.api.status')).json()).toMatchObject({ state: 'running' });
      await server.kill();
      await until(() => !app.natsConnected());
      expect(await statusOverHttp()).toBe(200);
    }
    const warnings = lines.filter(({ message }) => message.startsWith('API over NATS not attached'));
    expect(warnings).toHaveLength(1);
  });

  it('closing does not wait for a server that never came', async () => {
    await start();
    await until(() => lines.some(({ message }) => message.startsWith('API over NATS not attached')));
    const begun = performance.now();
    await app.close();
    expect(performance.now() - begun).toBeLessThan(1_000);
    await expect(fetch(`${app.url}/health/live`)).rejects.toThrow();
  });

  it('a server that refuses the account is tried on, and HTTP is untouched', async () => {
    await server.start({ extra: 'authorization { token: "s3cret" }' });
    await start({ nats: { port: server.port, token: 'wrong' } });
    await until(() => lines.some(({ fields }) => String(fields?.['reason']).includes('Authorization')));
    expect(await statusOverHttp()).toBe(200);
  });

  it('none is used when none is configured', async () => {
    await server.start();
    await start({ nats: undefined });
    await connectClient();
    await expect(ask('weir.api.status')).rejects.toThrow('no responders');
    expect(app.natsConnected()).toBe(false);
  });
});
