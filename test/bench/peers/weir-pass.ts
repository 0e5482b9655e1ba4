/** One pass of a workload through Weir's core as the service runs it: event-time stage, then the shard, in batches. */
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import { compileParsed } from '../../../src/core/document/compile.js';
import type { CompileEnvironment } from '../../../src/core/document/compile.js';
import type { ParsedDocuments } from '../../../src/core/document/documents.js';
import type { RulePlan, RuleSet } from '../../../src/core/document/plans.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { RuleMatch } from '../../../src/core/model/match.js';
import type { RuleAssignment } from '../../../src/core/shard/rule-versions.js';
import type { ShardOutput } from '../../../src/core/shard/shard.js';
import { advanceShard, Shard } from '../../../src/core/shard/shard.js';
import { SourceTimeline } from '../../../src/core/time/source-timeline.js';
import { toEvent } from './event-file.js';
import { MatchHash } from './match-hash.js';
import { workloadDocuments } from './rule-documents.js';
import type { WorkloadSpec } from './workload-spec.js';

export function compileEnvironment(): CompileEnvironment {
  return {
    expressions: createJsonataCompiler(),
    digest: systemDigest,
    schemaCheck: compileSchema,
    alertPrefix: 'weir.alerts',
    revision: 1,
  };
}

/** Parses several files into one set; the texts are those of the benchmark, so they must be good. */
export function parseTexts(texts: readonly string[]): Extract<ParsedDocuments, { readonly ok: true }> {
  const value = texts.flatMap((text) => {
    const parsed = parseDocuments(text, { origin: 'file' });
    if (!parsed.ok) throw new Error(parsed.diagnostics.map((one) => one.message).join('\n'));
    return parsed.value;
  });
  return { ok: true, value, warnings: [] };
}

export function compileDocuments(parsed: ParsedDocuments, environment: CompileEnvironment): RuleSet {
  const compiled = compileParsed(parsed, environment);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((one) => one.message).join('\n'));
  return compiled.value;
}

/** Rules as the registry hands them to a shard: the n-th has generation n, from 1. */
export function assignRules(plans: Iterable<RulePlan>): RuleAssignment[] {
  return [...plans].map((plan, at) => ({
    name: plan.name,
    generation: at + 1,
    versions: [{ version: 1, plan, draining: false }],
  }));
}

export interface PassResult {
  readonly finished: boolean;
  /** Where the pass was given up. */
  readonly phase: 'fill' | 'measured';
  readonly events: number;
  readonly ms: number;
  readonly matches: number;
  /** Matches of the measured events. */
  readonly rows: number;
  readonly hash: string | undefined;
  readonly heapAfterFill: number | undefined;
}

export interface PassOptions {
  readonly verify: boolean;
  readonly timeoutMs: number;
  /** Makes every match with its events; otherwise they are counted. */
  readonly made?: boolean;
  /** Called between fill and measure: the heap in use. */
  readonly heap?: () => number;
  /** Called with the shard after every `commitEvery` events: writes what changed to a store. */
  readonly commit?: (shard: Shard) => Promise<void>;
}

/** The state before the measure may take so many times as long as the measure. */
const FILL_FACTOR = 2;

/** Events whose state the shard that stays up holds. */
const STAYING_EVENTS = 10_000;

/** Events between two commits: about a second of them. */
const COMMIT_EVERY = 100_000;

function addMatches(hash: MatchHash, matches: Iterable<RuleMatch>): void {
  for (const { generation, stages } of matches) {
    hash.add(generation - 1, stages[0]?.events[0]?.seq ?? 0, stages[1]?.events[0]?.seq ?? 0);
  }
}

/** Reads the stages of each match. */
function makeMatches(matches: Iterable<RuleMatch>): void {
  let events = 0;
  for (const { stages } of matches) for (const stage of stages) events += stage.events.length;
  if (events < 0) throw new Error('a match has events');
}

