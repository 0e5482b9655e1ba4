/** State of one key in one key group: what the rules of the group hold for it. Owned and mutated by the key group alone. */
import type { KeyToken, KeyValue } from '../model/key.js';
import type { RuleState } from './active-rule.js';
import type { KeyRules } from './key-rules.js';
import { throttleExpiry } from './throttle.js';

export interface KeyState {
  readonly token: KeyToken;
  readonly key: KeyValue | undefined;
  readonly rules: KeyRules;
  /** The earliest time at which this key stands in the group's timers; Infinity for not at all. */
  timerAt: number;
  /** Changed since the last checkpoint took it. */
  dirty: boolean;
  /** The store holds a record of it, or will once the cut that took it is durable. */
  stored: boolean;
  /** Time of its entry among the store's timers, as of the same cut; Infinity for none. */
  storedDue: number;
  /** No longer in the group: a timer that still points here is void. */
  gone: boolean;
  /** Its number in a checkpoint's cut that has yet to save it as it is: `KeyTable.saveFirst` comes before any change. Below 0 for none. */
  staged: number;
  /** The cut that took its last change; 0 for none. */
  cut: number;
  /** Above 0: used again since it came or since the hand of the clock passed it (`Residency.evict`). Below 0: fetched for a first use. */
  uses: number;
  /** Estimate of what it takes in memory. */
  bytes: number;
}

/** True if nothing of the rule needs to be kept for the key. */
export function isEmpty(state: RuleState): boolean {
  return (
    state.set.isEmpty &&
    state.arena === undefined &&
    state.matchThrottle === undefined &&
    state.timeoutThrottle === undefined
  );
}

/** The earliest time at which the rule's state changes by itself. */
export function nextDue(state: RuleState): number {
  let due = state.arena === undefined ? state.set.nextDeadline : state.arena.nextDeadline;
  if (state.matchThrottle !== undefined) {
    due = Math.min(due, throttleExpiry(state.matchThrottle, state.rule.matchThrottleMs ?? 0));
  }
  if (state.timeoutThrottle !== undefined) {
    due = Math.min(due, throttleExpiry(state.timeoutThrottle, state.rule.timeoutThrottleMs ?? 0));
  }
  return due;
}

/** Forgets throttles whose time is over at `time`. */
export function expireThrottles(state: RuleState, time: number): void {
  const { rule, matchThrottle, timeoutThrottle } = state;
  if (matchThrottle !== undefined && throttleExpiry(matchThrottle, rule.matchThrottleMs ?? 0) <= time) {
    state.matchThrottle = undefined;
  }
  if (timeoutThrottle !== undefined && throttleExpiry(timeoutThrottle, rule.timeoutThrottleMs ?? 0) <= time) {
    state.timeoutThrottle = undefined;
  }
}
