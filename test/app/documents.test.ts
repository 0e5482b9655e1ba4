import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apiLimits } from '../../src/app/app-limits.js';
import { patternYaml, ruleYaml, sourceYaml, startTestApp } from './test-app.js';
import type { TestApp } from './test-app.js';

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp();
});
afterEach(() => app.close());

const rulePath = '/api/v1/rules/card-testing-eu';

async function putAll(): Promise<void> {
  await app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml });
  await app.send('PUT', '/api/v1/patterns/card-testing', { body: patternYaml });
  await app.send('PUT', rulePath, { body: ruleYaml });
}

describe('PUT', () => {
  it('creates with 201 and says where, in which revision and with which tag', async () => {
    const answer = await app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe('/api/v1/sources/payments');
    const body = answer.json();
    expect(body).toMatchObject({ outcome: 'created', revision: 1, warnings: [] });
    expect(body['view']).toMatchObject({ kind: 'source', name: 'payments', origin: 'api', revision: 1 });
    expect(answer.headers['etag']).toBe(`"${(body['view'] as { hash: string }).hash}"`);
  });

  it('replaces with 200, and says so when nothing changed', async () => {
    await putAll();
    const changed = await app.send('PUT', '/api/v1/patterns/card-testing', { body: patternYaml.replace('10m', '5m') });
    expect([changed.status, changed.json()['outcome']]).toEqual([200, 'updated']);
    const same = await app.send('PUT', '/api/v1/patterns/card-testing', { body: patternYaml.replace('10m', '5m') });
    expect([same.status, same.json()['outcome']]).toEqual([200, 'unchanged']);
  });

  it('delivers the warnings of a document it accepts', async () => {
    const answer = await app.send('PUT', '/api/v1/patterns/card-testing', {
      body: patternYaml.replace('within: 10m\n', ''),
    });
    expect(answer.json()['warnings']).toMatchObject([{ code: 'unbounded', severity: 'warning' }]);
  });

  it.each(['application/yaml', 'text/yaml', 'application/x-yaml', 'text/plain', 'application/yaml; charset=utf-8'])(
    'takes YAML as %s',
    async (type) => {
      const sending = { body: sourceYaml, headers: { 'content-type': type } };
      expect((await app.send('PUT', '/api/v1/sources/payments', sending)).status).toBe(201);
    },
  );

  it('takes JSON', async () => {
    const body = JSON.stringify(parse(sourceYaml));
    const answer = await app.send('PUT', '/api/v1/sources/payments', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(201);
  });

  it('answers 400 for text that cannot be read, with its place', async () => {
    const answer = await app.send('PUT', '/api/v1/rules/x', { body: 'kind: rule\nname: [x\n' });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      type: 'urn:weir:problem:malformed',
      status: 400,
      instance: '/api/v1/rules/x',
    });
    expect(answer.json()['diagnostics']).toMatchObject([{ code: 'not-yaml', line: expect.any(Number) }]);
  });

  it('answers 400 for an empty body and for one that is not UTF-8', async () => {
    expect((await app.send('PUT', rulePath, { body: '  \n' })).status).toBe(400);
    expect((await app.send('PUT', rulePath)).status).toBe(400);
    const latin1 = await app.send('PUT', rulePath, { body: Buffer.from('name: caf\xe9', 'latin1') });
    expect([latin1.status, latin1.json()['detail']]).toEqual([400, 'The body is not UTF-8.']);
    expect(app.control.puts).toBe(0);
  });

  it('answers 422 with every diagnostic, and keeps the document in force', async () => {
    await putAll();
    const before = await app.send('GET', rulePath);
    const body = 'kind: rule\nname: other\nsource: nowhere\npattern: nothing\n';
    const answer = await app.send('PUT', rulePath, { body });
    expect(answer.status).toBe(422);
    expect(answer.json()).toMatchObject({ type: 'urn:weir:problem:invalid', title: 'Invalid document' });
    const codes = (answer.json()['diagnostics'] as { code: string }[]).map(({ code }) => code);
    expect(codes).toEqual(['other-address', 'unknown-source', 'unknown-pattern']);
    expect((await app.send('GET', rulePath)).text).toBe(before.text);
  });

  it('answers 409 for a document owned by a file, and leaves it', async () => {
    app.control.addFile(parse(sourceYaml), 'rules/payments.yaml');
    const answer = await app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml });
    expect(answer.status).toBe(409);
    expect(answer.json()['detail']).toContain('rules/payments.yaml');
    expect((await app.send('DELETE', '/api/v1/sources/payments')).status).toBe(409);
    expect((await app.send('GET', '/api/v1/sources/payments')).json()).toMatchObject({ origin: 'file' });
  });

  it('answers 503 with Retry-After while the engine cannot apply changes', async () => {
    app.control.unavailable = 'The engine is starting.';
    const answer = await app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.json()).toMatchObject({ type: 'urn:weir:problem:unavailable', detail: 'The engine is starting.' });
  });

  it('answers 413 beyond the limit and 415 for a type it does not read', async () => {
    const large = await app.send('PUT', rulePath, { body: '#'.repeat(apiLimits.bodyBytesMax + 1) });
    expect([large.status, large.json()['type']]).toEqual([413, 'urn:weir:problem:too-large']);
    const form = await app.send('PUT', rulePath, {
      body: ruleYaml,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([form.status, form.json()['type']]).toEqual([415, 'urn:weir:problem:unsupported-media-type']);
    expect(app.control.puts).toBe(0);
  });
});

