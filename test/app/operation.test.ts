import { afterEach, describe, expect, it } from 'vitest';
import type { SourceStatus } from '../../src/ports/control.js';
import { startTestApp } from './test-app.js';
import type { TestApp } from './test-app.js';

let app: TestApp;
afterEach(() => app.close());

const nowMs = Date.parse('2026-01-01T12:00:00Z');

function source(given: Partial<SourceStatus>): SourceStatus {
  return {
    name: 'payments',
    state: 'running',
    position: 10,
    checkpointedPosition: 10,
    watermark: null,
    watermarkMs: null,
    pending: 3,
    buffered: 0,
    events: 10,
    late: 0,
    dead: 0,
    units: 1,
    gaps: 0,
    forced: 0,
    ...given,
  };
}

describe('status', () => {
  it('shows sources with position, watermark and lag, shards and checkpoints', async () => {
    app = await startTestApp({ now: () => nowMs });
    app.control.engine = {
      sources: [
        source({ watermark: '2026-01-01T11:59:55.000Z', watermarkMs: nowMs - 5_000 }),
        source({ name: 'ahead', watermarkMs: nowMs + 5_000 }),
        source({ name: 'ended', watermarkMs: Infinity }),
        source({ name: 'empty' }),
      ],
    };
    const answer = await app.send('GET', '/api/v1/status');
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      state: 'running',
      shards: [{ shard: 0, keys: 1 }],
      checkpoints: { count: 0, last: null },
      sources: [
        { name: 'payments', position: 10, checkpointedPosition: 10, pending: 3, lagMs: 5_000 },
        { name: 'ahead', lagMs: 0 },
        { name: 'ended', lagMs: null, watermarkMs: null },
        { name: 'empty', lagMs: null },
      ],
    });
  });
});

describe('metrics', () => {
  it('are Prometheus text', async () => {
    app = await startTestApp();
    const answer = await app.send('GET', '/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.text).toContain('weir_events_total 7\n');
  });
});

describe('health', () => {
  const ready = async (): Promise<[number, Record<string, unknown>]> => {
    const answer = await app.send('GET', '/health/ready');
    return [answer.status, answer.json()];
  };

  it('is ready when the engine runs and every check holds', async () => {
    app = await startTestApp({ readiness: [{ name: 'nats', check: () => ({ ok: true, detail: 'connected' }) }] });
    const [status, body] = await ready();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      checks: {
        engine: { status: 'up', detail: 'running' },
        checkpoint: { status: 'up' },
        nats: { detail: 'connected' },
      },
    });
  });

  it('names every check that fails, a throwing one included', async () => {
    app = await startTestApp({
      readiness: [
        { name: 'nats', check: () => ({ ok: false, detail: 'reconnecting' }) },
        {
          name: 'disk',
          check: () => {
            throw new Error('no answer');
          },
        },
      ],
    });
    app.control.engine = { state: 'starting' };
    const [status, body] = await ready();
    expect(status).toBe(503);
    expect(body).toMatchObject({
      type: 'urn:weir:problem:not-ready',
      status: 503,
      detail: 'engine: starting; nats: reconnecting; disk: no answer',
      checks: { engine: { status: 'down' }, checkpoint: { status: 'up' }, disk: { status: 'down' } },
    });
    expect((await app.send('GET', '/health/live')).status).toBe(200);
  });

  it('logs when readiness changes, not at every probe', async () => {
    app = await startTestApp();
    for (const state of ['starting', 'starting', 'running', 'running'] as const) {
      app.control.engine = { state };
      await ready();
    }
    const said = app.lines.filter(({ message }) => message.endsWith('ready'));
    expect(said.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'not ready'],
      ['info', 'ready'],
    ]);
  });

  it('is not alive once the engine has failed', async () => {
    app = await startTestApp();
    app.control.engine = { state: 'failed', failure: { code: 'store-lost', message: 'the store is gone' } };
    const answer = await app.send('GET', '/health/live');
    expect([answer.status, answer.json()['detail']]).toEqual([503, 'engine: failed: the store is gone']);
  });

  it('minds an old checkpoint only while input is not covered by it', async () => {
    app = await startTestApp({ now: () => nowMs, options: { checkpointAgeMsMax: 10_000 } });
    const last = { durationMs: 1, bytes: 1, dirtyKeys: 1, blockedMs: 0, blockedAtOnceMs: 0, pauseMs: 0 };
    const checkpoints = { count: 1, failed: 0, history: [], outboxWaiting: 0, published: 0, retention: null };
    const statusAt = async (ageMs: number, checkpointedPosition: number): Promise<number> => {
      const at = new Date(nowMs - ageMs).toISOString();
      app.control.engine = {
        checkpoints: { ...checkpoints, last: { ...last, at } },
        sources: [source({ checkpointedPosition })],
      };
      return (await ready())[0];
    };
    expect(await statusAt(60_000, 10)).toBe(200);
    expect(await statusAt(10_000, 9)).toBe(200);
    expect(await statusAt(10_001, 9)).toBe(503);
    app.control.engine = {
      startedAt: new Date(nowMs - 11_000).toISOString(),
      sources: [source({ checkpointedPosition: 0 })],
    };
    expect((await ready())[1]['detail']).toContain('no checkpoint since the start 11 s ago');
  });
});
