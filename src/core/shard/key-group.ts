/**
 * A key group: the rules that read the same sources by the same key, and the state of their keys. An event is looked up once
 * per group, however many rules the group has.
 *
 * Invariant: before an event at time t is processed, every deadline of the group at or before t has passed. So the order of
 * what comes out depends on the events alone, never on how they were cut into batches.
 */
import type { KeyPlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import type { KeyToken } from '../model/key.js';
import type { Ownership } from '../model/ownership.js';
import { EventBuffer } from '../time/event-buffer.js';
import type { ActiveRule } from './active-rule.js';
import { dropRules, dropVersions, renewDeadlines } from './change-rules.js';
import type { OrdinalCounter } from './event-steps.js';
import { EventSteps } from './event-steps.js';
import { KeyReader } from './key-reader.js';
import { KeyTable } from './key-table.js';
import type { CutCounter } from './residency.js';
import type { LoadOptions, SavedKey } from './saved-key.js';
import { loadKey } from './saved-key.js';

/**
 * Cold keys that a change of rules concerns, too: in the background, for what it drops is void in any case; or before time passes
 * on, for they may be due earlier now.
 */
export type Sweep = 'none' | 'background' | 'first';

export class KeyGroup {
  /** Keys in memory. */
  readonly table: KeyTable;
  readonly steps: EventSteps;
  sweep: Sweep = 'none';
  private activeRules: readonly ActiveRule[] = [];
  private byGeneration: ReadonlyMap<number, ActiveRule> = new Map();
  /** Events of several sources, waiting for the slowest; unused for one source. */
  private merge = new EventBuffer();
  private readonly watermarks: Map<string, number>;
  readonly merging: boolean;
  /** After a restart: sources whose events above `heldAt` are not all back yet. Until they are, the watermark stays there. */
  private readonly replaying = new Set<string>();
  private heldAt = -Infinity;
  /** Time stood still at `heldAt`, and did not go on since. */
  private isHeld = false;
  private readonly released: StreamEvent[] = [];
  /** Some rule of the group minds every event of a key. */
  private minding = false;

  constructor(
    /** Canonical text of sources and keys; part of the state format. */
    readonly id: string,
    readonly plans: ReadonlyMap<string, KeyPlan>,
    ordinals: OrdinalCounter,
    cuts: CutCounter,
  ) {
    this.table = new KeyTable(cuts);
    const readers = new Map([...plans].map(([source, plan]) => [source, new KeyReader(plan)]));
    this.steps = new EventSteps(this.table, readers, ordinals);
    this.watermarks = new Map([...plans.keys()].map((source) => [source, -Infinity]));
    this.merging = plans.size > 1;
  }

  /** At or below it no event of the group is expected: the minimum over its sources, or where time stands still after a restart. */
  get watermark(): number {
    if (this.isHeld) return this.heldAt;
    let least = Infinity;
    for (const watermark of this.watermarks.values()) if (watermark < least) least = watermark;
    return least;
  }

  /** The sources that hold the watermark where it is. */
  get slowestSources(): readonly string[] {
    const least = this.watermark;
    return [...this.watermarks].flatMap(([name, watermark]) => (watermark <= least ? [name] : []));
  }

  get rules(): readonly ActiveRule[] {
    return this.activeRules;
  }

  /** The rules from here on, each with its versions in place. */
  useRules(rules: readonly ActiveRule[]): void {
    this.activeRules = rules;
    this.byGeneration = new Map(rules.map((rule) => [rule.generation, rule]));
    this.steps.useRules(rules);
    this.minding = rules.some(({ minds }) => minds);
  }

  /** False if the event, final for its source, can change nothing here, whatever its key: nobody need bring it. */
  mayConcern(event: StreamEvent): boolean {
    return this.merging || this.minding || this.steps.mayConcern(event);
  }

  ruleOf(generation: number): ActiveRule | undefined {
    return this.byGeneration.get(generation);
  }

  get waiting(): number {
    return this.merge.size;
  }

  /** Which keys are this shard's; undefined: every key it is given. */
  useOwnership(ownership: Ownership | undefined): void {
    this.steps.ownership = ownership;
  }

  /** Before events that are final for their source are accepted: the next ones, to before `to` or fewer; gives where it ended. */
  lookAhead(events: readonly StreamEvent[], from: number, to: number): number {
    return this.merging ? to : this.steps.lookAhead(events, from, to);
  }

  /** An event that is final for its source, `at` its place among those looked at. */
  accept(event: StreamEvent, at: number): void {
    if (this.merging) this.merge.push(event);
    else this.steps.process(event, at);
  }

  /** An event read again that waited here. */
  acceptAgain(event: StreamEvent): void {
    this.merge.push(event);
  }

  /** A source's watermark moved: what is now final for the group is processed, then deadlines up to it pass. */
  advance(source: string, watermark: number): void {
    if (watermark > (this.watermarks.get(source) ?? -Infinity)) this.watermarks.set(source, watermark);
    if (this.replaying.size === 0) this.isHeld = false;
    const least = this.watermark;
    if (this.merging) {
      this.merge.releaseTo(least, this.released);
      this.steps.processAll(this.released);
      this.released.length = 0;
    }
    this.table.passTime(least);
  }

  /** Restores the watermarks of a checkpoint without passing time: what was due then already left. */
  restoreWatermark(source: string, watermark: number): void {
    if (this.watermarks.has(source)) this.watermarks.set(source, watermark);
  }

  /** Events of these sources, final there but not here, are on their way back: time stands still at `at` until each has replayed. */
  holdFor(sources: readonly string[], at: number): void {
    if (!this.merging) return;
    this.heldAt = Math.min(at, this.watermark);
    this.isHeld = true;
    for (const source of sources) if (this.watermarks.has(source)) this.replaying.add(source);
  }

  /**
   * The watermark to go on from after a restart, while it is not the minimum over the sources: also when everything is back, until
   * the next input lets time go on.
   */
  get heldWatermark(): number | undefined {
    return this.isHeld ? this.heldAt : undefined;
  }

  /** True while events of the source that waited here are not all back. */
  awaits(source: string): boolean {
    return this.replaying.has(source);
  }

  /** Every event of the source that waited here is back: time goes on with the next input of any source. */
  replayed(source: string): void {
    this.replaying.delete(source);
  }

  /** The source begins anew: its watermark, and events of it that wait here or are on their way back, are void. */
  reset(source: string): void {
    if (this.watermarks.has(source)) this.watermarks.set(source, -Infinity);
    this.replaying.delete(source);
    this.dropWaiting(source);
  }

  /** Events of the source that wait here are void, or will be fed again. */
  dropWaiting(source: string): void {
    const kept = [...this.merge].filter((event) => event.source !== source);
    this.merge = new EventBuffer();
    for (const event of kept) this.merge.push(event);
  }

  /**
   * True if the event, final for its source, waited here before a restart. A group that came with the restart begins behind what is
   * final, as it does without one.
   */
  lacks({ source, time }: StreamEvent): boolean {
    return this.replaying.has(source) && time > this.watermark;
  }

  /** Lowest sequence of the source that still waits here; undefined for none. */
  lowestSeq(source: string): number | undefined {
    let lowest: number | undefined;
    for (const event of this.merge) {
      if (event.source === source && (lowest === undefined || event.seq < lowest)) lowest = event.seq;
    }
    return lowest;
  }

  /** Events of the source that wait here for other sources. */
  waitingEvents(source: string): StreamEvent[] {
    return [...this.merge].filter((event) => event.source === source);
  }

  /** Removes what the rules hold for every key; gives the number of live runs dropped. */
  dropRules(gone: ReadonlySet<ActiveRule>): number {
    this.wantSweep('background');
    return dropRules(this.table, gone);
  }

  /** Drops the live runs of versions that are no longer in use, of all rules at once; gives their number. */
  dropVersions(over: ReadonlyMap<ActiveRule, ReadonlySet<number>>): number {
    this.wantSweep('background');
    return dropVersions(this.table, over);
  }

  /** Computes the deadlines of the rules' runs again, after their automata were replaced. */
  renewDeadlines(rules: ReadonlySet<ActiveRule>): void {
    this.wantSweep('first');
    renewDeadlines(this.table, rules);
  }

  /** Goes on from where a group of the same name left the store when it closed. */
  takeOver(earlier: KeyGroup): void {
    this.table.takeOver(earlier.table);
    this.wantSweep('background');
  }

  /** The cold keys have to be looked at, too. */
  wantSweep(sweep: Sweep): void {
    if (this.table.residency.coldCount > 0 && this.sweep !== 'first') this.sweep = sweep;
  }

  /**
   * Puts a key in place as the store holds it, if it is not here. What belongs to rules and versions no longer in force leaves it
   * now. `counting`: its live runs were not counted before.
   */
  restoreKey(token: KeyToken, saved: SavedKey, options: Omit<LoadOptions, 'ruleOf'>): void {
    const { table } = this;
    const { residency } = table;
    if (!residency.isCold(token) && !options.counting) return;
    const { key, shortened, changed } = loadKey(token, saved, {
      ...options,
      ruleOf: (one) => this.byGeneration.get(one),
    });
    residency.restore(key);
    for (const place of shortened) {
      const state = key.rules.stateAt(place);
      state.rule.releaseWaiting(key, state);
      table.refresh(key, place, state);
    }
    if (key.rules.condemned) table.condemning = true;
    if (changed || key.rules.earliest !== key.storedDue) table.markDirty(key);
    table.settle(key);
  }

  /** Where the group's watermark will stand once the source's is at `watermark`. */
  watermarkAfter(source: string, watermark: number): number {
    if (this.replaying.size > 0) return this.heldAt;
    let least = Infinity;
    for (const [name, at] of this.watermarks) least = Math.min(least, name === source ? Math.max(at, watermark) : at);
    return least;
  }

  /** Events that wait here and will be final at `watermark`, in no particular order. */
  *waitingUpTo(watermark: number): Iterable<StreamEvent> {
    for (const event of this.merge) if (event.time <= watermark) yield event;
  }
}
