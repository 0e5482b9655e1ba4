import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { Labels, Meter } from '../../ports/meter.js';

export const meterLimits = {
  /** Label combinations of one metric; each further one is counted under `other` in all its labels. */
  seriesPerMetricMax: 2_000,
} as const;

export interface PrometheusMeterOptions {
  /** Help texts by metric name; default the name itself. */
  readonly help?: Readonly<Record<string, string>>;
  /** Replaces `meterLimits.seriesPerMetricMax`. */
  readonly seriesPerMetricMax?: number;
  /** Also report memory, CPU and event loop lag of the process. */
  readonly processMetrics?: boolean;
}

/** A meter that can be scraped. */
export interface PrometheusMeter extends Meter {
  /** Everything, in the Prometheus text format, with what meters of other threads measured added up. */
  text(others?: readonly MeterSnapshot[]): Promise<string>;
  /** Everything as plain data, for `text` in another thread. */
  snapshot(): Promise<MeterSnapshot>;
  /** What to send as `Content-Type` with it. */
  readonly contentType: string;
}

/** Plain data that can cross threads; its form is the library's. */
export type MeterSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

type Kind = 'counter' | 'gauge' | 'histogram';

interface Metric {
  readonly kind: Kind;
  readonly labelNames: readonly string[];
  readonly series: Set<string>;
  readonly add: (labels: Labels, value: number) => void;
  /** Of gauges. Its place among the series that are counted stays taken. */
  readonly remove: ((labels: Labels) => void) | undefined;
}

const misuseName = 'weir_meter_misuse_total';

function bucketsFor(name: string): number[] {
  if (name.endsWith('_seconds'))
    return [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
  if (name.endsWith('_bytes')) return Array.from({ length: 12 }, (_, power) => 256 * 4 ** power);
  return Array.from({ length: 8 }, (_, power) => 10 ** power);
}

/**
 * Metrics for Prometheus. A metric comes to be at its first use, which fixes its kind and its label names; a later label
 * it does not know is left out, a missing one is empty. Measuring never fails the caller: a name used as two kinds, a
 * counter that would go down or a value that is not a number is not recorded but counted in `weir_meter_misuse_total`.
 */
export function createPrometheusMeter(options: PrometheusMeterOptions = {}): PrometheusMeter {
  const registry = new Registry();
  const metrics = new Map<string, Metric>();
  const seriesMax = options.seriesPerMetricMax ?? meterLimits.seriesPerMetricMax;
  const misuse = new Counter({
    name: misuseName,
    help: 'Measurements not recorded because their metric is of another kind or their value impossible.',
    labelNames: ['metric'],
    registers: [registry],
  });
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });

  const create = (name: string, kind: Kind, labelNames: readonly string[]): Metric => {
    const settings = { name, help: options.help?.[name] ?? name, labelNames: [...labelNames], registers: [registry] };
    return { kind, labelNames, series: new Set(), ...createAdd(kind, settings) };
  };

  const record = (kind: Kind, name: string, value: number, labels: Labels): void => {
    let metric = metrics.get(name);
    if (metric === undefined) {
      if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) || registry.getSingleMetric(name) !== undefined)
        return misuse.inc({ metric: 'invalid' });
      metric = create(name, kind, Object.keys(labels));
      metrics.set(name, metric);
    }
    if (metric.kind !== kind || Number.isNaN(value) || (kind === 'counter' && !(value >= 0)))
      return misuse.inc({ metric: name });
    metric.add(boundLabels(metric, labels, seriesMax), value);
  };

  return {
    count: (name, by = 1, labels = {}) => record('counter', name, by, labels),
    gauge: (name, value, labels = {}) => record('gauge', name, value, labels),
    forget: (name, labels) => metrics.get(name)?.remove?.(labels),
    observe: (name, value, labels = {}) => record('histogram', name, value, labels),
    text: (others = []) => renderAll(registry, others),
    snapshot: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  };
}

async function renderAll(registry: Registry, others: readonly MeterSnapshot[]): Promise<string> {
  if (others.length === 0) return registry.metrics();
  const names = new Set(others.flat().map(({ name }) => name));
  const own = await registry.getMetricsAsJSON();
  const shared = own.filter(({ name }) => names.has(name));
  const alone = own.filter(({ name }) => !names.has(name)).map(({ name }) => registry.getSingleMetricAsString(name));
  const parts = [...others, shared].filter((part) => part.length > 0).map((part) => [...part]);
  const texts = await Promise.all([...alone, AggregatorRegistry.aggregate(parts).metrics()]);
  return `${texts.map((text) => text.trim()).join('\n\n')}\n`;
}

interface MetricSettings {
  name: string;
  help: string;
  labelNames: string[];
  registers: Registry[];
}

function createAdd(kind: Kind, settings: MetricSettings): Pick<Metric, 'add' | 'remove'> {
  if (kind === 'counter') {
    const counter = new Counter(settings);
    return { add: (labels, value) => counter.inc(labels, value), remove: undefined };
  }
  if (kind === 'gauge') {
    const gauge = new Gauge(settings);
    return { add: (labels, value) => gauge.set(labels, value), remove: (labels) => gauge.remove(labels) };
  }
  const histogram = new Histogram({ ...settings, buckets: bucketsFor(settings.name) });
  return { add: (labels, value) => histogram.observe(labels, value), remove: undefined };
}

/** Exactly the metric's labels, within its bound of series. */
function boundLabels(metric: Metric, labels: Labels, seriesMax: number): Labels {
  if (metric.labelNames.length === 0) return {};
  const bound: Record<string, string> = {};
  let series = '';
  for (const name of metric.labelNames) {
    const value = labels[name] ?? '';
    bound[name] = value;
    series += `${value.length}:${value}`;
  }
  if (metric.series.has(series)) return bound;
  if (metric.series.size < seriesMax) {
    metric.series.add(series);
    return bound;
  }
  for (const name of metric.labelNames) bound[name] = 'other';
  return bound;
}