/** Documents are compiled once; every pass gets a shard of its own. */
export class WeirWorkload {
  private readonly ruleSet: RuleSet;
  private readonly end: StreamEvent;
  staying: unknown;

  constructor(
    private readonly spec: WorkloadSpec,
    private readonly events: readonly StreamEvent[],
  ) {
    this.ruleSet = compileDocuments(parseTexts(workloadDocuments(spec)), compileEnvironment());
    this.end = endOf(events, spec);
  }

  /**
   * Keeps a shard with some state from here on, as a service has one: V8 forgets the machine code of a class when its last object
   * is collected, and a pass would begin with code that is not compiled.
   */
  stayUp(): void {
    const { shard, timeline } = this.open();
    const out: StreamEvent[] = [];
    for (const event of this.events.slice(0, STAYING_EVENTS)) timeline.accept(event, out);
    advanceShard(shard, { kind: 'events', source: 'bench', events: out, watermark: timeline.watermark });
    this.staying = { shard, timeline };
  }

  private open(): { readonly shard: Shard; readonly timeline: SourceTimeline } {
    const shard = new Shard();
    advanceShard(shard, { kind: 'rules', rules: assignRules(this.ruleSet.rules.values()) });
    const plan = this.ruleSet.sources.get('bench');
    if (plan === undefined) throw new Error('the workload has a source');
    return { shard, timeline: new SourceTimeline(plan.watermark) };
  }

  async run(options: PassOptions): Promise<PassResult> {
    const { spec, events } = this;
    const { shard, timeline } = this.open();
    const hash = options.verify ? new MatchHash() : undefined;
    let matches = 0;
    const out: StreamEvent[] = [];
    const push = (): void => {
      const given: ShardOutput = advanceShard(shard, {
        kind: 'events',
        source: 'bench',
        events: out,
        watermark: timeline.watermark,
      });
      out.length = 0;
      matches += given.matches.length;
      if (hash !== undefined) addMatches(hash, given.matches);
      if (options.made === true) makeMatches(given.matches);
    };
    /** Events from `from` to before `to`; gives how many were processed before the time was over. */
    let committed = 0;
    const feed = async (from: number, to: number, deadline: number): Promise<number> => {
      for (let at = from; at < to; at += spec.batch) {
        if (performance.now() > deadline) return at - from;
        const end = Math.min(at + spec.batch, to);
        for (let i = at; i < end; i++) timeline.accept(events[i] as StreamEvent, out);
        push();
        if (options.commit !== undefined && end - committed >= COMMIT_EVERY) {
          await options.commit(shard);
          committed = end;
        }
      }
      await options.commit?.(shard);
      return to - from;
    };

    const fillBegun = performance.now();
    const filled = await feed(0, spec.fill, fillBegun + FILL_FACTOR * options.timeoutMs);
    const filledMs = performance.now() - fillBegun;
    const result = { matches, rows: 0, hash: undefined, heapAfterFill: undefined, finished: false };
    if (filled < spec.fill) return { ...result, phase: 'fill', events: filled, ms: filledMs };
    const heapAfterFill = options.heap?.();
    const matchesBefore = matches;

    const begun = performance.now();
    const done = await feed(spec.fill, events.length, begun + options.timeoutMs);
    const whole = done === events.length - spec.fill;
    if (whole) {
      timeline.accept(this.end, out);
      push();
    }
    const ms = performance.now() - begun;
    return {
      phase: 'measured',
      finished: whole,
      events: done,
      ms,
      matches,
      rows: matches - matchesBefore,
      hash: hash?.text,
      heapAfterFill,
    };
  }
}

/** An event that nothing takes and that brings the watermark to one millisecond after the last event. */
function endOf(events: readonly StreamEvent[], { maxOutOfOrderMs }: WorkloadSpec): StreamEvent {
  let last = 0;
  for (const { time } of events) last = Math.max(last, time);
  const ts = last + 2 + maxOutOfOrderMs;
  return toEvent({ ts, type: 'end', key: 'end', amount: 0, code: 0 }, events.length + 1);
}
