import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patternYaml, ruleYaml, sourceYaml, startTestApp } from './test-app.js';
import type { TestApp } from './test-app.js';

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp();
  await app.send('PUT', '/api/v1/sources/payments', { body: sourceYaml });
  await app.send('PUT', '/api/v1/patterns/card-testing', { body: patternYaml });
  await app.send('PUT', '/api/v1/rules/card-testing-eu', { body: ruleYaml });
});
afterEach(() => app.close());

const path = '/api/v1/rules/card-testing-eu/shadow-alerts';
const alert = (id: string): string => JSON.stringify({ specversion: '1.0', id, data: { title: `größer ${id}` } });

describe('GET of what a shadow rule recorded', () => {
  it('answers an array of CloudEvents, the newest last', async () => {
    app.control.shadow.set('card-testing-eu', ['1', '2', '3'].map(alert));
    const answer = await app.send('GET', path);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.json()).toEqual(['1', '2', '3'].map((id) => JSON.parse(alert(id)) as unknown));
  });

  it('answers the newest, when fewer are asked for', async () => {
    app.control.shadow.set('card-testing-eu', ['1', '2', '3'].map(alert));
    expect((await app.send('GET', `${path}?limit=2`)).json()).toMatchObject([{ id: '2' }, { id: '3' }]);
    expect((await app.send('GET', `${path}?limit=1000`)).json()).toHaveLength(3);
  });

  it('answers an empty array for a rule that recorded nothing', async () => {
    expect((await app.send('GET', path)).json()).toEqual([]);
  });

  it('answers 404 for a rule there is not', async () => {
    const answer = await app.send('GET', '/api/v1/rules/none/shadow-alerts');
    expect([answer.status, answer.json()['detail']]).toEqual([404, "There is no rule 'none'."]);
    expect((await app.send('GET', '/api/v1/sources/payments/shadow-alerts')).status).toBe(404);
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'after=a'])('answers 400 to %s', async (query) => {
    expect((await app.send('GET', `${path}?${query}`)).status).toBe(400);
  });

  it('needs the token', async () => {
    expect((await app.built.app.inject({ method: 'GET', url: path })).statusCode).toBe(401);
  });
});
