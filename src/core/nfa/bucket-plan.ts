/**
 * What an event does to all runs of one state at once, as far as the event alone decides it. Of every transition either the event
 * says that its guard fails, or that it holds, or the guard asks about the run.
 *
 * The access predicate of a state is one of its conditions over earlier events that implies an equality with one of them: runs
 * without the equality answer it with no, and where a no to it leaves them waiting as they are, only the others need be asked.
 */
import type { Join } from '../expression/expression.js';
import type { Automaton, Predicate, StateTransitions, Transition } from './automaton.js';
import type { ConditionCache } from './condition-cache.js';
import { Scratch } from './scratch.js';

export interface AccessPredicate {
  readonly predicate: number;
  readonly join: Join;
}

/** `stay`: every run of the state only goes on waiting; `same`: all do the same, `sure` without asking; `ask`: it depends on the run. */
export type BucketVerdict = 'stay' | 'same' | 'ask';

/** How the runs of one state are treated; scratch of one matcher, made once per automaton. */
export class BucketPlan {
  /** Transitions that hold for every run, after `judge` gave `same`. */
  readonly sure = new Scratch<Transition>();
  readonly access: AccessPredicate | undefined;
  /** The transition that completes every run, when that and waiting on is all that happens; see `completesAll`. */
  completing: Transition | undefined = undefined;
  private readonly transitions: readonly Transition[];
  private readonly final: number;
  private readonly skips: boolean;

  constructor(
    automaton: Automaton,
    private readonly state: number,
  ) {
    this.final = automaton.final;
    this.skips = automaton.skip.kind !== 'noSkip';
    this.transitions = (automaton.transitions[state] as StateTransitions).transitions;
    this.access = accessPredicate(this.transitions, automaton.predicates);
  }

  /** The event has been entered into `conditions`. */
  judge(conditions: ConditionCache): BucketVerdict {
    const { sure } = this;
    sure.truncate(0);
    for (let i = 0; i < this.transitions.length; i++) {
      const transition = this.transitions[i] as Transition;
      const verdict = conditions.judgeGuard(transition.guard, -1);
      if (verdict === undefined) return 'ask';
      if (verdict) sure.push(transition);
    }
    return this.onlyStays() ? 'stay' : 'same';
  }

  /**
   * After `judge` gave `same`: true if every run waits on as it is and the event completes a match of each, which leaves at once;
   * `completing` says by which transition.
   */
  get completesAll(): boolean {
    const { sure } = this;
    if (this.skips || sure.size !== 2) return false;
    const takesFirst = sure.at(0).action === 'take';
    const take = sure.at(takesFirst ? 0 : 1);
    const wait = sure.at(takesFirst ? 1 : 0);
    this.completing = take;
    if (take.action !== 'take' || take.target !== this.final || take.gapMs !== Infinity) return false;
    return wait.action === 'ignore' && wait.target === this.state;
  }

  /** True if runs for which the access predicate is false only go on waiting as they are. */
  othersStay(conditions: ConditionCache): boolean {
    const { sure, access } = this;
    if (access === undefined) return false;
    sure.truncate(0);
    for (let i = 0; i < this.transitions.length; i++) {
      const transition = this.transitions[i] as Transition;
      const verdict = conditions.judgeGuard(transition.guard, access.predicate);
      if (verdict === undefined) return false;
      if (verdict) sure.push(transition);
    }
    return this.onlyStays();
  }

  private onlyStays(): boolean {
    const { sure } = this;
    if (sure.size !== 1) return false;
    const { action, target } = sure.at(0);
    return action === 'ignore' && target === this.state;
  }
}

function accessPredicate(
  transitions: readonly Transition[],
  predicates: readonly Predicate[],
): AccessPredicate | undefined {
  for (const { guard } of transitions) {
    for (const literal of guard) {
      const predicate = literal >> 1;
      const join = predicates[predicate]?.expression.joins[0];
      if ((literal & 1) === 0 && join !== undefined) return { predicate, join };
    }
  }
  return undefined;
}

/** The access predicate of a state, for whoever explains how a rule is evaluated; undefined for none. */
export function accessPredicateOf(automaton: Automaton, state: number): AccessPredicate | undefined {
  const at = automaton.transitions[state];
  return at === undefined ? undefined : accessPredicate(at.transitions, automaton.predicates);
}
