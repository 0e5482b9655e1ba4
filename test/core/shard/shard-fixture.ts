/** A shard behind the timelines of its sources, fed by hand: what the engine does, without the engine. */
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import { compileParsed } from '../../../src/core/document/compile.js';
import type { RuleSet, SourcePlan } from '../../../src/core/document/plans.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { eventIdentity } from '../../../src/core/model/event.js';
import type { KeyToken } from '../../../src/core/model/key.js';
import type { RuleMatch } from '../../../src/core/model/match.js';
import type { RuleAssignment } from '../../../src/core/shard/rule-versions.js';
import type { SavedKey } from '../../../src/core/shard/saved-key.js';
import type { SavedShard, ShardInput } from '../../../src/core/shard/shard.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { SourceTimeline } from '../../../src/core/time/source-timeline.js';

const expressions = createJsonataCompiler();

export function ruleSetOf(text: string): RuleSet {
  const environment = { expressions, digest: systemDigest, schemaCheck: compileSchema, alertPrefix: 'a', revision: 1 };
  const compiled = compileParsed(parseDocuments(text, { origin: 'file' }), environment);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('\n'));
  return compiled.value;
}

export function assignmentsOf(ruleSet: RuleSet): RuleAssignment[] {
  return [...ruleSet.rules.values()].map((plan, at) => ({
    name: plan.name,
    generation: at + 1,
    versions: [{ version: 1, plan, draining: false }],
  }));
}

/** A match as a line: rule, kind, key, time, what was held back, events. */
export function lineOf({ rule, kind, key, time, suppressed, stages }: RuleMatch): string {
  const events = stages.map(({ stage, events: taken }) => `${stage}=${taken.map(eventIdentity).join(',')}`);
  return [rule, kind, JSON.stringify(key), time, suppressed, ...events].join(' ');
}

type Stored = readonly [string, KeyToken, string];

export class ShardRun {
  shard = new Shard();
  readonly matches: RuleMatch[] = [];
  readonly timelines: ReadonlyMap<string, SourceTimeline>;
  private readonly assignments: RuleAssignment[];
  private readonly store = new Map<string, Stored>();

  constructor(private readonly ruleSet: RuleSet) {
    this.assignments = assignmentsOf(ruleSet);
    const sources = [...ruleSet.sources.values()];
    this.timelines = new Map(sources.map(({ name, watermark }: SourcePlan) => [name, new SourceTimeline(watermark)]));
    this.input({ kind: 'rules', rules: this.assignments });
  }

  /** Matches of each rule, in order. */
  get byRule(): Record<string, string[]> {
    const lines: Record<string, string[]> = {};
    for (const match of this.matches) (lines[match.rule] ??= []).push(lineOf(match));
    return lines;
  }

  /** All matches, sorted. */
  get lines(): string[] {
    return this.matches.map(lineOf).sort();
  }

  get liveRuns(): number {
    return [...this.shard.counters.values()].reduce((sum, one) => sum + one.liveRuns, 0);
  }

  /** Takes in events of one source; gives how many were late. */
  accept(source: string, events: readonly StreamEvent[]): number {
    const timeline = this.timelineOf(source);
    const out: StreamEvent[] = [];
    let late = 0;
    for (const event of events) if (!timeline.accept(event, out)) late++;
    this.input({ kind: 'events', source, events: out, watermark: timeline.watermark });
    return late;
  }

  end(): void {
    for (const [source, timeline] of this.timelines) {
      const out: StreamEvent[] = [];
      timeline.end(out);
      this.input({ kind: 'events', source, events: out, watermark: timeline.watermark });
    }
  }

  /** Another shard goes on from what a checkpoint of this one would hold, as text. */
  restart(): void {
    this.checkpoint();
    const saved = JSON.parse(JSON.stringify(this.shard.save())) as SavedShard;
    const sources = [...this.timelines.keys()];
    const waiting = sources.flatMap((source) => this.shard.waitingEvents(source));
    const watermarks = new Map([...this.timelines].map(([source, { watermark }]) => [source, watermark]));
    this.shard = new Shard();
    this.shard.load(saved, this.assignments, watermarks);
    this.shard.awaitReplay(saved, sources);
    for (const [group, token, record] of this.store.values()) {
      this.input({ kind: 'keys', group, records: [[token, JSON.parse(record) as SavedKey, record.length]] });
    }
    if (this.shard.residentCount !== this.store.size) throw new Error('a stored key is void');
    const before = this.matches.length;
    for (const event of waiting) this.input({ kind: 'refeed', event });
    for (const source of sources) this.input({ kind: 'replayed', source });
    if (this.matches.length > before) throw new Error('a restart alone gave matches');
  }

  /** Writes what changed; gives how many keys the store holds. */
  checkpoint(): number {
    for (const { group, token, record } of this.shard.takeChanges()) {
      const key = JSON.stringify([group, token]);
      if (record === undefined) this.store.delete(key);
      else this.store.set(key, [group, token, JSON.stringify(record)]);
    }
    return this.store.size;
  }

  private timelineOf(source: string): SourceTimeline {
    const found = this.timelines.get(source);
    if (found === undefined) throw new Error(`no source ${source}`);
    return found;
  }

  private input(input: ShardInput): void {
    this.matches.push(...advanceShard(this.shard, input).matches);
  }
}
