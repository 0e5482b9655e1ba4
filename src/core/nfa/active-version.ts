/** An automaton in use by one version of a rule: its conditions, and what is known of its states. */
import type { StreamEvent } from '../model/event.js';
import type { Automaton } from './automaton.js';
import { BucketPlan } from './bucket-plan.js';
import type { ConditionFailure } from './condition-cache.js';
import { ConditionCache } from './condition-cache.js';
import type { PathNode } from './path.js';
import type { RuleVersion } from './run.js';
import type { SharedVerdicts } from './shared-verdicts.js';

/** Stands where no event has come yet. */
export const NO_EVENT: StreamEvent = {
  source: '',
  seq: 0,
  index: 0,
  time: 0,
  arrival: 0,
  order: undefined,
  id: undefined,
  type: undefined,
  subject: '',
  headers: undefined,
  body: undefined,
};

/** An automaton in use by one version of a rule, with the scratch its evaluation needs. */
export class ActiveVersion implements RuleVersion {
  automaton: Automaton;
  conditions: ConditionCache;
  /** First nodes made for the current event, by stage. */
  readonly firstNodes: (PathNode | undefined)[] = [];
  /** By state, made when they are needed. */
  private readonly plans: (BucketPlan | undefined)[] = [];
  /** The version's filter lets it see the current event; runs of a version that does not see it stay as they are. */
  sees = true;

  constructor(
    readonly version: number,
    automaton: Automaton,
    private readonly onFailure: ConditionFailure,
    /** What rules know together of the current event. */
    private readonly verdicts?: SharedVerdicts,
  ) {
    this.automaton = automaton;
    this.conditions = this.conditionsOf(automaton);
  }

  /** It is not used any more. */
  release(): void {
    for (const { expression } of this.automaton.predicates) this.verdicts?.release(expression);
  }

  private conditionsOf(automaton: Automaton): ConditionCache {
    const shared = automaton.predicates.map(({ expression }) => this.verdicts?.acquire(expression));
    return new ConditionCache(automaton, this.onFailure, NO_EVENT, shared);
  }

  planOf(state: number): BucketPlan {
    return (this.plans[state] ??= new BucketPlan(this.automaton, state));
  }

  /** Goes on with an automaton of the same shape. Deadlines of its runs must be computed again. */
  replaceAutomaton(automaton: Automaton): void {
    this.release();
    this.automaton = automaton;
    this.conditions = this.conditionsOf(automaton);
    this.plans.length = 0;
  }
}
