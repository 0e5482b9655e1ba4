/**
 * Which of many rules an event may concern, by hash: every rule is reached through the constants its conditions demand of
 * single fields (its access predicates). A rule that demands none, or whose runs any event may end, is always asked.
 *
 * The field with the most distinct constants among the rules is preferred, for it leaves the fewest to ask.
 */
import type { Equality } from '../expression/expression.js';
import type { ActiveRule, VersionInUse } from './active-rule.js';

/** Below this many rules asking each is as fast. */
const INDEX_FROM_RULES = 8;

type Constant = string | number;

interface Access {
  readonly fields: readonly string[];
  readonly value: Constant;
}

class FieldIndex {
  readonly byValue = new Map<Constant, number[]>();
  /** Every rule reached through this field, for values the hash cannot tell (arrays, objects). */
  readonly all: number[] = [];

  constructor(private readonly fields: readonly string[]) {}

  add(value: Constant, rule: number): void {
    const rules = this.byValue.get(value);
    if (rules === undefined) this.byValue.set(value, [rule]);
    else if (rules[rules.length - 1] !== rule) rules.push(rule);
    if (this.all[this.all.length - 1] !== rule) this.all.push(rule);
  }

  /** Rules that may be concerned; undefined for none. */
  find(body: unknown): readonly number[] | undefined {
    let value = body;
    for (let i = 0; i < this.fields.length; i++) {
      if (typeof value !== 'object' || value === null) return undefined;
      if (Array.isArray(value)) return this.all;
      value = (value as Readonly<Record<string, unknown>>)[this.fields[i] as string];
    }
    if (typeof value === 'string' || typeof value === 'number') return this.byValue.get(value);
    return typeof value === 'object' && value !== null ? this.all : undefined;
  }
}

export class RuleIndex {
  private readonly fields: FieldIndex[] = [];
  /** Rules that are asked about every event. */
  private readonly residual: number[] = [];
  private readonly stamps: Uint32Array;
  private stamp = 0;

  constructor(rules: readonly ActiveRule[]) {
    this.stamps = new Uint32Array(rules.length);
    if (rules.length < INDEX_FROM_RULES) {
      this.residual = rules.map((_, rule) => rule);
      return;
    }
    const choices = rules.map(accessChoices);
    const weights = countConstants(choices);
    const byField = new Map<string, FieldIndex>();
    choices.forEach((demands, rule) => {
      if (demands === undefined) {
        this.residual.push(rule);
        return;
      }
      for (const demand of demands) {
        const { fields, value } = heaviest(demand, weights);
        const name = fieldName(fields);
        let index = byField.get(name);
        if (index === undefined) {
          index = new FieldIndex(fields);
          byField.set(name, index);
          this.fields.push(index);
        }
        index.add(value, rule);
      }
    });
  }

  /** Fills `out` with the numbers of the rules that the event may concern, ascending. */
  find(body: unknown, out: number[]): void {
    out.length = 0;
    const { residual, fields, stamps } = this;
    for (let i = 0; i < residual.length; i++) out.push(residual[i] as number);
    if (fields.length === 0) return;
    this.stamp = (this.stamp + 1) >>> 0;
    if (this.stamp === 0) {
      stamps.fill(0);
      this.stamp = 1;
    }
    const before = out.length;
    for (let f = 0; f < fields.length; f++) {
      const rules = (fields[f] as FieldIndex).find(body);
      if (rules === undefined) continue;
      for (let i = 0; i < rules.length; i++) {
        const rule = rules[i] as number;
        if (stamps[rule] === this.stamp) continue;
        stamps[rule] = this.stamp;
        out.push(rule);
      }
    }
    if (out.length - before > 0 && out.length > 1) out.sort((a, b) => a - b);
  }
}

/**
 * For every way into the rule the accesses that lead there: one list per condition (or one for its filter), each of which
 * must be reachable. Undefined when some way has none.
 */
function accessChoices(rule: ActiveRule): Access[][] | undefined {
  const demands: Access[][] = [];
  for (const version of rule.versions) {
    const ways = versionDemands(version);
    if (ways === undefined) return undefined;
    demands.push(...ways);
  }
  return demands.length === 0 ? undefined : demands;
}

function versionDemands({ plan, active }: VersionInUse): Access[][] | undefined {
  const filter = accessesOf(plan.where?.equalities ?? [], plan.params);
  const { predicates, idleOnNoise } = active.automaton;
  const conditions = predicates.map(({ expression }) => accessesOf(expression.equalities, active.automaton.params));
  const reachable = idleOnNoise && conditions.every((one) => one.length > 0);
  if (reachable) return conditions.map((one) => [...one, ...filter]);
  return filter.length > 0 ? [filter] : undefined;
}

function accessesOf(equalities: readonly Equality[], params: Readonly<Record<string, unknown>>): Access[] {
  return equalities.flatMap(({ fields, constant }): Access[] => {
    const value = constant.kind === 'value' ? constant.value : params[constant.name];
    return typeof value === 'string' || typeof value === 'number' ? [{ fields, value }] : [];
  });
}

function fieldName(fields: readonly string[]): string {
  return JSON.stringify(fields);
}

/** Distinct constants by field. */
function countConstants(choices: readonly (readonly Access[][] | undefined)[]): ReadonlyMap<string, number> {
  const constants = new Map<string, Set<Constant>>();
  for (const { fields, value } of choices.flatMap((demands) => demands?.flat() ?? [])) {
    const name = fieldName(fields);
    const known = constants.get(name);
    if (known === undefined) constants.set(name, new Set([value]));
    else known.add(value);
  }
  return new Map([...constants].map(([name, values]) => [name, values.size]));
}

function heaviest(accesses: readonly Access[], weights: ReadonlyMap<string, number>): Access {
  return accesses.reduce((best, one) =>
    (weights.get(fieldName(one.fields)) ?? 0) > (weights.get(fieldName(best.fields)) ?? 0) ? one : best,
  );
}
