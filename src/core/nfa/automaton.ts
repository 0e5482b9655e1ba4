/**
 * The compiled pattern: immutable, shared by every key, every run and every rule with the same template.
 * Runs (run.ts) and events (path.ts) are kept apart from it from the first day.
 *
 * `states` is the reference automaton of the language specification, section 2.2; `transitions` is the same automaton
 * with PROCEED chains folded in, which is what the matcher walks. State numbers are part of the state format:
 * compiling the same pattern gives the same numbers (AUTOMATON_FORMAT rises when that changes).
 */
import type { Expression } from '../expression/expression.js';
import type { SkipStrategy } from '../document/pattern-def.js';

export const AUTOMATON_FORMAT = 1;

/** A condition of the pattern, once however many edges use it. */
export interface Predicate {
  readonly expression: Expression;
  /** It looks at the event alone: one evaluation per event serves every run. */
  readonly unary: boolean;
}

/** A predicate or its negation, packed: `index * 2 + (negated ? 1 : 0)`. A guard holds when all its literals do. */
export type Literal = number;
export type Guard = readonly Literal[];

export type EdgeAction = 'take' | 'ignore' | 'proceed';

export interface Edge {
  readonly action: EdgeAction;
  readonly target: number;
  readonly guard: Guard;
}

export type StateKind = 'start' | 'normal' | 'pending' | 'stop' | 'final';

export interface AutomatonState {
  readonly kind: StateKind;
  /** Index into `stages` of the stage whose events this state takes; -1 for Final. */
  readonly stage: number;
  readonly edges: readonly Edge[];
}

/** What an event can do to a run in a state, PROCEED chains folded in. */
export interface Transition {
  readonly action: 'take' | 'ignore' | 'stop';
  readonly guard: Guard;
  readonly target: number;
  /** Stage that takes the event (`take` only). */
  readonly stage: number;
  /** Strict bound on the time since the run's previous event; Infinity for none. */
  readonly gapMs: number;
  /** Guards, one of which must hold on (event, run before it) for a run that takes to also be a match. */
  readonly finals: readonly Guard[];
}

/** What the matcher needs of a state. */
export interface StateTransitions {
  readonly transitions: readonly Transition[];
  readonly kind: StateKind;
  /** A run leaves at the latest this long after its first event; Infinity for never. */
  readonly windowMs: number;
  /** … and at the latest this long after its previous event. */
  readonly sinceLastMs: number;
}

export interface Automaton {
  readonly states: readonly AutomatonState[];
  readonly start: number;
  readonly final: number;
  readonly transitions: readonly StateTransitions[];
  readonly predicates: readonly Predicate[];
  /** Stage names in pattern order; a slot of `Scope.stageEvents` is an index into it. */
  readonly stages: readonly string[];
  readonly withinMs: number;
  readonly skip: SkipStrategy;
  /** Stage index of the skip target; -1 without one. */
  readonly skipStage: number;
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * An event on which no predicate can hold changes nothing: every run only keeps waiting in its state, and none starts. Such an
   * event need not even be brought to its key.
   */
  readonly idleOnNoise: boolean;
  /** True if whatever starts ends with the same event as a match: no run is ever kept. */
  readonly stateless: boolean;
  /** True if every run ends after a bounded number of events or a bounded time. */
  readonly bounded: boolean;
}

export function literalOf(predicate: number, negated: boolean): Literal {
  return predicate * 2 + (negated ? 1 : 0);
}

/** True if runs of one automaton can go on under the other: the same states, stages and ways, whatever the conditions say. */
export function hasSameShape(a: Automaton, b: Automaton): boolean {
  return shapeOf(a) === shapeOf(b);
}

function shapeOf({ states, stages, skip }: Automaton): string {
  const ways = states.map(({ kind, stage, edges }) => [
    kind,
    stage,
    edges.map(({ action, target }) => [action, target]),
  ]);
  return JSON.stringify([stages, skip, ways]);
}