describe('conditional changes', () => {
  it('are refused with 412 when the document has changed, and made when it has not', async () => {
    await putAll();
    const tag = String((await app.send('GET', '/api/v1/patterns/card-testing')).headers['etag']);
    const put = (within: string, headers: Record<string, string>) =>
      app.send('PUT', '/api/v1/patterns/card-testing', { body: patternYaml.replace('10m', within), headers });
    expect((await put('5m', { 'if-match': tag })).status).toBe(200);
    const late = await put('6m', { 'if-match': tag });
    expect([late.status, late.json()['type']]).toEqual([412, 'urn:weir:problem:precondition-failed']);
    expect((await put('6m', { 'if-none-match': '*' })).status).toBe(412);
    expect((await app.send('DELETE', rulePath, { headers: { 'if-match': '"other"' } })).status).toBe(412);
    expect((await app.send('DELETE', rulePath, { headers: { 'if-match': '*' } })).status).toBe(200);
  });

  it('are judged one after the other: of two with one tag, one is made', async () => {
    await putAll();
    const tag = String((await app.send('GET', '/api/v1/patterns/card-testing')).headers['etag']);
    const answers = await Promise.all(
      ['5m', '6m'].map((within) =>
        app.send('PUT', '/api/v1/patterns/card-testing', {
          body: patternYaml.replace('10m', within),
          headers: { 'if-match': tag },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('wait in a line of limited length', async () => {
    let open = (): void => undefined;
    app.control.gate = new Promise((resolve) => (open = resolve));
    const sent = Array.from({ length: apiLimits.changesWaitingMax + 1 }, () =>
      app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml }),
    );
    const first = await Promise.race(sent);
    expect([first.status, first.headers['retry-after']]).toEqual([503, '1']);
    open();
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
  });
});

describe('GET', () => {
  beforeEach(putAll);

  it('answers JSON with the view, or YAML that can be sent back', async () => {
    const json = await app.send('GET', rulePath);
    expect(json.json()).toMatchObject({
      kind: 'rule',
      name: 'card-testing-eu',
      origin: 'api',
      document: parse(ruleYaml),
    });
    const yaml = await app.send('GET', rulePath, { headers: { accept: 'application/yaml' } });
    expect(yaml.headers['content-type']).toContain('application/yaml');
    expect(parse(yaml.text)).toEqual(parse(ruleYaml));
    expect((await app.send('PUT', rulePath, { body: yaml.text })).json()['outcome']).toBe('unchanged');
  });

  it.each([
    ['text/html, */*;q=0.1', 200, 'application/json'],
    ['application/json;q=0.5, text/yaml', 200, 'application/yaml'],
    ['application/yaml;q=0, application/*', 200, 'application/json'],
    ['text/html', 406, 'application/problem+json'],
  ])('chooses by Accept: %s', async (accept, status, type) => {
    const answer = await app.send('GET', rulePath, { headers: { accept } });
    expect([answer.status, String(answer.headers['content-type']).split(';')[0]]).toEqual([status, type]);
  });

  it('answers 304 to who has it already', async () => {
    const tag = String((await app.send('GET', rulePath)).headers['etag']);
    const answer = await app.send('GET', rulePath, { headers: { 'if-none-match': `W/${tag}` } });
    expect([answer.status, answer.text, answer.headers['etag']]).toEqual([304, '', tag]);
  });

  it('answers 404 with a problem for what is not there', async () => {
    const answer = await app.send('GET', '/api/v1/rules/none');
    expect([answer.status, answer.json()['detail']]).toEqual([404, "There is no rule 'none'."]);
    const nowhere = await app.send('GET', '/api/v1/tables/none?secret=1');
    expect(nowhere.status).toBe(404);
    expect(nowhere.headers['content-type']).toContain('application/problem+json');
    expect(nowhere.json()).toMatchObject({ type: 'urn:weir:problem:not-found', instance: '/api/v1/tables/none' });
    expect((await app.send('GET', '/api/v1/rules/%ff')).json()).toMatchObject({ status: 400, diagnostics: [] });
    expect((await app.send('GET', `/api/v1/rules/${'x'.repeat(300)}`)).headers['content-type']).toContain(
      'problem+json',
    );
  });

  it('lists in order, by kind, and page by page', async () => {
    const names = (answer: { json(): Record<string, unknown> }) =>
      (answer.json()['documents'] as { name: string }[]).map(({ name }) => name);
    const all = await app.send('GET', '/api/v1/documents');
    expect(names(all)).toEqual(['card-testing', 'card-testing-eu', 'payments']);
    expect(all.json()['next']).toBeNull();
    expect(all.text).not.toContain('"document"');
    expect(names(await app.send('GET', '/api/v1/documents?kind=rule'))).toEqual(['card-testing-eu']);
    expect(names(await app.send('GET', '/api/v1/sources'))).toEqual(['payments']);
    const page = await app.send('GET', '/api/v1/documents?limit=2');
    expect(names(page)).toEqual(['card-testing', 'card-testing-eu']);
    const rest = await app.send('GET', `/api/v1/documents?limit=2&after=${page.json()['next']}`);
    expect(names(rest)).toEqual(['payments']);
  });

  it.each(['kind=table', 'limit=0', 'limit=1001', 'limit=x', 'colour=red', 'after=a&after=b'])(
    'answers 400 to a list with %s',
    async (query) => {
      expect((await app.send('GET', `/api/v1/documents?${query}`)).status).toBe(400);
    },
  );
});

describe('DELETE', () => {
  beforeEach(putAll);

  it('deletes, and answers 409 while another document needs it', async () => {
    expect((await app.send('DELETE', '/api/v1/patterns/card-testing')).status).toBe(409);
    const answer = await app.send('DELETE', rulePath);
    expect([answer.status, answer.json()]).toEqual([
      200,
      { outcome: 'deleted', revision: 4, warnings: [], view: null },
    ]);
    expect((await app.send('DELETE', rulePath)).status).toBe(404);
    expect((await app.send('DELETE', '/api/v1/patterns/card-testing')).status).toBe(200);
  });
});

describe('validate', () => {
  it('reports everything about several documents and changes nothing', async () => {
    const body = `${sourceYaml}---\n${ruleYaml}---\nkind: nonsense\nname: x\n`;
    const answer = await app.send('POST', '/api/v1/validate', { body });
    expect(answer.status).toBe(200);
    const { valid, diagnostics } = answer.json() as { valid: boolean; diagnostics: { code: string }[] };
    expect(valid).toBe(false);
    expect(diagnostics.map(({ code }) => code)).toEqual(['unknown-source', 'unknown-pattern', 'unknown-kind']);
    expect(app.control.documents(undefined)).toEqual([]);
    const fine = await app.send('POST', '/api/v1/validate', { body: sourceYaml });
    expect(fine.json()).toEqual({ valid: true, diagnostics: [] });
  });
});
