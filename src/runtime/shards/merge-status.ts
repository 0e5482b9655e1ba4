/** The status of several shards as that of one service. */
import type { RuleSet } from '../../core/document/plans.js';
import type {
  CheckpointReport,
  CheckpointStatus,
  EngineStatus,
  RetentionReport,
  RuleStatus,
  SourceStatus,
} from '../../ports/control.js';
import { runtimeDefaults } from '../runtime-limits.js';

type Whole = Omit<EngineStatus, 'sources' | 'rules' | 'shards' | 'checkpoints' | 'lease'>;

/** The one that stands for all: what needs attention comes first. */
const STATES: readonly SourceStatus['state'][] = [
  'refused',
  'held-back',
  'waiting',
  'starting',
  'running',
  'caught-up',
  'ended',
  'stopped',
  'unused',
];

export function mergeStatus(whole: Whole, parts: readonly EngineStatus[], { sources }: RuleSet): EngineStatus {
  return {
    ...whole,
    sources: byName(parts.map((part) => part.sources)).map((same) =>
      mergeSource(same, sources.get(same[0]?.name ?? '')?.document.nats?.partitioned === true),
    ),
    rules: byName(parts.map((part) => part.rules)).map(mergeRule),
    shards: parts.flatMap((part) => part.shards),
    checkpoints: mergeCheckpoints(parts.map((part) => part.checkpoints)),
    lease: parts[0]?.lease ?? null,
  };
}

type Group<T> = readonly [T, ...T[]];

/** What has the same name in every shard, in the order of the first that has it. */
function byName<T extends { readonly name: string }>(lists: readonly (readonly T[])[]): Group<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const one of lists.flat()) {
    const group = groups.get(one.name);
    if (group === undefined) groups.set(one.name, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

/** How far all are: the least of each. Events are counted by the one shard that tells of them. */
function mergeSource(same: Group<SourceStatus>, isPartitioned: boolean): SourceStatus {
  const read = same.filter(({ state }) => state !== 'unused');
  const some = read.length > 0 ? read : same;
  const [first] = some as Group<SourceStatus>;
  const worst = some.reduce((a, b) => (STATES.indexOf(b.state) < STATES.indexOf(a.state) ? b : a), first);
  const slowest = some.reduce((a, b) => ((b.watermarkMs ?? -Infinity) < (a.watermarkMs ?? -Infinity) ? b : a), first);
  const pending = some.flatMap((one) => (one.pending === null ? [] : [one.pending]));
  return {
    ...worst,
    position: Math.min(...some.map((one) => one.position)),
    checkpointedPosition: Math.min(...some.map((one) => one.checkpointedPosition)),
    watermark: slowest.watermark,
    watermarkMs: slowest.watermarkMs,
    pending: pending.length === 0 ? null : isPartitioned ? sum(pending, (one) => one) : Math.max(...pending),
    buffered: sum(some, (one) => one.buffered),
    events: sum(some, (one) => one.events),
    late: sum(some, (one) => one.late),
    dead: sum(some, (one) => one.dead),
    gaps: sum(some, (one) => one.gaps),
    forced: sum(some, (one) => one.forced),
    units: Math.max(...some.map((one) => one.units)),
  };
}

function mergeRule(same: Group<RuleStatus>): RuleStatus {
  const [first] = same;
  const versions = new Map<number, RuleStatus['versions'][number]>();
  for (const version of same.flatMap((one) => one.versions)) {
    const known = versions.get(version.version);
    versions.set(version.version, { ...version, draining: version.draining && known?.draining !== false });
  }
  const failed = same.find(({ lastConditionError }) => lastConditionError !== undefined)?.lastConditionError;
  return {
    ...first,
    versions: [...versions.values()].sort((a, b) => a.version - b.version),
    liveRuns: sum(same, (one) => one.liveRuns),
    matches: sum(same, (one) => one.matches),
    timeouts: sum(same, (one) => one.timeouts),
    alerts: sum(same, (one) => one.alerts),
    suppressed: sum(same, (one) => one.suppressed),
    keyMissing: sum(same, (one) => one.keyMissing),
    conditionErrors: sum(same, (one) => one.conditionErrors),
    overflows: sum(same, (one) => one.overflows),
    ...(failed === undefined ? {} : { lastConditionError: failed }),
  };
}

function mergeCheckpoints(all: readonly CheckpointStatus[]): CheckpointStatus {
  const byTime = (a: CheckpointReport, b: CheckpointReport): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
  const last = all.map((one) => one.last);
  // The one that is furthest behind; none, while a shard has none.
  const oldest = last.includes(null) ? null : (last as CheckpointReport[]).sort(byTime)[0];
  return {
    count: sum(all, (one) => one.count),
    failed: sum(all, (one) => one.failed),
    last: oldest ?? null,
    history: all
      .flatMap((one) => one.history)
      .sort(byTime)
      .slice(-runtimeDefaults.checkpointHistoryMax),
    outboxWaiting: sum(all, (one) => one.outboxWaiting),
    published: sum(all, (one) => one.published),
    retention: mergeRetention(all.flatMap(({ retention }) => (retention === null ? [] : [retention]))),
  };
}

/** Of the shard that keeps the fewest. */
function mergeRetention(all: readonly RetentionReport[]): RetentionReport | null {
  const [first] = all;
  if (first === undefined) return null;
  const fewest = all.reduce((a, b) => (b.retained.length < a.retained.length ? b : a), first);
  return {
    ...fewest,
    journalBytes: sum(all, (one) => one.journalBytes),
    pauseMs: Math.max(...all.map((one) => one.pauseMs)),
    recovered: all.find(({ recovered }) => recovered !== null)?.recovered ?? null,
  };
}
