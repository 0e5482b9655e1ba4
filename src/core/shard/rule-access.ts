/** What a rule demands of single fields of an event before the event can be more than noise to it: its access predicates. */
import type { Equality, Expression, Range } from '../expression/expression.js';
import type { Automaton, Predicate } from '../nfa/automaton.js';
import { literalOf } from '../nfa/automaton.js';
import type { ActiveRule } from './active-rule.js';
import type { VersionInUse } from './rule-versions.js';

export type Constant = string | number;

export interface EqualityAccess {
  readonly fields: readonly string[];
  readonly value: Constant;
}

export interface RangeAccess {
  readonly fields: readonly string[];
  readonly order: Range['order'];
  readonly threshold: number;
}

/** One way into a rule: an event comes this way only if all of these hold. */
export interface Access {
  /** By field name, each field once. */
  readonly equalities: readonly EqualityAccess[];
  readonly range: RangeAccess | undefined;
  /** False: an event that comes by such ways alone begins no run, so it concerns only keys that hold something of the rule. */
  readonly begins: boolean;
  /** What an event of which all of these hold, their fields plain values, does for certain: begin a lone run, end one. */
  readonly sure: Sure;
}

interface Sure {
  readonly begin: boolean;
  readonly end: boolean;
}

const NOT_SURE: Sure = { begin: false, end: false };

type Demands = Omit<Access, 'begins' | 'sure'>;
type Params = Readonly<Record<string, unknown>>;

/** What versions in use demand, as long as they are in use: an index of thousands of rules is made anew when one changes. */
const known = new WeakMap<readonly VersionInUse[], readonly Access[] | 'nothing'>();

/** Every way into the rule, one for a condition (or one for a version's filter). Undefined when some way demands nothing. */
export function accessesOf(rule: ActiveRule): readonly Access[] | undefined {
  const { versions } = rule;
  let accesses = known.get(versions);
  if (accesses === undefined) {
    accesses = accessesOfVersions(versions, sureOf(rule)) ?? 'nothing';
    known.set(versions, accesses);
  }
  return accesses === 'nothing' ? undefined : accesses;
}

/** What a condition of the rule, alone, does for certain to lone runs; nothing, where a filter or a pause stands before it. */
function sureOf({ loneBegin, loneEnd, paused, starting }: ActiveRule): (predicate: number) => Sure {
  if (loneBegin === undefined || starting === undefined || paused || starting.plan.where !== undefined)
    return () => NOT_SURE;
  const { predicates, params } = starting.active.automaton;
  return (at) => {
    const [begin, end] = [at === loneBegin.predicate, at === loneEnd?.predicate];
    return (begin || end) && isWhole((predicates[at] as Predicate).expression, params) ? { begin, end } : NOT_SURE;
  };
}

/** True if what an index looks up of the expression is all of it. */
function isWhole(expression: Expression, params: Params): boolean {
  const { equalities, ranges, conjuncts } = expression;
  const demands = demandsOf(expression, params);
  const lookedUp = demands.equalities.length + (demands.range === undefined ? 0 : 1);
  return lookedUp === conjuncts && conjuncts === equalities.length + ranges.length;
}

function accessesOfVersions(
  versions: readonly VersionInUse[],
  sure: (predicate: number) => Sure,
): readonly Access[] | undefined {
  const ways: Access[] = [];
  for (const version of versions) {
    const ofVersion = accessesOfVersion(version, sure);
    if (ofVersion === undefined) return undefined;
    ways.push(...ofVersion);
  }
  return ways.length === 0 ? undefined : ways;
}

/**
 * By each condition, where every condition demands something and an event on which none can hold changes nothing; else by the
 * filter.
 */
function accessesOfVersion(
  { plan, active, draining }: VersionInUse,
  sure: (predicate: number) => Sure,
): Access[] | undefined {
  const { predicates, idleOnNoise, params } = active.automaton;
  const filter = plan.where === undefined ? EMPTY : demandsOf(plan.where, plan.params);
  const conditions = predicates.map(({ expression }) => demandsOf(expression, params));
  if (idleOnNoise && conditions.length > 0 && !conditions.some(isEmpty))
    return conditions.map((one, at) => ({
      ...joined(one, filter),
      begins: !draining && mayBegin(active.automaton, at),
      sure: sure(at),
    }));
  return isEmpty(filter) ? undefined : [{ ...filter, begins: !draining, sure: NOT_SURE }];
}

/** True unless every run begins with an event on which another condition holds. */
function mayBegin({ transitions, start }: Automaton, predicate: number): boolean {
  const takes = (transitions[start]?.transitions ?? []).filter(({ action }) => action === 'take');
  return takes.some(({ guard }) => {
    const demanded = guard.filter((literal) => (literal & 1) === 0);
    return demanded.length === 0 || demanded.includes(literalOf(predicate, false));
  });
}

const EMPTY: Demands = { equalities: [], range: undefined };

function isEmpty({ equalities, range }: Demands): boolean {
  return equalities.length === 0 && range === undefined;
}

function demandsOf({ equalities, ranges }: Expression, params: Params): Demands {
  const range = ranges.map((one) => rangeAccess(one, params)).find((one) => one !== undefined);
  return { equalities: eachFieldOnce(equalities.flatMap((one) => equalityAccess(one, params))), range };
}

function joined(one: Demands, other: Demands): Demands {
  return {
    equalities: eachFieldOnce([...one.equalities, ...other.equalities]),
    range: one.range ?? other.range,
  };
}

function equalityAccess({ fields, constant }: Equality, params: Params): EqualityAccess[] {
  const value = constant.kind === 'value' ? constant.value : params[constant.name];
  return typeof value === 'string' || typeof value === 'number' ? [{ fields, value }] : [];
}

function rangeAccess({ fields, order, constant }: Range, params: Params): RangeAccess | undefined {
  const value = constant.kind === 'value' ? constant.value : params[constant.name];
  return typeof value === 'number' ? { fields, order, threshold: value } : undefined;
}

/** One name for one path: fields may be called anything. */
export function fieldName(fields: readonly string[]): string {
  return JSON.stringify(fields);
}

/** Sorted by name. Two constants of one field cannot both hold: the first is as good as both. */
function eachFieldOnce(equalities: readonly EqualityAccess[]): EqualityAccess[] {
  if (equalities.length < 2) return [...equalities];
  const byName = new Map<string, EqualityAccess>();
  for (const one of equalities) {
    const name = fieldName(one.fields);
    if (!byName.has(name)) byName.set(name, one);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
