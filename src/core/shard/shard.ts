/**
 * A shard: the single-threaded owner of keys, their state and their watermarks. The waist of the engine is one call,
 * `advanceShard`: a synchronous, deterministic function of the shard and its input.
 */
import type { KeyPlan, RulePlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import { eventIdentity } from '../model/event.js';
import { limits } from '../limits.js';
import type { KeyToken } from '../model/key.js';
import type { RuleAssignment, RuleCounters, VersionAssignment } from './active-rule.js';
import { ActiveRule, createCounters } from './active-rule.js';
import type { OrdinalCounter } from './key-group.js';
import { KeyGroup } from './key-group.js';
import type { RuleMatches } from './match-list.js';
import { MatchList } from './match-list.js';
import type { SavedKey } from './saved-key.js';
import { loadKey } from './saved-key.js';
import type { KeyChange } from './staged-keys.js';
import { StagedKeys } from './staged-keys.js';

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
  /** Everything of the source that was read before the restart has been read again. */
  | { readonly kind: 'replayed'; readonly source: string };

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
}

/** Event time a version without `within` may drain. */
export const DRAIN_MAX_MS = 86_400_000;

/** Canonical text of the sources and keys of a rule: rules with the same text share a key group. */
export function groupIdOf(plan: RulePlan): string {
  const parts = plan.sources.map((source): [string, string] => [source, plan.keys.get(source)?.text ?? '']);
  return JSON.stringify(parts.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

export class Shard {
  readonly groups = new Map<string, KeyGroup>();
  /** Counters by rule generation: they outlive a change of the rule. */
  readonly counters = new Map<number, RuleCounters>();
  private bySource = new Map<string, KeyGroup[]>();
  private readonly ordinals: OrdinalCounter = { next: 1 };
  private readonly watermarks = new Map<string, number>();
  private out = new MatchList();
  private runsDropped = 0;
  private savedDrains = new Map<string, number>();
  /** Groups no rule uses any more, whose keys are still to be deleted from the store. */
  private closed: KeyGroup[] = [];

  /** See `advanceShard`. */
  advance(input: ShardInput): ShardOutput {
    if (input.kind === 'events') this.acceptEvents(input.source, input.events, input.watermark);
    else if (input.kind === 'rules') this.useRules(input.rules);
    else if (input.kind === 'reset') this.reset(input.source);
    else if (input.kind === 'refeed') this.refeed(input.event);
    else if (input.kind === 'replay-again')
      this.groupsOf(input.source).forEach((group) => group.dropWaiting(input.source));
    else this.groupsOf(input.source).forEach((group) => group.replayed(input.source));
    const { out: matches, runsDropped } = this;
    this.out = new MatchList();
    this.runsDropped = 0;
    return { matches, runsDropped };
  }

  get keyCount(): number {
    let count = 0;
    for (const group of this.groups.values()) count += group.keys.size;
    return count;
  }

  get timerCount(): number {
    let count = 0;
    for (const group of this.groups.values()) count += group.timerCount;
    return count;
  }

  /** Events that had no key for a rule, by rule generation. */
  keyMissing(): ReadonlyMap<number, number> {
    const missing = new Map<number, number>();
    for (const group of this.groups.values()) {
      for (const { generation } of group.rules) {
        missing.set(generation, (missing.get(generation) ?? 0) + group.keyMissing);
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
    const watermark = this.watermarks.get(source) ?? -Infinity;
    return (this.bySource.get(source) ?? []).some(
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
    const cut = new StagedKeys();
    // Groups that closed come first: a group of the same name may have opened since.
    const groups = [...this.closed, ...this.groups.values()];
    this.closed = [];
    for (const group of groups) {
      const staged = cut.open(group.id);
      for (const key of group.dirty) {
        key.dirty = false;
        if (key.gone && !key.stored) continue;
        const replaced = key.gone && group.keys.has(key.token);
        if (replaced) {
          // The key came back as a new state, which inherits the record in the store.
          (group.keys.get(key.token) as { stored: boolean }).stored = true;
          continue;
        }
        key.stored = !key.gone;
        staged.add(key);
      }
      group.dirty = [];
      group.pending = staged;
    }
    return cut;
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
    return { ordinal: this.ordinals.next, drains, held };
  }

  /** Before the first input: the state of a checkpoint. `rules` must be those of the checkpoint. */
  load(saved: SavedShard, rules: readonly RuleAssignment[], watermarks: ReadonlyMap<string, number>): void {
    this.ordinals.next = saved.ordinal;
    for (const [generation, version, until] of saved.drains) this.savedDrains.set(`${generation}/${version}`, until);
    for (const [source, watermark] of watermarks) this.watermarks.set(source, watermark);
    this.useRules(rules);
    this.savedDrains.clear();
  }

  /** After `load`: these sources will feed again what was final for them but not for every rule, and then say `replayed`. */
  awaitReplay(saved: SavedShard, sources: readonly string[]): void {
    const held = new Map(saved.held);
    for (const group of this.groups.values()) {
      const at = held.get(group.id);
      group.holdFor(sources, at === undefined ? group.watermark : (at ?? -Infinity));
    }
  }

  /** Puts a key of the checkpoint in place; false if no rule holds anything for it any more. */
  loadKey(groupId: string, token: KeyToken, saved: SavedKey): boolean {
    const group = this.groups.get(groupId);
    if (group === undefined) return false;
    const key = loadKey(token, saved, (generation) => group.ruleOf(generation));
    if (key === undefined) return false;
    group.restoreKey(key);
    return true;
  }

  private acceptEvents(source: string, events: readonly StreamEvent[], watermark: number): void {
    this.watermarks.set(source, watermark);
    const groups = this.bySource.get(source);
    if (groups === undefined) return;
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as StreamEvent;
      for (let g = 0; g < groups.length; g++) (groups[g] as KeyGroup).accept(event);
    }
    for (const group of groups) group.advance(source, watermark);
  }

  private reset(source: string): void {
    this.watermarks.delete(source);
    for (const group of this.bySource.get(source) ?? []) group.reset(source);
  }

  private groupsOf(source: string): readonly KeyGroup[] {
    return this.bySource.get(source) ?? [];
  }

  private refeed(event: StreamEvent): void {
    for (const group of this.bySource.get(event.source) ?? []) if (group.lacks(event.time)) group.accept(event);
  }

  private useRules(assignments: readonly RuleAssignment[]): void {
    const wanted = new Map<string, { plans: ReadonlyMap<string, KeyPlan>; rules: RuleAssignment[] }>();
    for (const assignment of assignments) {
      for (const [id, versions] of versionsByGroup(assignment)) {
        const plans = (versions[0] as VersionAssignment).plan.keys;
        const entry = wanted.get(id) ?? { plans, rules: [] };
        entry.rules.push({ ...assignment, versions });
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
      const rule = known ?? new ActiveRule(name, generation, this.countersOf(generation), () => this.out);
      if (rule.useVersions(versions, group.watermark, DRAIN_MAX_MS)) replaced.add(rule);
      for (const one of rule.versions) {
        one.drainUntil = this.savedDrains.get(`${generation}/${one.active.version}`) ?? one.drainUntil;
      }
      return rule;
    });
    if (replaced.size > 0) group.renewDeadlines(replaced);
    group.useRules(rules);
    if (before.size > 0) this.runsDropped += group.dropRules(new Set(before.values()));
  }

  private openGroup(id: string, plans: ReadonlyMap<string, KeyPlan>): KeyGroup {
    const group = new KeyGroup(id, plans, this.ordinals);
    this.groups.set(id, group);
    for (const source of plans.keys()) group.restoreWatermark(source, this.watermarks.get(source) ?? -Infinity);
    return group;
  }

  private closeGroup(id: string, group: KeyGroup): void {
    this.runsDropped += group.dropRules(new Set(group.rules));
    group.useRules([]);
    this.closed.push(group);
    this.groups.delete(id);
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

function versionsByGroup({ versions }: RuleAssignment): Map<string, VersionAssignment[]> {
  const byGroup = new Map<string, VersionAssignment[]>();
  for (const version of versions) {
    const id = groupIdOf(version.plan);
    const list = byGroup.get(id);
    if (list === undefined) byGroup.set(id, [version]);
    else list.push(version);
  }
  return byGroup;
}

/** Versions that rules have in use and are not assigned any more. */
function versionsOver(
  assigned: readonly RuleAssignment[],
  inUse: ReadonlyMap<number, ActiveRule>,
): ReadonlyMap<ActiveRule, ReadonlySet<number>> {
  const over = new Map<ActiveRule, ReadonlySet<number>>();
  for (const { generation, versions } of assigned) {
    const rule = inUse.get(generation);
    if (rule === undefined) continue;
    const kept = new Set(versions.map((one) => one.version));
    const gone = rule.versions.map((one) => one.active.version).filter((version) => !kept.has(version));
    if (gone.length > 0) over.set(rule, new Set(gone));
  }
  return over;
}

/** The one call: advances the shard by one input and gives what came out. Mutates the shard, nothing else. */
export function advanceShard(shard: Shard, input: ShardInput): ShardOutput {
  return shard.advance(input);
}
