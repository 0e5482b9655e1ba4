/** The engine's status as plain data. */
import type {
  CheckpointReport,
  CheckpointStatus,
  EngineStatus,
  RetentionReport,
  RuleStatus,
  ShardStatus,
  SourceStatus,
} from '../ports/control.js';
import type { RetentionStatus } from '../ports/store.js';
import { createCounters } from '../core/shard/rule-counters.js';
import type { CheckpointRecord } from './checkpoint-manager.js';
import type { Engine } from './engine.js';
import type { SourceIntake } from './source-intake.js';

/** Rules named where a reason is about more. */
const RULES_NAMED_MAX = 5;

const NOTHING_READ = {
  position: 0,
  checkpointedPosition: 0,
  watermark: null,
  watermarkMs: null,
  pending: null,
  buffered: 0,
  events: 0,
  late: 0,
  dead: 0,
  units: 0,
  gaps: 0,
  forced: 0,
};

function sourceStatus(engine: Engine, intake: SourceIntake): SourceStatus {
  const { watermark } = intake.timeline;
  const finite = Number.isFinite(watermark);
  const held = heldBack(engine, intake);
  const reason = intake.failure ?? held ?? (intake.state === 'waiting' ? intake.waitingFor : undefined);
  return {
    name: intake.name,
    state: held === undefined ? intake.state : 'held-back',
    ...(reason === undefined ? {} : { reason: { code: reason.code, message: reason.message } }),
    position: intake.position,
    checkpointedPosition: engine.checkpointedPositions.get(intake.name) ?? 0,
    watermark: finite ? new Date(watermark).toISOString() : watermark === Infinity ? 'end' : null,
    watermarkMs: finite ? watermark : null,
    pending: intake.pending ?? null,
    buffered: intake.timeline.buffered,
    events: intake.events,
    late: intake.lateCount,
    dead: intake.deadCount,
    units: intake.timeline.units,
    gaps: intake.gapCount,
    forced: intake.timeline.forced,
  };
}

/** Why a source at work is not read on: it is far ahead of another with which rules merge it. */
function heldBack({ shard, intakes }: Engine, { name, state }: SourceIntake): SourceStatus['reason'] {
  if (state !== 'running' && state !== 'caught-up') return undefined;
  const holdsLate = intakes.isHoldingLate(name);
  if (!holdsLate && !shard.isTooFarAhead(name)) return undefined;
  const parts = shard.heldBackFor(name, holdsLate ? -1 : undefined).map(({ rules, slow }) => {
    const shown = rules.length > RULES_NAMED_MAX ? [...rules.slice(0, RULES_NAMED_MAX), '…'] : rules;
    return `${slow.join(', ')} (rules ${shown.join(', ')})`;
  });
  const slow = parts.join('; ');
  const why = holdsLate
    ? `Its late events are remembered until ${slow} is past them, and too many are`
    : `Too many of its events wait for ${slow}`;
  return { code: 'held-back', message: `${why}: it is read on when that moves.` };
}

/** Sources at work, then those that no rule uses. */
function sourceStatuses(engine: Engine): SourceStatus[] {
  const { intakes } = engine.intakes;
  const names = new Set(intakes.map((one) => one.name));
  const unused = [...engine.ruleSet.sources.keys()].filter((name) => !names.has(name));
  return [
    ...intakes.map((intake) => sourceStatus(engine, intake)),
    ...unused.map((name): SourceStatus => ({ ...NOTHING_READ, name, state: 'unused' })),
  ];
}

function ruleStatus(engine: Engine, name: string, keyMissing: ReadonlyMap<number, number>): RuleStatus[] {
  const held = engine.registry.get(name);
  const plan = engine.ruleSet.rules.get(name);
  if (held === undefined || plan === undefined) return [];
  const counters = engine.shard.counters.get(held.generation) ?? createCounters();
  const { lastConditionError, ...counts } = counters;
  return [
    {
      name,
      mode: plan.mode,
      versions: held.versions.map(({ version, hash, draining }) => ({ version, hash, draining })),
      ...counts,
      keyMissing: keyMissing.get(held.generation) ?? 0,
      ...(lastConditionError === undefined ? {} : { lastConditionError }),
      stateBound: plan.stateBound,
    },
  ];
}

function shardStatus(engine: Engine): ShardStatus {
  let liveRuns = 0;
  for (const counters of engine.shard.counters.values()) liveRuns += counters.liveRuns;
  const { keyCount: keys, timerCount: timers, residentCount: residentKeys, residentBytes } = engine.shard;
  const { loaded: misses, evicted: evictions } = engine.feed;
  const hits = Math.max(0, engine.shard.steppedCount - misses);
  const bytesMax = engine.settings.stateMemoryBytesMax;
  return {
    shard: engine.settings.shard,
    keys,
    liveRuns,
    timers,
    memory: { residentKeys, residentBytes, bytesMax, hits, misses, evictions },
  };
}

function toReport({ atMs, ...rest }: CheckpointRecord): CheckpointReport {
  return { at: new Date(atMs).toISOString(), ...rest };
}

function retentionReport(status: RetentionStatus | undefined): RetentionReport | null {
  if (status === undefined) return null;
  const { retained, recovered, ...rest } = status;
  const timed = <T extends { readonly at: number }>(one: T) => ({ ...one, at: new Date(one.at).toISOString() });
  return { ...rest, retained: retained.map(timed), recovered: recovered === null ? null : timed(recovered) };
}

function checkpointStatus(engine: Engine): CheckpointStatus {
  const { count, failed, last, history } = engine.checkpoints;
  return {
    count,
    failed,
    last: last === undefined ? null : toReport(last),
    history: history.map(toReport),
    outboxWaiting: engine.outbox.waiting,
    published: engine.outbox.published,
    retention: retentionReport(engine.deps.store.retention?.()),
  };
}

function leaseStatus({ deps: { lease } }: Engine): EngineStatus['lease'] {
  return lease === undefined ? null : { epoch: lease.epoch, held: lease.isHeld };
}

export function statusOf(engine: Engine): EngineStatus {
  const keyMissing = engine.shard.keyMissing();
  return {
    state: engine.state,
    ...(engine.failure === undefined ? {} : { failure: engine.failure }),
    namespace: engine.settings.namespace,
    startedAt: new Date(engine.startedAtMs).toISOString(),
    revision: engine.revision,
    sources: sourceStatuses(engine),
    rules: [...engine.ruleSet.rules.keys()].flatMap((name) => ruleStatus(engine, name, keyMissing)),
    shards: [shardStatus(engine)],
    checkpoints: checkpointStatus(engine),
    lease: leaseStatus(engine),
    refusedDocuments: engine.refusedDocuments,
  };
}
