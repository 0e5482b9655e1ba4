import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KillReport } from './kill-run.js';
import { differences, runKills } from './kill-run.js';
import type { BuiltCli } from './service-process.js';
import { buildCli } from './service-process.js';

const KILLS = 12;
const MESSAGES = 6_000;
const SHARDS = 3;
const MINUTES_MAX = 5;

describe('the service with several shards, killed at random moments while events come', () => {
  const seed = Number(process.env['WEIR_KILL_SEED'] ?? Math.floor(Math.random() * 1e9));
  let cli: BuiltCli;
  let report: KillReport;
  beforeAll(async () => {
    cli = await buildCli();
    report = await runKills(cli, { seed, kills: KILLS, messages: MESSAGES, shards: SHARDS });
  }, MINUTES_MAX * 60_000);
  afterAll(() => cli.remove());

  test('publishes what a service with one shard publishes when it is left alone', () => {
    expect(differences(report), `WEIR_KILL_SEED=${seed}`).toEqual({ missing: [], extra: [] });
    expect(report.expected.length).toBeGreaterThan(300);
  });

  test('publishes nothing twice, though the server forgets ids after 100 ms', () => {
    expect(report.twice, `WEIR_KILL_SEED=${seed}`).toEqual([]);
  });
});
