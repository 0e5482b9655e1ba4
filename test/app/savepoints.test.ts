import { afterEach, describe, expect, it } from 'vitest';
import { startTestApp } from './test-app.js';
import type { TestApp } from './test-app.js';

let app: TestApp;
afterEach(() => app.close());

const take = (body: unknown) => app.send('POST', '/api/v1/savepoints', { body: JSON.stringify(body) });

describe('a savepoint asked for over HTTP', () => {
  it('is answered with what was written, once it is complete', async () => {
    app = await startTestApp();
    const answer = await take({ name: 'one', bucket: 'b' });
    expect([answer.status, answer.json()['place'], answer.json()['sha256']]).toEqual([201, 'object:b/one', 'abc']);
  });

  it('is refused where there is one of that name', async () => {
    app = await startTestApp();
    await take({ name: 'one' });
    expect((await take({ name: 'one' })).status).toBe(409);
  });

  it('is refused while the engine cannot give one, with a time to try again', async () => {
    app = await startTestApp();
    app.control.unavailable = 'The engine is starting.';
    expect((await take({ name: 'one' })).status).toBe(503);
  });

  it.each([{}, { name: 1 }, { name: 'a', bucket: 2 }, { name: 'a', path: '/etc' }, []])(
    'is malformed as %j',
    async (body) => {
      app = await startTestApp();
      expect((await take(body)).status).toBe(400);
    },
  );
});
