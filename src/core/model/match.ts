import type { KeyValue } from './key.js';
import type { StreamEvent } from './event.js';

/** What a run gave: it completed (`match`) or its time ran out (`timeout`). */
export type MatchKind = 'match' | 'timeout';

/** The events one stage accepted, in order. */
export interface StageEvents {
  readonly stage: string;
  readonly events: readonly StreamEvent[];
}

/** A completed run, or one that timed out: plain data. */
export interface Match {
  readonly kind: MatchKind;
  /** Stages in pattern order; a stage that accepted nothing is absent. */
  readonly stages: readonly StageEvents[];
  /** Time of the match, ms: its last event; an absence or a time-out: its deadline. */
  readonly time: number;
  /** Event time of the first event, ms. */
  readonly startTime: number;
  /** True for a time-out of a run that had already matched and could still have grown. */
  readonly alreadyMatched: boolean;
}

/** A match of a rule for a key, after the rule's throttle: what an alert is made of. */
export interface RuleMatch extends Match {
  readonly rule: string;
  /** New for a rule that was deleted and created again. */
  readonly generation: number;
  /** Version of the rule whose automaton found it. */
  readonly version: number;
  readonly key: KeyValue | undefined;
  /** Alerts of this key the throttle held back since the last one. */
  readonly suppressed: number;
}
