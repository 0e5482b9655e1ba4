/**
 * The keys of one group in memory: what the rules hold for them, when that is due, and which changed since the last checkpoint.
 *
 * Invariant: whoever changes what a key holds calls `saveFirst` before, then `markDirty`, then `settle` or `schedule`.
 */
import type { KeyToken } from '../model/key.js';
import { runSetOf } from '../nfa/lone-run.js';
import type { RuleState } from './active-rule.js';
import type { KeyState } from './key-state.js';
import { expireThrottles, isEmpty, nextDue } from './key-state.js';
import { LoneOfRule } from './lone-of-rule.js';
import type { CutCounter } from './residency.js';
import { Residency } from './residency.js';
import type { PendingKeys } from './staged-keys.js';
import { TimerHeap } from './timer-heap.js';

/** Void timers that may stay, beyond one for every key, before the timers are made anew. */
const VOID_TIMERS_MAX = 1_024;

export class KeyTable {
  readonly residency: Residency;
  readonly keys: Map<KeyToken, KeyState>;
  /** Keys changed since the last checkpoint, those that left the group included. */
  dirty: KeyState[] = [];
  /** The cut of a checkpoint that still makes its records. */
  pending: PendingKeys | undefined;
  /** Some key may hold condemned runs, which any event of the key drops, noise too. */
  condemning = false;
  private readonly timers = new TimerHeap<KeyState>();

  constructor(cuts: CutCounter) {
    this.residency = new Residency(cuts);
    this.keys = this.residency.keys;
  }

  get timerCount(): number {
    return this.timers.size;
  }

  /** Before it no key is due; Infinity for never. */
  get nextTime(): number {
    return this.timers.nextTime;
  }

  /** Goes on from where a group of the same name left the store when it closed. */
  takeOver(earlier: KeyTable): void {
    this.residency.takeOver(earlier.residency);
    this.dirty = earlier.dirty;
    this.pending = earlier.pending;
  }

  /** Every deadline at or before `time` passes, in order of time; those of equal time in the order of their keys' tokens. */
  passTime(time: number): void {
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

  /** The state at the place changed. */
  refresh(key: KeyState, place: number, state: RuleState): void {
    if (isEmpty(state)) key.rules.letGo(place);
    else key.rules.setDue(place, nextDue(state));
  }

  /** Two lone runs of the rule at the place: they are a set from here on. */
  join(key: KeyState, place: number, begun: LoneOfRule): void {
    const state = begun.rule.createState(runSetOf(key.rules.at(place) as LoneOfRule, begun));
    key.rules.put(place, state);
    key.rules.setDue(place, nextDue(state));
  }

  /** Forgets what is empty and schedules the rest. */
  settle(key: KeyState): void {
    key.rules.clearAway();
    if (key.rules.size > 0) {
      this.schedule(key, key.rules.earliest);
      return;
    }
    key.gone = true;
    key.timerAt = Infinity;
    this.residency.remove(key);
  }

  schedule(key: KeyState, earliest: number): void {
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
  saveFirst(key: KeyState): void {
    if (key.staged >= 0) this.pending?.save(key);
  }

  markDirty(key: KeyState): void {
    if (key.dirty) return;
    key.dirty = true;
    this.dirty.push(key);
  }
}
