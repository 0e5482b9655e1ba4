/**
 * A shard: the single-threaded owner of keys, their state and their watermarks. The waist of the engine is one call,
 * `advanceShard`: a synchronous, deterministic function of the shard and its input.
 */
import type { KeyPlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import { eventIdentity } from '../model/event.js';
import { limits } from '../limits.js';
import type { KeyToken } from '../model/key.js';
import type { Ownership } from '../model/ownership.js';
import { SharedVerdicts } from '../nfa/shared-verdicts.js';
import type { RuleUse } from './active-rule.js';
import type { RuleAssignment, VersionAssignment } from './rule-versions.js';
import { ActiveRule } from './active-rule.js';
import type { OrdinalCounter } from './event-steps.js';
import { KeyGroup } from './key-group.js';
import type { ExecutorUse } from '../nfa/choose-executor.js';
import type { RuleCounters } from './rule-counters.js';
import { createCounters } from './rule-counters.js';
import type { CutCounter } from './residency.js';
import { estimateKeyBytes } from './residency.js';
import { AHEAD_MAX } from './look-ahead.js';
import type { RuleMatches } from './match-list.js';
import { MatchList } from './match-list.js';
import type { SavedKey } from './saved-key.js';
import type { SavedStored } from './saved-stored.js';
import { loadStored, saveStored } from './saved-stored.js';
import type { KeyChange } from './staged-keys.js';
import { StagedKeys } from './staged-keys.js';
import { versionsByGroup, versionsOver } from './versions-of-rules.js';

/** Everything a shard can be told. */
export type ShardInput =
  /** Events of one source that are final for it, in order, and the source's watermark after them. */
  | {
      readonly kind: 'events';
      readonly source: string;
      readonly events: readonly StreamEvent[];
      readonly watermark: number;
    }
  /** The source begins anew, with other records: its watermark and what waits of it are void. */
  | { readonly kind: 'reset'; readonly source: string }
  /** The rules from here on. */
  | { readonly kind: 'rules'; readonly rules: readonly RuleAssignment[] }
  /** An event read again after a restart that was final for its source but not for every rule (several sources). */
  | { readonly kind: 'refeed'; readonly event: StreamEvent }
  /** Reading again is interrupted and begins anew: what was fed again so far will come once more. */
  | { readonly kind: 'replay-again'; readonly source: string }
  /** Everything of the source that was read before the restart has been read again: its groups go on with their next input. */
  | { readonly kind: 'replayed'; readonly source: string }
  /** Keys as the store holds them: what the next input needs, or a sweep looks at. */
  | {
      readonly kind: 'keys';
      readonly group: string;
      readonly records: readonly KeyRecord[];
      /** Every cold key of the group that is due before is among the records. */
      readonly dueFrom?: number;
    };

/** A key's record, and its length in characters as text. */
export type KeyRecord = readonly [token: KeyToken, record: SavedKey, characters: number];

export interface ShardOutput {
  readonly matches: RuleMatches;
  /** Live runs that a change of rules dropped: of removed and restarted rules, and of versions whose drain is over. */
  readonly runsDropped: number;
}

/** What a shard's checkpoint keeps besides its keys. */
export interface SavedShard {
  readonly ordinal: number;
  /** [generation, version, event time at which the drain ends] of draining versions. */
  readonly drains: readonly (readonly [number, number, number])[];
  /** [group, watermark] of groups that still wait for their events after a restart; the others' is the minimum over their sources. */
  readonly held?: readonly (readonly [string, number | null])[];
  /** Absent in format 1. */
  readonly stored?: SavedStored;
}

/** Event time a version without `within` may drain. */
export const DRAIN_MAX_MS = 86_400_000;

export interface ShardOptions extends ExecutorUse {
  /** One of several shards: the keys of others, where they come along, are passed over. */
  readonly ownership?: Ownership;
  /** True of a source that gives each shard events of its own: all keys of it are this shard's. Default: none does. */
  readonly isPartitioned?: (source: string) => boolean;
}

export class Shard {
  readonly groups = new Map<string, KeyGroup>();
  /** Counters by rule generation: they outlive a change of the rule. */
  readonly counters = new Map<number, RuleCounters>();
  private bySource = new Map<string, KeyGroup[]>();
  private readonly ordinals: OrdinalCounter = { next: 1 };
  private firstOrdinal = 1;
  private readonly watermarks = new Map<string, number>();
  private out = new MatchList();
  private runsDropped = 0;
  private savedDrains = new Map<string, number>();
  /** Groups no rule uses any more, whose keys are still to be deleted from the store. */
  readonly closing = new Map<string, KeyGroup>();
  private readonly cuts: CutCounter = { taken: 0, durable: 0 };
  /** Rises with every input that may change what the next events need, besides events and keys themselves. */
  inputEpoch = 0;
  /** Rises with every change of rules: what was foreseen before is to be foreseen again. */
  rulesEpoch = 0;
  /** Live runs are counted as keys are loaded: the state does not say how many there are (format 1). */
  private counting = false;

  private readonly use: RuleUse;

  constructor(private readonly options: ShardOptions = {}) {
    this.use = { ...options, verdicts: new SharedVerdicts() };
  }

  /** See `advanceShard`. */
  advance(input: ShardInput): ShardOutput {
    if (input.kind !== 'events' && input.kind !== 'keys') this.inputEpoch++;
    if (input.kind === 'events') this.acceptEvents(input.source, input.events, input.watermark);
    else if (input.kind === 'rules') this.useRules(input.rules);
    else if (input.kind === 'reset') this.reset(input.source);
    else if (input.kind === 'refeed') this.refeed(input.event);
    else if (input.kind === 'replay-again')
      this.groupsOf(input.source).forEach((group) => group.dropWaiting(input.source));
    else if (input.kind === 'keys') this.takeKeys(input);
    else this.groupsOf(input.source).forEach((group) => group.replayed(input.source));
    const { out: matches, runsDropped } = this;
    this.out = new MatchList();
    this.runsDropped = 0;
    return { matches, runsDropped };
  }

  /** Keys that hold something, in memory or not. */
  get keyCount(): number {
    return this.residentCount + this.coldCount;
  }

  get residentCount(): number {
    return this.sum((group) => group.table.keys.size);
  }

  /** Keys only the store holds, those of groups no rule uses any more included. */
  get coldCount(): number {
    return this.sum((group) => group.table.residency.coldCount);
  }

  /** Estimates. */
  get residentBytes(): number {
    return this.sum((group) => group.table.residency.residentBytes);
  }

  get coldBytes(): number {
    return this.sum((group) => group.table.residency.coldBytes);
  }

  /** Changes since the last cut, keys that are gone included. */
  get dirtyCount(): number {
    return this.sum((group) => group.table.dirty.length);
  }

  /** Events since the start that were more than noise to some rule. */
  get steppedCount(): number {
    return this.ordinals.next - this.firstOrdinal;
  }

  /** Timers of keys in memory. */
  get timerCount(): number {
    return this.sum((group) => group.table.timerCount);
  }

  /** Events that had no key for a rule, by rule generation. */
  keyMissing(): ReadonlyMap<number, number> {
    const missing = new Map<number, number>();
    for (const group of this.groups.values()) {
      for (const { generation } of group.rules) {
        missing.set(generation, (missing.get(generation) ?? 0) + group.steps.keyMissing);
      }
    }
    return missing;
  }

  /** Versions whose drain is over: the registry may forget them. */
  drainedVersions(): readonly { readonly generation: number; readonly version: number }[] {
    const drained: { generation: number; version: number }[] = [];
    for (const group of this.groups.values()) {
      for (const rule of group.rules) {
        for (const { active, draining, drainUntil } of rule.versions) {
          if (draining && drainUntil <= group.watermark)
            drained.push({ generation: rule.generation, version: active.version });
        }
      }
    }
    return drained;
  }

  /** Lowest sequence of the source that waits for other sources; undefined for none. */
  lowestSeq(source: string): number | undefined {
    let lowest: number | undefined;
    for (const group of this.bySource.get(source) ?? []) {
      const seq = group.lowestSeq(source);
      if (seq !== undefined && (lowest === undefined || seq < lowest)) lowest = seq;
    }
    return lowest;
  }

  /**
   * True if the source is ahead of another that too many events already wait for: it must not be read on now. Never while what
   * waited before a restart is coming back, for time stands still until all of it is here.
   */
  isTooFarAhead(source: string, waitingMax: number = limits.mergedEventsMax): boolean {
    return this.groupsThatHold(source, waitingMax).length > 0;
  }

  /** Why the source is not read: the groups' rules, and the sources that they wait for. */
  heldBackFor(
    source: string,
    waitingMax: number = limits.mergedEventsMax,
  ): readonly { readonly rules: readonly string[]; readonly slow: readonly string[] }[] {
    return this.groupsThatHold(source, waitingMax).map((group) => ({
      rules: group.rules.map(({ name }) => name),
      slow: group.slowestSources,
    }));
  }

  private groupsThatHold(source: string, waitingMax: number): KeyGroup[] {
    const watermark = this.watermarks.get(source) ?? -Infinity;
    return (this.bySource.get(source) ?? []).filter(
      (group) => group.waiting > waitingMax && watermark > group.watermark && !group.awaits(source),
    );
  }

  /** Events of the source that wait for other sources, each once. */
  waitingEvents(source: string): StreamEvent[] {
    const byIdentity = new Map<string, StreamEvent>();
    for (const group of this.bySource.get(source) ?? []) {
      for (const event of group.waitingEvents(source)) byIdentity.set(eventIdentity(event), event);
    }
    return [...byIdentity.values()];
  }

  /** The lowest watermark over the groups the source feeds; the source's own when it stands alone. */
  lowestGroupWatermark(source: string): number {
    let lowest = this.watermarks.get(source) ?? -Infinity;
    for (const group of this.bySource.get(source) ?? []) lowest = Math.min(lowest, group.watermark);
    return lowest;
  }

  /**
   * Every key that changed since the last cut, as it is now. The caller takes all of them and writes them in one batch, or stops;
   * it may let the shard go on meanwhile.
   */
  cut(): StagedKeys {
    const cut = new StagedKeys(++this.cuts.taken);
    // Groups that closed come first: a group of the same name may have opened since.
    for (const [id, group] of this.closing) {
      this.stage(cut, group);
      if (group.table.residency.coldCount === 0) this.closing.delete(id);
    }
    for (const group of this.groups.values()) this.stage(cut, group);
    return cut;
  }

  private stage(cut: StagedKeys, group: KeyGroup): void {
    const staged = cut.open(group.id);
    for (const key of group.table.dirty) {
      key.dirty = false;
      // Also a key that came back meanwhile: the new state inherited the record in the store.
      if (key.gone && !key.stored) continue;
      key.stored = !key.gone;
      key.cut = cut.number;
      staged.add(key);
    }
    group.table.dirty = [];
    group.table.pending = staged;
  }

  /** A cut is durable: what it took may leave memory. */
  noteDurable(cut: number): void {
    this.cuts.durable = cut;
  }

  /** What the durable cuts deleted is forgotten. Not while records are being read: they may be older. */
  forgetLeft(): void {
    for (const group of this.all()) group.table.residency.forgetLeft();
  }

  /** Every key of a state of format 1 was loaded: from here on live runs are counted as they come and go. */
  endCounting(): void {
    this.counting = false;
  }

  /** The record of a key was made, so long. */
  noteSize({ group, token }: KeyChange, characters: number): void {
    this.groups.get(group)?.table.residency.resize(token, characters);
  }

  /** Lets keys that were not used lately go from memory until they take at most `bytesMax`. Gives how many went. */
  evict(bytesMax: number, stepsMax: number): number {
    let evicted = 0;
    for (const group of this.groups.values()) {
      const excess = this.residentBytes - bytesMax;
      if (excess <= 0) break;
      evicted += group.table.residency.evict(excess, stepsMax);
    }
    return evicted;
  }

  /** A cut taken whole at once. */
  takeChanges(): KeyChange[] {
    const cut = this.cut();
    return Array.from({ length: cut.count }, () => cut.take() as KeyChange);
  }

  save(): SavedShard {
    const drains: [number, number, number][] = [];
    for (const group of this.groups.values()) {
      for (const rule of group.rules) {
        for (const { active, draining, drainUntil } of rule.versions) {
          if (draining && drainUntil !== Infinity) drains.push([rule.generation, active.version, drainUntil]);
        }
      }
    }
    const held: [string, number | null][] = [];
    for (const { id, heldWatermark: at } of this.groups.values()) {
      if (at !== undefined) held.push([id, at === -Infinity ? null : at]);
    }
    const stored = saveStored(this.all(), this.counters);
    return { ordinal: this.ordinals.next, drains, held, stored };
  }

  /** Before the first input: the state of a checkpoint. `rules` must be those of the checkpoint. */
  load(saved: SavedShard, rules: readonly RuleAssignment[], watermarks: ReadonlyMap<string, number>): void {
    this.ordinals.next = saved.ordinal;
    this.firstOrdinal = saved.ordinal;
    for (const [generation, version, until] of saved.drains) this.savedDrains.set(`${generation}/${version}`, until);
    for (const [source, watermark] of watermarks) this.watermarks.set(source, watermark);
    this.useRules(rules);
    this.savedDrains.clear();
    this.counting = saved.stored === undefined;
    if (saved.stored === undefined) return;
    for (const [id] of saved.stored.keys)
      if (!this.groups.has(id)) this.closing.set(id, this.createGroup(id, new Map()));
    loadStored(saved.stored, this.all(), this.counters);
  }

  /** After `load`: these sources will feed again what was final for them but not for every rule, and then say `replayed`. */
  awaitReplay(saved: SavedShard, sources: readonly string[]): void {
    const held = new Map(saved.held);
    for (const group of this.groups.values()) {
      const at = held.get(group.id);
      group.holdFor(sources, at === undefined ? group.watermark : (at ?? -Infinity));
    }
  }

  /** Key groups a source feeds. */
  groupsOf(source: string): readonly KeyGroup[] {
    return this.bySource.get(source) ?? [];
  }

  private takeKeys({ group: id, records, dueFrom }: Extract<ShardInput, { kind: 'keys' }>): void {
    const group = this.groups.get(id) ?? this.closing.get(id);
    if (group === undefined) return;
    const { counting } = this;
    const countersOf = (generation: number): RuleCounters | undefined => this.counters.get(generation);
    for (const [token, record, characters] of records) {
      group.restoreKey(token, record, { counting, countersOf, bytes: estimateKeyBytes(characters) });
    }
    if (dueFrom !== undefined && group.table.residency.coldCount > 0) group.table.residency.coldDue = dueFrom;
  }

  private acceptEvents(source: string, events: readonly StreamEvent[], watermark: number): void {
    this.watermarks.set(source, Math.max(watermark, this.watermarks.get(source) ?? -Infinity));
    const groups = this.bySource.get(source);
    if (groups === undefined) return;
    for (let from = 0; from < events.length;) {
      let to = Math.min(from + AHEAD_MAX, events.length);
      // As far as all groups looked.
      for (let g = 0; g < groups.length; g++) to = (groups[g] as KeyGroup).lookAhead(events, from, to);
      for (let i = from; i < to; i++) {
        const event = events[i] as StreamEvent;
        for (let g = 0; g < groups.length; g++) (groups[g] as KeyGroup).accept(event, i - from);
      }
      from = to;
    }
    for (const group of groups) group.advance(source, watermark);
  }

  private reset(source: string): void {
    this.watermarks.delete(source);
    for (const group of this.bySource.get(source) ?? []) group.reset(source);
  }

  private refeed(event: StreamEvent): void {
    for (const group of this.bySource.get(event.source) ?? []) if (group.lacks(event)) group.acceptAgain(event);
  }

  private useRules(assignments: readonly RuleAssignment[]): void {
    this.rulesEpoch++;
    const wanted = new Map<string, { plans: ReadonlyMap<string, KeyPlan>; rules: RuleAssignment[] }>();
    for (const assignment of assignments) {
      for (const [id, versions] of versionsByGroup(assignment)) {
        const plans = (versions[0] as VersionAssignment).plan.keys;
        const entry = wanted.get(id) ?? { plans, rules: [] };
        entry.rules.push(versions === assignment.versions ? assignment : { ...assignment, versions });
        wanted.set(id, entry);
      }
    }
    for (const [id, group] of this.groups) if (!wanted.has(id)) this.closeGroup(id, group);
    for (const [id, { plans, rules }] of wanted) this.useGroup(id, plans, rules);
    const inForce = new Set(assignments.map((one) => one.generation));
    for (const generation of this.counters.keys()) if (!inForce.has(generation)) this.counters.delete(generation);
    this.bySource = new Map();
    for (const group of this.groups.values()) {
      for (const source of group.plans.keys()) {
        const groups = this.bySource.get(source);
        if (groups === undefined) this.bySource.set(source, [group]);
        else groups.push(group);
      }
    }
  }

  private useGroup(id: string, plans: ReadonlyMap<string, KeyPlan>, assigned: readonly RuleAssignment[]): void {
    const group = this.groups.get(id) ?? this.openGroup(id, plans);
    const before = new Map(group.rules.map((rule) => [rule.generation, rule]));
    const over = versionsOver(assigned, before);
    if (over.size > 0) this.runsDropped += group.dropVersions(over);
    const replaced = new Set<ActiveRule>();
    const rules = assigned.map(({ name, generation, versions }) => {
      const known = before.get(generation);
      before.delete(generation);
      const rule = known ?? this.createRule(name, generation);
      if (rule.useVersions(versions, group.watermark, DRAIN_MAX_MS)) replaced.add(rule);
      if (this.savedDrains.size > 0) this.restoreDrains(rule);
      return rule;
    });
    if (replaced.size > 0) group.renewDeadlines(replaced);
    group.useOwnership(this.ownershipOf(plans));
    group.useRules(rules);
    if (before.size === 0) return;
    this.runsDropped += group.dropRules(new Set(before.values()));
    for (const rule of before.values()) rule.release();
  }

  private restoreDrains({ generation, versions }: ActiveRule): void {
    for (const one of versions) {
      one.drainUntil = this.savedDrains.get(`${generation}/${one.active.version}`) ?? one.drainUntil;
    }
  }

  private ownershipOf(plans: ReadonlyMap<string, KeyPlan>): Ownership | undefined {
    const { ownership, isPartitioned } = this.options;
    return [...plans.keys()].every((source) => isPartitioned?.(source) === true) ? undefined : ownership;
  }

  private createRule(name: string, generation: number): ActiveRule {
    return new ActiveRule(name, generation, this.countersOf(generation), () => this.out, this.use);
  }

  private createGroup(id: string, plans: ReadonlyMap<string, KeyPlan>): KeyGroup {
    return new KeyGroup(id, plans, this.ordinals, this.cuts);
  }

  private openGroup(id: string, plans: ReadonlyMap<string, KeyPlan>): KeyGroup {
    const group = this.createGroup(id, plans);
    const earlier = this.closing.get(id);
    if (earlier !== undefined) group.takeOver(earlier);
    this.closing.delete(id);
    this.groups.set(id, group);
    for (const source of plans.keys()) group.restoreWatermark(source, this.watermarks.get(source) ?? -Infinity);
    return group;
  }

  private closeGroup(id: string, group: KeyGroup): void {
    this.runsDropped += group.dropRules(new Set(group.rules));
    for (const rule of group.rules) rule.release();
    group.useRules([]);
    this.closing.set(id, group);
    this.groups.delete(id);
  }

  /** Groups in force, and those whose keys are still to be deleted. */
  *all(): Iterable<KeyGroup> {
    yield* this.closing.values();
    yield* this.groups.values();
  }

  private sum(of: (group: KeyGroup) => number): number {
    let sum = 0;
    for (const group of this.all()) sum += of(group);
    return sum;
  }

  private countersOf(generation: number): RuleCounters {
    let counters = this.counters.get(generation);
    if (counters === undefined) {
      counters = createCounters();
      this.counters.set(generation, counters);
    }
    return counters;
  }
}

/** The one call: advances the shard by one input and gives what came out. Mutates the shard, nothing else. */
export function advanceShard(shard: Shard, input: ShardInput): ShardOutput {
  return shard.advance(input);
}
