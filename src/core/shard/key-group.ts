/**
 * A key group: the rules that read the same sources by the same key, and the state of their keys. An event is looked up once
 * per group, however many rules the group has.
 *
 * Invariant: before an event at time t is processed, every deadline of the group at or before t has passed. So the order of
 * what comes out depends on the events alone, never on how they were cut into batches.
 */
import type { KeyPlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import type { KeyToken, KeyValue } from '../model/key.js';
import type { Ownership } from '../model/ownership.js';
import { ownsKey } from '../model/ownership.js';
import { EventBuffer } from '../time/event-buffer.js';
import { liveRunsOf } from '../nfa/arena/arena-matcher.js';
import type { LoneBegin } from '../nfa/lone-matcher.js';
import { BEGINS, WAITS } from '../nfa/lone-matcher.js';
import { deadlineOfLone, runSetOf } from '../nfa/lone-run.js';
import type { ActiveRule, RuleState } from './active-rule.js';
import { KeyReader } from './key-reader.js';
import type { Held } from './key-rules.js';
import type { KeyState } from './key-state.js';
import { expireThrottles, isEmpty, nextDue } from './key-state.js';
import { LoneOfRule } from './lone-of-rule.js';
import type { CutCounter } from './residency.js';
import { Residency } from './residency.js';
import { RuleIndex } from './rule-index.js';
import type { LoadOptions, SavedKey } from './saved-key.js';
import { loadKey } from './saved-key.js';
import type { PendingKeys } from './staged-keys.js';
import { TimerHeap } from './timer-heap.js';
import { FOUND_ASK, FOUND_BEGINS, FOUND_BITS, FOUND_SURE_BEGIN, FOUND_SURE_END } from './way-rows.js';

/** Gives events their place in the shard's order of processing. */
export interface OrdinalCounter {
  next: number;
}

/** Void timers that may stay, beyond one for every key, before the timers are made anew. */
const VOID_TIMERS_MAX = 1_024;

/**
 * Cold keys that a change of rules concerns, too: in the background, for what it drops is void in any case; or before time passes
 * on, for they may be due earlier now.
 */
export type Sweep = 'none' | 'background' | 'first';

export class KeyGroup {
  readonly residency: Residency;
  /** Keys in memory. */
  readonly keys: Map<KeyToken, KeyState>;
  sweep: Sweep = 'none';
  /** Keys changed since the last checkpoint, those that left the group included. */
  dirty: KeyState[] = [];
  /** The cut of a checkpoint that still makes its records. */
  pending: PendingKeys | undefined;
  /** Events that rules were found for and that had no key. */
  keyMissing = 0;
  private activeRules: readonly ActiveRule[] = [];
  private byGeneration: ReadonlyMap<number, ActiveRule> = new Map();
  private readonly index = new RuleIndex();
  /** What the index found, and the rules that are concerned: scratch of one event. */
  private readonly found: number[] = [];
  private readonly concerned: number[] = [];
  private readonly places: number[] = [];
  private readonly timers = new TimerHeap<KeyState>();
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
  private keyValue: KeyValue | undefined;
  /** Some key may hold condemned runs, which any event of the key drops, noise too. */
  condemning = false;
  /** Which keys are this shard's; undefined: every key it is given. */
  ownership: Ownership | undefined;
  private readonly readers: ReadonlyMap<string, KeyReader>;

  constructor(
    /** Canonical text of sources and keys; part of the state format. */
    readonly id: string,
    readonly plans: ReadonlyMap<string, KeyPlan>,
    private readonly ordinals: OrdinalCounter,
    cuts: CutCounter,
  ) {
    this.residency = new Residency(cuts);
    this.keys = this.residency.keys;
    this.watermarks = new Map([...plans.keys()].map((source) => [source, -Infinity]));
    this.merging = plans.size > 1;
    this.readers = new Map([...plans].map(([source, plan]) => [source, new KeyReader(plan)]));
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
    this.index.use(rules);
  }

  ruleOf(generation: number): ActiveRule | undefined {
    return this.byGeneration.get(generation);
  }

  get timerCount(): number {
    return this.timers.size;
  }

  get waiting(): number {
    return this.merge.size;
  }

  /** An event that is final for its source. */
  accept(event: StreamEvent): void {
    if (this.merging) this.merge.push(event);
    else this.process(event);
  }

  /** A source's watermark moved: what is now final for the group is processed, then deadlines up to it pass. */
  advance(source: string, watermark: number): void {
    if (watermark > (this.watermarks.get(source) ?? -Infinity)) this.watermarks.set(source, watermark);
    if (this.replaying.size === 0) this.isHeld = false;
    const least = this.watermark;
    if (this.merging) {
      this.merge.releaseTo(least, this.released);
      for (const event of this.released) this.process(event);
      this.released.length = 0;
    }
    this.passTime(least);
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

  /** True if an event of this time, final for its source, was not processed here yet. */
  lacks(time: number): boolean {
    return this.merging && time > this.watermark;
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

  /** Removes what the rules hold for every key; gives the number of live runs dropped. Works through all keys in memory. */
  dropRules(gone: ReadonlySet<ActiveRule>): number {
    let dropped = 0;
    this.wantSweep('background');
    for (const key of this.keys.values()) {
      for (let i = key.rules.size - 1; i >= 0; i--) {
        const held = key.rules.at(i);
        if (!gone.has(held.rule)) continue;
        this.saveFirst(key);
        const runs = held instanceof LoneOfRule ? 1 : liveRunsOf(held);
        dropped += runs;
        held.rule.counters.liveRuns -= runs;
        key.rules.letGo(i);
        this.markDirty(key);
      }
      this.settle(key);
    }
    return dropped;
  }

  /** Drops the live runs of versions that are no longer in use, of all rules at once. Works through all keys in memory. */
  dropVersions(over: ReadonlyMap<ActiveRule, ReadonlySet<number>>): number {
    let dropped = 0;
    this.wantSweep('background');
    for (const key of this.keys.values()) {
      let changed = false;
      for (let i = 0; i < key.rules.size; i++) {
        const versions = over.get(key.rules.ruleAt(i));
        if (versions === undefined) continue;
        this.saveFirst(key);
        const state = key.rules.stateAt(i);
        dropped += state.rule.dropVersions(key, state, versions);
        if (state.set.condemned) this.condemning = true;
        this.refresh(key, i, state);
        changed = true;
      }
      if (!changed) continue;
      this.markDirty(key);
      this.settle(key);
    }
    return dropped;
  }

  /** Computes the deadlines of the rules' runs again, after their automata were replaced. Works through all keys in memory. */
  renewDeadlines(rules: ReadonlySet<ActiveRule>): void {
    this.wantSweep('first');
    for (const key of this.keys.values()) {
      let changed = false;
      for (let i = 0; i < key.rules.size; i++) {
        if (!rules.has(key.rules.ruleAt(i))) continue;
        this.saveFirst(key);
        changed = true;
        this.renewDeadlinesAt(key, i);
      }
      if (!changed) continue;
      // The deadlines are in no record, but among the timers.
      this.markDirty(key);
      this.schedule(key, key.rules.earliest);
    }
  }

  private renewDeadlinesAt(key: KeyState, place: number): void {
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule) {
      key.rules.setDue(place, deadlineOfLone(held));
      return;
    }
    held.rule.renewDeadlines(held);
    key.rules.setDue(place, nextDue(held));
  }

  /** Goes on from where a group of the same name left the store when it closed. */
  takeOver(earlier: KeyGroup): void {
    this.residency.takeOver(earlier.residency);
    this.dirty = earlier.dirty;
    this.pending = earlier.pending;
    this.wantSweep('background');
  }

  /** The cold keys have to be looked at, too. */
  wantSweep(sweep: Sweep): void {
    if (this.residency.coldCount > 0 && this.sweep !== 'first') this.sweep = sweep;
  }

  /**
   * Puts a key in place as the store holds it, if it is not here. What belongs to rules and versions no longer in force leaves it
   * now. `counting`: its live runs were not counted before.
   */
  restoreKey(token: KeyToken, saved: SavedKey, options: Omit<LoadOptions, 'ruleOf'>): void {
    const { residency } = this;
    if (!residency.isCold(token) && !options.counting) return;
    const { key, shortened, changed } = loadKey(token, saved, {
      ...options,
      ruleOf: (one) => this.byGeneration.get(one),
    });
    residency.restore(key);
    for (const place of shortened) {
      const state = key.rules.stateAt(place);
      state.rule.releaseWaiting(key, state);
      this.refresh(key, place, state);
    }
    if (key.rules.condemned) this.condemning = true;
    if (changed || key.rules.earliest !== key.storedDue) this.markDirty(key);
    this.settle(key);
  }

  /** The event's key, if something must be known of it that only the store knows. */
  coldKeyOf(event: StreamEvent): KeyToken | undefined {
    const token = this.keyOf(event);
    if (token === undefined || !this.residency.isCold(token)) return undefined;
    if (this.condemning) return token;
    this.index.find(event.body, this.found);
    this.askFound(event, this.keyValue, 'cold');
    return this.concerned.every((one) => this.ruleAt(one).isStateless) ? undefined : token;
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

  /** The event's key as a token, its value left in `keyValue`; undefined if the event has none. */
  private keyOf(event: StreamEvent): KeyToken | undefined {
    const reader = this.readers.get(event.source);
    const token = reader?.tokenOf(event);
    this.keyValue = reader?.value;
    return token;
  }

  private process(event: StreamEvent): void {
    this.index.find(event.body, this.found);
    if (this.found.length === 0 && !this.condemning) return;
    if (this.timers.nextTime <= event.time) this.passTime(event.time);
    const token = this.keyOf(event);
    if (token === undefined) {
      if (this.ownership === undefined || this.ownership.shard === 0) this.keyMissing++;
      return;
    }
    if (this.ownership !== undefined && !ownsKey(this.ownership, token)) return;
    const value = this.keyValue;
    const key = this.keys.get(token);
    this.askFound(event, value, key);
    if (this.concerned.length === 0 && !(this.condemning && key?.rules.condemned === true)) return;
    this.stepKey(event, { token, value, known: key });
  }

  private ruleAt(found: number): ActiveRule {
    return this.activeRules[found >> FOUND_BITS] as ActiveRule;
  }

  /**
   * Of the rules found those for which the event is more than noise, in order, and beside them where the key holds something of the
   * rule. What a cold key holds is not known.
   */
  private askFound(event: StreamEvent, value: KeyValue | undefined, key: KeyState | undefined | 'cold'): void {
    const { found, concerned, places } = this;
    if (concerned.length > 0) {
      concerned.length = 0;
      places.length = 0;
    }
    for (let i = 0; i < found.length; i++) {
      const one = found[i] as number;
      const rule = this.ruleAt(one);
      const place = key === undefined || key === 'cold' ? -1 : key.rules.placeOf(rule);
      if ((one & FOUND_BEGINS) === 0 && key !== 'cold' && place < 0) continue;
      // Found by what is all of a condition, that condition holds.
      if ((one & FOUND_ASK) !== 0 && rule.isNoise(event, value)) continue;
      concerned.push(one);
      places.push(place);
    }
  }

  private stepKey(
    event: StreamEvent,
    { token, value, known }: { token: KeyToken; value: KeyValue | undefined; known: KeyState | undefined },
  ): void {
    const ordinal = this.ordinals.next++;
    let key = known;
    if (key !== undefined) {
      this.saveFirst(key);
      if (key.uses <= 0) key.uses++;
    }
    let changed = false;
    let emptied = false;
    let due = Infinity;
    for (let i = 0; i < this.concerned.length; i++) {
      const one = this.concerned[i] as number;
      let place = this.places[i] as number;
      if (place < 0) {
        const rule = this.ruleAt(one);
        const begun = this.begin(rule, event, { value, ordinal, found: one });
        if (begun === undefined) continue;
        key ??= this.residency.create(token, value);
        place = key.rules.size;
        key.rules.add(begun, Infinity);
        if (begun instanceof LoneOfRule) this.setLoneDue(key, place, rule, event);
        else this.stepAt(key, place, event, ordinal);
        changed = true;
      } else if (this.stepHeld(key as KeyState, place, { found: one, event, ordinal })) changed = true;
      const at = (key as KeyState).rules.dueAt(place);
      if (at < due) due = at;
      else if (Number.isNaN(at)) emptied = true;
    }
    if (key === undefined) return;
    if (this.condemning && this.dropCondemned(key, event, ordinal)) {
      changed = true;
      emptied = true;
    }
    if (changed) this.markDirty(key);
    // What the event did not touch is as it was: it need not be looked at.
    if (emptied) this.settle(key);
    else this.schedule(key, due);
  }

  /** What the rule, which holds nothing for the key, holds from the event on: a lone run, or a state that is still to be stepped. */
  private begin(
    rule: ActiveRule,
    event: StreamEvent,
    { value, ordinal, found }: { value: KeyValue | undefined; ordinal: number; found: number },
  ): Held | undefined {
    const alone = rule.loneBegin;
    if ((found & FOUND_SURE_BEGIN) !== 0 && alone !== undefined) return rule.beginAlone(alone, event, ordinal);
    if (!rule.admit(event, value)) return undefined;
    if (alone !== undefined) return rule.beginsAlone(event, value) ? rule.beginAlone(alone, event, ordinal) : undefined;
    if (!rule.starts(event, value)) return undefined;
    if (!rule.isStateless) return rule.createState();
    rule.stepStateless(value, event, ordinal);
    return undefined;
  }

  private setLoneDue(key: KeyState, place: number, { loneBegin }: ActiveRule, { time }: StreamEvent): void {
    key.rules.setDue(place, time + (loneBegin as LoneBegin).spanMs);
  }

  /** Steps what the rule at the place held before the event; true if anything changed. */
  private stepHeld(
    key: KeyState,
    place: number,
    { found, event, ordinal }: { found: number; event: StreamEvent; ordinal: number },
  ): boolean {
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule && (found & FOUND_ASK) === 0) {
      const [begins, ends] = [(found & FOUND_SURE_BEGIN) !== 0, (found & FOUND_SURE_END) !== 0];
      const done = held.rule.stepKnown(key, held, { begins, ends, event, ordinal });
      if (done !== undefined) return this.settleAlone(key, place, { done, event, ordinal });
    }
    return held.rule.admit(event, key.key) && this.stepAt(key, place, event, ordinal);
  }

  /** Steps what the rule at the place holds on an admitted event; true if anything changed. */
  private stepAt(key: KeyState, place: number, event: StreamEvent, ordinal: number): boolean {
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule) {
      const done = held.rule.stepAlone(key, held, event, ordinal);
      if (done !== undefined) return this.settleAlone(key, place, { done, event, ordinal });
    }
    const state = key.rules.stateAt(place);
    const changed = state.rule.step(key, state, event, ordinal);
    if (changed || isEmpty(state)) this.refresh(key, place, state);
    else if (held !== state) key.rules.put(place, held);
    return changed;
  }

  /** After a step of the lone run at the place, which did what `done` says; true if anything changed. */
  private settleAlone(
    key: KeyState,
    place: number,
    { done, event, ordinal }: { done: number; event: StreamEvent; ordinal: number },
  ): boolean {
    if (done === WAITS) return false;
    const lone = key.rules.at(place) as LoneOfRule;
    const { rule } = lone;
    if ((done & BEGINS) === 0) {
      if ((done & WAITS) === 0) key.rules.letGo(place);
      return true;
    }
    const begun = rule.beginAlone(rule.loneBegin as LoneBegin, event, ordinal);
    if ((done & WAITS) === 0) {
      key.rules.put(place, begun);
      this.setLoneDue(key, place, rule, event);
    } else {
      const state = rule.createState(runSetOf(lone, begun));
      key.rules.put(place, state);
      key.rules.setDue(place, nextDue(state));
    }
    return true;
  }

  /** The state at the place changed. */
  private refresh(key: KeyState, place: number, state: RuleState): void {
    if (isEmpty(state)) key.rules.letGo(place);
    else key.rules.setDue(place, nextDue(state));
  }

  /** Condemned runs of rules to which the event is noise leave with it all the same. */
  private dropCondemned(key: KeyState, event: StreamEvent, ordinal: number): boolean {
    let changed = false;
    for (let i = 0; i < key.rules.size; i++) {
      const held = key.rules.at(i);
      if (held instanceof LoneOfRule || !held.set.condemned) continue;
      if (this.concerned.some((one) => this.ruleAt(one) === held.rule)) continue;
      if (held.rule.admit(event, key.key) && this.stepAt(key, i, event, ordinal)) changed = true;
    }
    return changed;
  }

  /** Every deadline at or before `time` passes, in order of time; those of equal time in the order of their keys' tokens. */
  private passTime(time: number): void {
    while (this.timers.size > 0 && this.timers.nextTime <= time) {
      const due = this.timers.nextTime;
      const key = this.timers.pop() as KeyState;
      if (key.gone || key.timerAt !== due) continue;
      this.saveFirst(key);
      key.timerAt = Infinity;
      const { rules } = key;
      if (rules.earliest <= due) {
        for (let i = 0; i < rules.size; i++) if (rules.dueAt(i) <= due) this.endAt(key, i, due);
        this.markDirty(key);
      }
      this.settle(key);
    }
  }

  /** What the rule at the place holds is due. */
  private endAt(key: KeyState, place: number, due: number): void {
    const held = key.rules.at(place);
    if (held instanceof LoneOfRule && held.rule.endAlone(key, held, key.rules.dueAt(place))) {
      key.rules.letGo(place);
      return;
    }
    const state = key.rules.stateAt(place);
    state.rule.advance(key, state, due);
    if (state.set.condemned) this.condemning = true;
    expireThrottles(state, due);
    this.refresh(key, place, state);
  }

  /** Forgets what is empty and schedules the rest. */
  private settle(key: KeyState): void {
    key.rules.clearAway();
    if (key.rules.size > 0) {
      this.schedule(key, key.rules.earliest);
      return;
    }
    key.gone = true;
    key.timerAt = Infinity;
    this.residency.remove(key);
  }

  private schedule(key: KeyState, earliest: number): void {
    if (earliest < key.timerAt) {
      key.timerAt = earliest;
      this.timers.push(earliest, key);
      if (this.timers.size > 2 * this.keys.size + VOID_TIMERS_MAX) this.renewTimers();
    }
  }

  /** Keys that went early leave their timers behind, which may lie far ahead: only those that mean something stay. */
  private renewTimers(): void {
    this.timers.clear();
    for (const key of this.keys.values()) if (key.timerAt !== Infinity) this.timers.push(key.timerAt, key);
  }

  /** A checkpoint whose cut has the key saves it as it still is. */
  private saveFirst(key: KeyState): void {
    if (key.staged >= 0) this.pending?.save(key);
  }

  private markDirty(key: KeyState): void {
    if (key.dirty) return;
    key.dirty = true;
    this.dirty.push(key);
  }
}
