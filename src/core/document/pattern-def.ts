/**
 * A pattern after parameters were substituted, durations became milliseconds and every static check passed:
 * what the automaton is compiled from.
 */
export type InnerContiguity = 'next' | 'followedBy' | 'followedByAny';

export type SkipStrategy =
  | { readonly kind: 'noSkip' }
  | { readonly kind: 'skipToNext' }
  | { readonly kind: 'skipPastLastEvent' }
  | { readonly kind: 'skipToFirst'; readonly stage: string }
  | { readonly kind: 'skipToLast'; readonly stage: string };

export interface StepDef {
  /** `begin` is written `next` for the head of a group and never looked at for the head of the pattern. */
  readonly relation: 'begin' | 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy';
  readonly name: string;
  /** Condition source; absent means every event. Never with `group`. */
  readonly where?: string;
  /** A nested sequence instead of a condition; with `choice` the branches, which have no order. */
  readonly group?: readonly StepDef[];
  /** `anyOf`: one of the branches is taken, `allOf`: all of them, in any order. */
  readonly choice?: 'anyOf' | 'allOf';
  readonly timesMin: number;
  /** Undefined: open (a loop). */
  readonly timesMax: number | undefined;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly inner: InnerContiguity;
  readonly until?: string;
  /** Gap from the previous event of the run, ms, strictly less than. */
  readonly gapMs?: number;
  /** JSON Pointer of the step in its document. */
  readonly pointer: string;
}

export interface PatternDef {
  readonly name: string;
  readonly withinMs: number | undefined;
  readonly skip: SkipStrategy;
  readonly steps: readonly StepDef[];
  readonly params: Readonly<Record<string, unknown>>;
}

/** The steps that may take the first event of a step: itself, or those a group or choice begins with. */
export function headsOf(step: StepDef): readonly StepDef[] {
  const { group, choice } = step;
  if (group === undefined) return [step];
  return (choice === undefined ? group.slice(0, 1) : group).flatMap(headsOf);
}
