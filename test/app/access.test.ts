import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app/app.js';
import { AppOptionsError, isLoopback, resolveOptions } from '../../src/app/app-options.js';
import { startTestApp, testDependencies, token } from './test-app.js';
import type { TestApp } from './test-app.js';

let app: TestApp;
afterEach(() => app.close());

const bare = (url: string, headers: Record<string, string> = {}) =>
  app.built.app.inject({ method: 'GET', url, headers });

describe('the token', () => {
  it.each(['/api/v1/documents', '/api/v1/status', '/metrics', '/nowhere', '/health', '/api/docsx'])(
    'is needed for %s',
    async (url) => {
      app = await startTestApp();
      const answer = await bare(url);
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="weir"');
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.json()).toMatchObject({ type: 'urn:weir:problem:unauthorized', instance: url, diagnostics: [] });
    },
  );

  it.each(['Bearer wrong', `Bearer ${token}x`, `Basic ${token}`, token, 'Bearer', `Bearer ${token} more`])(
    'is refused as "%s"',
    async (authorization) => {
      app = await startTestApp();
      const answer = await bare('/api/v1/status', { authorization });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    },
  );

  it('is checked before the body is read', async () => {
    app = await startTestApp();
    const answer = await app.built.app.inject({
      method: 'PUT',
      url: '/api/v1/rules/x',
      payload: '#'.repeat(2_000_000),
      headers: { 'content-type': 'application/yaml' },
    });
    expect(answer.statusCode).toBe(401);
  });

  it('lets its bearer in, and health and the API page without it', async () => {
    app = await startTestApp();
    expect((await bare('/api/v1/status', { authorization: `bearer ${token}` })).statusCode).toBe(200);
    for (const url of ['/health/live', '/health/ready', '/api/docs', '/api/openapi.json', '/api/docs/swagger-ui.css']) {
      expect([url, (await bare(url)).statusCode]).toEqual([url, 200]);
    }
  });
});

describe('without a token', () => {
  it('only requests addressed to this machine are answered', async () => {
    app = await startTestApp({ options: { token: undefined, insecure: true } });
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080']) {
      expect((await bare('/api/v1/status', { host })).statusCode).toBe(200);
    }
    const rebound = await bare('/api/v1/status', { host: 'rebound.example:8080' });
    expect([rebound.statusCode, rebound.json()['type']]).toEqual([403, 'urn:weir:problem:forbidden-host']);
  });
});

describe('the API refuses to start', () => {
  const codeOf = (options: Parameters<typeof resolveOptions>[0]): string => {
    try {
      resolveOptions(options);
      return 'started';
    } catch (error) {
      return error instanceof AppOptionsError ? error.code : 'other';
    }
  };

  it.each([
    [{ port: 0 }, 'token-missing'],
    [{ port: 0, token: '' }, 'token-unusable'],
    [{ port: 0, token: 'two words' }, 'token-unusable'],
    [{ port: 0, token: undefined, insecure: true, host: '0.0.0.0' }, 'token-needed'],
    [{ port: 0, token: undefined, insecure: true, host: 'weir.example' }, 'token-needed'],
    [{ port: 0, host: '::' }, 'token-missing'],
    [{ port: 0, token, natsPrefix: 'weir.>' }, 'nats-prefix-unusable'],
    [{ port: 0, token: undefined, insecure: true }, 'started'],
    [{ port: 0, token, host: '0.0.0.0' }, 'started'],
  ])('with %o: %s', (options, code) => {
    expect(codeOf(options)).toBe(code);
  });

  it('binds to loopback unless told otherwise', () => {
    expect(resolveOptions({ port: 0, token }).host).toBe('127.0.0.1');
    expect(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', '1127.0.0.1', ''].some(isLoopback)).toBe(false);
  });
});

describe('an unforeseen error', () => {
  it('is a bare 500 to the client and one line in the log', async () => {
    app = await startTestApp({
      metricsText: () => Promise.reject(new Error('registry at /secret/path broke')),
    });
    const answer = await app.send('GET', '/metrics');
    expect(answer.status).toBe(500);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toEqual({
      type: 'urn:weir:problem:internal',
      title: 'Internal error',
      status: 500,
      detail: 'The service failed to answer; its log says why.',
      instance: '/metrics',
      diagnostics: [],
    });
    const errors = app.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.fields?.['error']).toMatchObject({ message: 'registry at /secret/path broke' });
  });
});

describe('starting', () => {
  it('fails as a value to the caller when the port is taken, and leaves nothing open', async () => {
    app = await startTestApp();
    const first = await createApp(testDependencies({}).dependencies);
    const second = createApp(testDependencies({ options: { port: first.port } }).dependencies);
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    await first.close();
    await expect(fetch(`${first.url}/health/live`)).rejects.toThrow();
  });

  it('refuses options it will not run with before it opens anything', async () => {
    app = await startTestApp();
    const { dependencies } = testDependencies({ options: { token: undefined, insecure: true, host: '0.0.0.0' } });
    await expect(createApp(dependencies)).rejects.toMatchObject({ code: 'token-needed' });
  });
});
