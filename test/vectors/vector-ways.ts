/**
 * A vector through the whole core, event-time stage and shard, in the ways in which its matches must be the same: arrival
 * shuffled inside the bound, the state saved and restored after every input, events of other keys in between.
 */
import type { RulePlan, SourcePlan } from '../../src/core/document/plans.js';
import type { PatternDef } from '../../src/core/document/pattern-def.js';
import type { Expression, ExpressionCompiler } from '../../src/core/expression/expression.js';
import { SLOTS, slotOf } from '../../src/core/model/key.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import type { Match, RuleMatch } from '../../src/core/model/match.js';
import type { RuleAssignment } from '../../src/core/shard/rule-versions.js';
import type { SavedKey } from '../../src/core/shard/saved-key.js';
import type { ShardInput } from '../../src/core/shard/shard.js';
import { Shard, advanceShard } from '../../src/core/shard/shard.js';
import { SourceTimeline } from '../../src/core/time/source-timeline.js';
import { seeded } from '../bench/core-workload.js';
import { SpillingShard } from '../support/spilling-shard.js';
import type { VectorCase } from './vector-case.js';
import { compileVector, vectorEvents } from './vector-case.js';

const SOURCE = 'vector';
const BOUND_MS = 5;

function requireExpression(source: string, expressions: ExpressionCompiler): Expression {
  const result = expressions.compile(source, { stages: new Map(), params: false, key: false });
  if (!result.ok) throw new Error(`${source} does not compile`);
  return result.expression;
}

function planOf(vector: VectorCase, expressions: ExpressionCompiler, timeouts: boolean): RulePlan {
  const automaton = compileVector(vector, expressions);
  const key = { parts: [requireExpression('key', expressions)], composite: false, text: '"key"' };
  const alert = {
    severity: 'info',
    subject: 'vector',
    title: undefined,
    payload: undefined,
    throttleMs: undefined,
    include: 'events',
    document: {},
  } as const;
  const document = { kind: 'rule', name: 'vector', source: SOURCE, pattern: vector.pattern } as const;
  return {
    name: 'vector',
    document,
    hash: '',
    sources: [SOURCE],
    keys: new Map([[SOURCE, key]]),
    where: undefined,
    params: {},
    pattern: {
      name: 'vector',
      withinMs: undefined,
      skip: { kind: 'noSkip' },
      steps: [],
      params: {},
    } satisfies PatternDef,
    automaton,
    alert,
    onTimeout: timeouts ? { alert, unmatchedOnly: false } : undefined,
    emit: 'ordered',
    mode: 'active',
    onUpdate: 'drain',
    runsPerKeyMax: 1_000_000,
    overflow: 'dropOldest',
    stateBound: { bounded: true, runsPerKeyMax: 1_000_000, eventsPerRunMax: null, bytesPerKeyMax: null },
  };
}

/** The vector's events with a key, and the same events again for two other keys, in between. */
function keyedEvents(vector: VectorCase, keys: readonly string[]): StreamEvent[] {
  return vectorEvents(vector).flatMap((event) =>
    keys.map((key) => ({ ...event, body: { ...(event.body as object), key } })),
  );
}

/** Arrival shuffled within the bound; events of equal time keep their order. */
function shuffle(events: readonly StreamEvent[], seed: number): StreamEvent[] {
  const random = seeded(seed);
  const delays = new Map<number, number>();
  const placed = events.map((event, at) => {
    const delay = delays.get(event.time) ?? Math.floor(random() * BOUND_MS);
    delays.set(event.time, delay);
    return { event, at, arrival: event.time + delay };
  });
  return placed.sort((a, b) => a.arrival - b.arrival || a.at - b.at).map(({ event }) => event);
}

class VectorShard {
  shard: Shard;
  readonly matches: RuleMatch[] = [];
  private readonly records = new Map<string, SavedKey>();

  constructor(
    private readonly rules: readonly RuleAssignment[],
    private readonly options: WayOptions,
  ) {
    this.shard = shardOf(options);
    advanceShard(this.shard, { kind: 'rules', rules });
  }

  give(input: ShardInput & { kind: 'events' }): void {
    this.matches.push(...advanceShard(this.shard, input).matches);
    if (this.options.restoring) this.restore(input.watermark);
  }

