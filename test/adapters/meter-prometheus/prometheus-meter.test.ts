import { describe, expect, test } from 'vitest';
import { createPrometheusMeter } from '../../../src/adapters/meter-prometheus/prometheus-meter.js';

async function samples(meter: { text(): Promise<string> }): Promise<string[]> {
  return (await meter.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the meter', () => {
  test('counters add up, gauges hold the last value, with their labels', async () => {
    const meter = createPrometheusMeter();
    meter.count('weir_events_total', 2, { source: 'a' });
    meter.count('weir_events_total', 3, { source: 'a' });
    meter.count('weir_events_total', undefined, { source: 'b' });
    meter.gauge('weir_keys', 7);
    meter.gauge('weir_keys', 5);
    expect(await samples(meter)).toEqual([
      'weir_events_total{source="a"} 5',
      'weir_events_total{source="b"} 1',
      'weir_keys 5',
    ]);
  });

  test('durations are observed in buckets', async () => {
    const meter = createPrometheusMeter();
    meter.observe('weir_commit_seconds', 0.004);
    const lines = await samples(meter);
    expect(lines).toContain('weir_commit_seconds_bucket{le="0.0025"} 0');
    expect(lines).toContain('weir_commit_seconds_bucket{le="0.005"} 1');
    expect(lines).toContain('weir_commit_seconds_count 1');
  });

  test('what other threads measured is added up under one name, and the rest stands beside it', async () => {
    const [here, one, other] = [createPrometheusMeter(), createPrometheusMeter(), createPrometheusMeter()];
    one.count('weir_x_total', 2, { rule: 'a' });
    other.count('weir_x_total', 3, { rule: 'a' });
    here.count('weir_x_total', 4, { rule: 'a' });
    here.gauge('weir_here', 7);
    other.observe('weir_y_seconds', 0.3);
    const snapshots = [await one.snapshot(), await other.snapshot()].map((all) => structuredClone(all));
    const text = await here.text(snapshots);
    expect(text).toContain('weir_x_total{rule="a"} 9');
    expect(text).toContain('weir_here 7');
    expect(text).toContain('weir_y_seconds_count 1');
    expect(text.match(/^# TYPE weir_x_total counter$/gm)).toHaveLength(1);
  });

  test('help texts and the content type are what a scraper expects', async () => {
    const meter = createPrometheusMeter({ help: { weir_keys: 'Keys with state.' } });
    meter.gauge('weir_keys', 1);
    expect(await meter.text()).toContain('# HELP weir_keys Keys with state.\n# TYPE weir_keys gauge');
    expect(meter.contentType).toContain('text/plain');
  });

  test('beyond its bound of series a metric counts under `other`', async () => {
    const meter = createPrometheusMeter({ seriesPerMetricMax: 2 });
    for (const rule of ['a', 'b', 'c', 'd', 'a']) meter.count('weir_matches_total', 1, { rule });
    expect(await samples(meter)).toEqual([
      'weir_matches_total{rule="a"} 2',
      'weir_matches_total{rule="b"} 1',
      'weir_matches_total{rule="other"} 2',
    ]);
  });

  test('a label the metric does not know is left out, a missing one is empty', async () => {
    const meter = createPrometheusMeter();
    meter.count('weir_late_total', 1, { source: 'a' });
    meter.count('weir_late_total', 1, { source: 'a', rule: 'r' });
    meter.count('weir_late_total');
    expect(await samples(meter)).toEqual(['weir_late_total{source="a"} 2', 'weir_late_total{source=""} 1']);
  });

  test('misuse is counted, never thrown', async () => {
    const meter = createPrometheusMeter();
    meter.count('weir_x_total', 1);
    meter.gauge('weir_x_total', 1);
    meter.count('weir_x_total', -1);
    meter.count('weir_x_total', Number.NaN);
    meter.count('no name', 1);
    expect(await samples(meter)).toEqual([
      'weir_meter_misuse_total{metric="weir_x_total"} 3',
      'weir_meter_misuse_total{metric="invalid"} 1',
      'weir_x_total 1',
    ]);
  });

  test('process metrics are reported when asked for', async () => {
    const text = await createPrometheusMeter({ processMetrics: true }).text();
    expect(text).toContain('process_resident_memory_bytes');
    expect(await createPrometheusMeter().text()).not.toContain('process_');
  });
});
