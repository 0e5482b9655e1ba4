/**
 * Patterns that differ in nothing but the constants of their conditions have the same states and transitions: these are built once
 * and shared. What a condition contributes to an automaton is its place, whether it is the same as another, and which stages it
 * names; the form of its expression says the last for all of its constants.
 */
import type { PatternDef, StepDef } from '../document/pattern-def.js';
import type { Automaton, Literal, Predicate } from './automaton.js';

export interface ConditionsOfPattern {
  readonly predicates: readonly Predicate[];
  /** Literal of a condition, by its source. */
  literalOf(source: string): Literal | undefined;
}

export class AutomatonForms {
  private readonly automata = new Map<string, Automaton>();
  private readonly numbers = new Map<object, number>();

  /** Text of a pattern and the forms of its conditions; undefined if a condition stands alone. */
  textOf(def: PatternDef, conditions: ConditionsOfPattern): string | undefined {
    const forms: number[] = [];
    for (const { expression } of conditions.predicates) {
      if (expression.form === undefined) return undefined;
      forms.push(this.numberOf(expression.form));
    }
    const { withinMs, skip, steps } = def;
    const stepOf = (step: StepDef): object => ({
      ...step,
      pointer: undefined,
      where: step.where && conditions.literalOf(step.where),
      until: step.until && conditions.literalOf(step.until),
      group: step.group?.map(stepOf),
    });
    return JSON.stringify([withinMs, skip, steps.map(stepOf), forms]);
  }

  /** The automaton of another pattern of this text, with these conditions in it. */
  find(text: string, { predicates }: ConditionsOfPattern, def: PatternDef): Automaton | undefined {
    const known = this.automata.get(text);
    return known && { ...known, predicates, params: def.params };
  }

  keep(text: string, automaton: Automaton): void {
    this.automata.set(text, automaton);
  }

  private numberOf(form: object): number {
    let number = this.numbers.get(form);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(form, number);
    }
    return number;
  }
}
