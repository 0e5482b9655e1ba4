/** What the status knows, as metrics, brought up to date when somebody asks for them. */
import type { EngineStatus } from '../ports/control.js';
import type { Labels, Meter } from '../ports/meter.js';

const RULE_COUNTERS = ['matches', 'timeouts', 'suppressed', 'keyMissing', 'conditionErrors', 'overflows'] as const;

const COUNTER_NAMES: Readonly<Record<(typeof RULE_COUNTERS)[number], string>> = {
  matches: 'weir_rule_matches_total',
  timeouts: 'weir_rule_timeouts_total',
  suppressed: 'weir_rule_suppressed_total',
  keyMissing: 'weir_rule_key_missing_total',
  conditionErrors: 'weir_rule_condition_errors_total',
  overflows: 'weir_rule_overflows_total',
};

/** Keeps what was last reported, so that counters move by the difference. */
export class MetricsReporter {
  private readonly reported = new Map<string, number>();
  /** Gauges with labels of the last report, and of this one. */
  private shown = new Map<string, readonly [string, Labels]>();
  private showing = new Map<string, readonly [string, Labels]>();

  constructor(private readonly meter: Meter) {}

  report(status: EngineStatus, nowMs: number): void {
    this.reportParts(status, nowMs);
    // What is gone is not shown as it was last.
    for (const [place, [name, labels]] of this.shown) if (!this.showing.has(place)) this.meter.forget(name, labels);
    this.shown = this.showing;
    this.showing = new Map();
  }

  private reportParts(status: EngineStatus, nowMs: number): void {
    for (const { name: source, position, pending, buffered, watermarkMs, events } of status.sources) {
      this.gauge('weir_source_position', position, { source });
      this.gauge('weir_source_buffered_events', buffered, { source });
      if (pending !== null) this.gauge('weir_source_pending_messages', pending, { source });
      if (watermarkMs !== null)
        this.gauge('weir_source_watermark_lag_seconds', (nowMs - watermarkMs) / 1_000, { source });
      this.move('weir_source_events_total', events, { source });
    }
    for (const rule of status.rules) {
      this.gauge('weir_rule_live_runs', rule.liveRuns, { rule: rule.name });
      for (const counter of RULE_COUNTERS) this.move(COUNTER_NAMES[counter], rule[counter], { rule: rule.name });
    }
    for (const { shard, keys, timers, memory } of status.shards) {
      const labels = { shard: String(shard) };
      this.gauge('weir_shard_keys', keys, labels);
      this.gauge('weir_shard_timers', timers, labels);
      this.gauge('weir_shard_resident_keys', memory.residentKeys, labels);
      this.gauge('weir_shard_resident_bytes', memory.residentBytes, labels);
      this.move('weir_shard_hits_total', memory.hits, labels);
      this.move('weir_shard_misses_total', memory.misses, labels);
      this.move('weir_shard_evictions_total', memory.evictions, labels);
    }
    this.gauge('weir_outbox_waiting', status.checkpoints.outboxWaiting);
    this.gauge('weir_revision', status.revision);
    if (status.lease !== null) {
      this.gauge('weir_lease_epoch', status.lease.epoch);
      this.gauge('weir_lease_held', status.lease.held ? 1 : 0);
    }
    const { retention } = status.checkpoints;
    if (retention === null) return;
    this.gauge('weir_retained_checkpoints', retention.retained.length);
    this.gauge('weir_retained_journal_bytes', retention.journalBytes);
    this.gauge('weir_retained_pause_seconds', retention.pauseMs / 1_000);
    this.gauge('weir_state_recovered', retention.recovered === null ? 0 : 1);
  }

  private gauge(name: string, value: number, labels?: Labels): void {
    this.meter.gauge(name, value, labels);
    if (labels !== undefined) this.showing.set(`${name} ${JSON.stringify(labels)}`, [name, labels]);
  }

  /** A counter of the status that began anew counts from there. */
  private move(name: string, value: number, labels: Readonly<Record<string, string>>): void {
    const place = `${name} ${JSON.stringify(labels)}`;
    const before = this.reported.get(place) ?? 0;
    this.meter.count(name, value >= before ? value - before : value, labels);
    this.reported.set(place, value);
  }
}
