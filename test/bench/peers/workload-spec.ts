/**
 * What every engine is told of a workload: one JSON file beside the events. Every rule of the workloads has two stages, so a
 * rule is two conditions, how the second relates to the first, and what joins them.
 */

/** A condition on one event: all that is given must hold. */
export interface EventCondition {
  readonly type: string;
  readonly code?: number;
  /** `amount` is greater than this. */
  readonly amountOver?: number;
}

/** What the second event has to do with the first, besides the key. */
export type Join = 'none' | 'amountGreater' | 'codeEqual';

export interface RuleSpec {
  readonly name: string;
  readonly first: EventCondition;
  readonly second: EventCondition;
  /** `notFollowedBy`: a match is a first event without a second one within the window. */
  readonly relation: 'followedBy' | 'followedByAny' | 'notFollowedBy';
  readonly join: Join;
  readonly withinMs: number;
}

/** One line of an event file; its number, from 1, is the event's `seq`. */
export interface EventRecord {
  readonly ts: number;
  readonly type: string;
  readonly key: string;
  readonly amount: number;
  readonly code: number;
}

export interface WorkloadSpec {
  /** `W4 idle 100`: what the table calls it. */
  readonly id: string;
  readonly title: string;
  /** File name of the events, beside this description. */
  readonly events: string;
  /** Events that bring the state to where the measure begins: not timed. */
  readonly fill: number;
  /** Events timed after them. */
  readonly measured: number;
  readonly maxOutOfOrderMs: number;
  readonly rules: readonly RuleSpec[];
  /** Events handed to Weir's core in one call. */
  readonly batch: number;
  /** Report the heap that the state takes after the fill. */
  readonly memory: boolean;
}