  /** Saves the keys that changed, and goes on in a new shard that loads all of them from text. */
  private restore(watermark: number): void {
    for (const { group, slot, token, record } of this.shard.takeChanges()) {
      if (slot !== slotOf(token) || slot >= SLOTS) throw new Error('a key stays in its slot');
      const place = JSON.stringify([group, token]);
      if (record === undefined) this.records.delete(place);
      else this.records.set(place, JSON.parse(JSON.stringify(record)) as SavedKey);
    }
    const next = shardOf(this.options);
    next.load(this.shard.save(), this.rules, new Map([[SOURCE, watermark]]));
    for (const [place, record] of this.records) {
      const [group, token] = JSON.parse(place) as [string, string];
      advanceShard(next, { kind: 'keys', group, records: [[token, record, 0]] });
    }
    if (next.residentCount !== this.records.size || next.coldCount !== 0) throw new Error('every saved key loads');
    this.shard = next;
  }
}

/** No key stays in memory between two inputs, nor one that is not needed within one. */
class SpillingVectorShard {
  readonly matches: RuleMatch[] = [];
  private readonly spilling: SpillingShard;

  constructor(rules: readonly RuleAssignment[], options: WayOptions) {
    this.spilling = new SpillingShard(shardOf(options), ({ matches }) => this.matches.push(...matches));
    this.spilling.input({ kind: 'rules', rules });
  }

  give({ source, events, watermark }: ShardInput & { kind: 'events' }): void {
    this.spilling.events(source, events, watermark);
  }
}

export interface WayOptions {
  readonly shuffled: boolean;
  readonly restoring: boolean;
  /** No key stays in memory. */
  readonly spilling?: boolean;
  readonly keys: readonly string[];
  /** Runs are kept as sets of paths from the second on, where the arena accepts the pattern. Time-outs are not asked for then. */
  readonly paths?: boolean;
  readonly seed: number;
}

function shardOf({ paths }: WayOptions): Shard {
  return new Shard(paths === true ? { pathsUse: { fromRuns: 0, multiplyingOnly: false } } : {});
}

/** What the key `k` gave; throws if anything is left behind once every deadline has passed. */
export function runThroughShard(vector: VectorCase, expressions: ExpressionCompiler, options: WayOptions): Match[] {
  const plan = planOf(vector, expressions, options.paths !== true);
  const rules = [{ name: plan.name, generation: 1, versions: [{ version: 1, plan, draining: false }] }];
  const target = options.spilling === true ? new SpillingVectorShard(rules, options) : new VectorShard(rules, options);
  const watermark: SourcePlan['watermark'] = {
    maxOutOfOrdernessMs: options.shuffled ? BOUND_MS : 0,
    by: [],
    idleAfterMs: undefined,
  };
  const timeline = new SourceTimeline(watermark);
  const ordered = keyedEvents(vector, options.keys).map((event, seq) => ({ ...event, seq: event.seq * 1_000 + seq }));
  const out: StreamEvent[] = [];
  for (const event of options.shuffled ? shuffle(ordered, options.seed) : ordered) {
    if (!timeline.accept(event, out)) throw new Error('no event inside the bound is late');
    target.give({ kind: 'events', source: SOURCE, events: out.splice(0), watermark: timeline.watermark });
  }
  timeline.end(out);
  target.give({
    kind: 'events',
    source: SOURCE,
    events: out.splice(0),
    watermark: Math.max(vector.endWatermark, timelineEnd(ordered)),
  });
  return target.matches.filter((match) => match.key === 'k').map((match) => withEventNumbers(match));
}

function timelineEnd(events: readonly StreamEvent[]): number {
  return events.reduce((latest, event) => Math.max(latest, event.time), -Infinity);
}

/** Back to the numbers of the vector's events. */
function withEventNumbers(match: RuleMatch): Match {
  const stages = match.stages.map(({ stage, events }) => ({
    stage,
    events: events.map((event) => ({ ...event, seq: Math.floor(event.seq / 1_000) })),
  }));
  const { kind, time, startTime, alreadyMatched } = match;
  return { kind, stages, time, startTime, alreadyMatched };
}
