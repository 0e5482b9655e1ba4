/**
 * Which of many rules an event may concern: every rule is reached through what its conditions demand of single fields (its access
 * predicates, rule-access.ts): constants by hash, thresholds by search. A rule that demands nothing, or whose runs any event may
 * end, is always asked.
 */
import { FieldsIndex } from './access-index.js';
import type { ActiveRule } from './active-rule.js';
import type { Access, EqualityAccess } from './rule-access.js';
import { accessesOf, fieldName } from './rule-access.js';

/** Sets of fields that are looked up for every event; ways over rarer ones are reached through one of their fields. */
const FIELD_SETS_MAX = 16;

export class RuleIndex {
  private readonly indexes: FieldsIndex[] = [];
  /** Rules that are asked about every event. */
  private readonly residual: number[] = [];
  private readonly stamps: Uint32Array;
  private stamp = 0;
  private out: number[] = [];

  constructor(rules: readonly ActiveRule[]) {
    this.stamps = new Uint32Array(rules.length);
    const ways: Way[] = [];
    rules.forEach((rule, number) => {
      const accesses = accessesOf(rule);
      if (accesses === undefined) this.residual.push(number);
      else for (const access of accesses) ways.push({ access, rule: number });
    });
    const byFields = new Map<string, FieldsIndex>();
    for (const { access, equalities, rule } of chooseFields(ways)) {
      const name = nameOf(equalities);
      let index = byFields.get(name);
      if (index === undefined) {
        index = new FieldsIndex(equalities.map(({ fields }) => fields));
        byFields.set(name, index);
        this.indexes.push(index);
      }
      index.add(equalities, access.range, rule);
    }
  }

  /** Fills `out` with the numbers of the rules that the event may concern, ascending. */
  find(body: unknown, out: number[]): void {
    const { residual, indexes } = this;
    // To shorten an array costs, also one that is empty: most events find nothing.
    if (out.length > 0) out.length = 0;
    for (let i = 0; i < residual.length; i++) out.push(residual[i] as number);
    if (indexes.length === 0) return;
    this.out = out;
    this.stamp = (this.stamp + 1) >>> 0;
    if (this.stamp === 0) {
      this.stamps.fill(0);
      this.stamp = 1;
    }
    for (let i = 0; i < indexes.length; i++) (indexes[i] as FieldsIndex).find(body, this.found);
    if (out.length > 1 && out.length > residual.length) out.sort(ascending);
  }

  private readonly found = (rule: number): void => {
    if (this.stamps[rule] === this.stamp) return;
    this.stamps[rule] = this.stamp;
    this.out.push(rule);
  };
}

function ascending(a: number, b: number): number {
  return a - b;
}

interface Way {
  readonly access: Access;
  readonly rule: number;
}

interface ChosenWay extends Way {
  /** Those of its equalities by which it is looked up. */
  readonly equalities: readonly EqualityAccess[];
}

function nameOf(equalities: readonly EqualityAccess[]): string {
  return equalities.map(({ fields }) => fieldName(fields)).join('\n');
}

/** All fields of a way, if many ways have the same; else the one with the most distinct constants, which leaves the fewest rules. */
function chooseFields(ways: readonly Way[]): ChosenWay[] {
  const counts = new Map<string, number>();
  for (const { access } of ways) {
    const name = nameOf(access.equalities);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const common = new Set(
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, FIELD_SETS_MAX)
      .map(([name]) => name),
  );
  const weights = counts.size <= FIELD_SETS_MAX ? new Map<string, number>() : countConstants(ways);
  return ways.map((way) => {
    const { equalities } = way.access;
    if (equalities.length < 2 || common.has(nameOf(equalities))) return { ...way, equalities };
    return { ...way, equalities: [heaviest(equalities, weights)] };
  });
}

/** Distinct constants by field. */
function countConstants(ways: readonly Way[]): ReadonlyMap<string, number> {
  const constants = new Map<string, Set<unknown>>();
  for (const { fields, value } of ways.flatMap(({ access }) => access.equalities)) {
    const name = fieldName(fields);
    const known = constants.get(name);
    if (known === undefined) constants.set(name, new Set([value]));
    else known.add(value);
  }
  return new Map([...constants].map(([name, values]) => [name, values.size]));
}

function heaviest(equalities: readonly EqualityAccess[], weights: ReadonlyMap<string, number>): EqualityAccess {
  return equalities.reduce((best, one) =>
    (weights.get(fieldName(one.fields)) ?? 0) > (weights.get(fieldName(best.fields)) ?? 0) ? one : best,
  );
}
