/**
 * What rules hold for one key. A key of thousands of rules is asked about rules that hold nothing for it: the owners lie side by
 * side, so that no state is looked at for that.
 */
import type { ActiveRule, RuleState } from './active-rule.js';

export class KeyRules {
  private readonly states: RuleState[];
  /** The rule of each state; undefined while there is one. */
  private owners: ActiveRule[] | undefined = undefined;

  constructor(states: RuleState[] = []) {
    this.states = states;
  }

  get size(): number {
    return this.states.length;
  }

  at(index: number): RuleState {
    return this.states[index] as RuleState;
  }

  of(rule: ActiveRule): RuleState | undefined {
    const { states, owners } = this;
    if (owners === undefined) return states.length > 0 && this.at(0).rule === rule ? states[0] : undefined;
    for (let i = 0; i < owners.length; i++) if (owners[i] === rule) return states[i];
    return undefined;
  }

  add(state: RuleState): void {
    if (this.states.length > 0) {
      this.owners ??= this.states.map((one) => one.rule);
      this.owners.push(state.rule);
    }
    this.states.push(state);
  }

  remove(index: number): void {
    this.states.splice(index, 1);
    if (this.states.length === 0) this.owners = undefined;
    else this.owners?.splice(index, 1);
  }

  clear(): void {
    this.states.length = 0;
    this.owners = undefined;
  }

  [Symbol.iterator](): Iterator<RuleState> {
    return this.states.values();
  }
}
