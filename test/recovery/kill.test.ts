import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KillReport } from './kill-run.js';
import { countBySubject, differences, runKills } from './kill-run.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';

const KILLS = 50;
const MESSAGES = 20_000;
const MINUTES_MAX = 8;

describe('the service, killed at random moments while events come', () => {
  const seed = Number(process.env['WEIR_KILL_SEED'] ?? Math.floor(Math.random() * 1e9));
  let cli: BuiltCli;
  let report: KillReport;
  beforeAll(async () => {
    cli = await buildCli();
    report = await runKills(cli, { seed, kills: KILLS, messages: MESSAGES });
  }, MINUTES_MAX * 60_000);
  afterAll(() => cli.remove());

  test('publishes what it publishes when it is left alone: every alert, dead letter and late event, with the same body', () => {
    expect(differences(report), `WEIR_KILL_SEED=${seed}`).toEqual({ missing: [], extra: [] });
  });

  test('publishes nothing twice, though the server forgets ids after 100 ms', () => {
    expect(report.twice, `WEIR_KILL_SEED=${seed}`).toEqual([]);
  });

  test('was killed in its start and while it ran, and every rule had something to say', () => {
    expect(report.kills).toBe(KILLS);
    expect(report.killsInStart).toBeGreaterThan(0);
    expect(report.killsInStart).toBeLessThan(KILLS);
    expect(Object.keys(countBySubject(report.expected)).sort()).toEqual([
      'critical.orders.unconfirmed',
      'dead.logins',
      'dead.payments',
      'high.card-testing',
      'info.unconfirmed',
      'late.logins',
      'late.payments',
      'medium.big-payment',
      'medium.chain',
      'medium.login-then-pay',
      'medium.no-logout',
      'medium.refunds',
      'medium.the-end',
    ]);
    expect(report.expected.length).toBeGreaterThan(1_000);
  });
});
