import { expect, test } from 'vitest';
import { createPrometheusMeter } from '../../src/adapters/meter-prometheus/prometheus-meter.js';
import { MetricsReporter } from '../../src/runtime/report-metrics.js';
import { World } from './world.js';
import { MERGED } from './restart-fixture.js';

test('gauges of what is gone are reported no more, and come back with it', async () => {
  const world = new World(MERGED, 'a', 'b');
  const life = await world.live().run();
  const meter = createPrometheusMeter();
  const reporter = new MetricsReporter(meter);
  const status = life.control.status();
  const [gone] = status.rules;
  const linesOf = async (): Promise<string[]> =>
    (await meter.text()).split('\n').filter((line) => line.startsWith(`weir_rule_live_runs{rule="${gone?.name}"}`));
  reporter.report(status, 0);
  expect(await linesOf()).toHaveLength(1);
  reporter.report({ ...status, rules: status.rules.slice(1) }, 0);
  expect(await linesOf()).toEqual([]);
  reporter.report(status, 0);
  expect(await linesOf()).toHaveLength(1);
  await life.stop();
});
