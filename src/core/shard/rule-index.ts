/**
 * Which of many rules an event may concern: every rule is reached through what its conditions demand of single fields (its access
 * predicates, rule-access.ts): constants by hash, thresholds by search. A rule that demands nothing, or whose runs any event may
 * end, is always asked.
 *
 * Rules have a slot each, which they keep as long as they are here: a change of one of them costs that one, and a pass over the
 * list of the others.
 */
import { FieldsIndex } from './access-index.js';
import type { ActiveRule } from './active-rule.js';
import type { Access, EqualityAccess } from './rule-access.js';
import { accessesOf, fieldName } from './rule-access.js';
import { FOUND_ASK, FOUND_BEGINS, FOUND_BITS, FOUND_SURE_BEGIN, FOUND_SURE_END } from './way-rows.js';

/** Sets of fields that are looked up for every event; ways over rarer ones are reached through one of their fields. */
const FIELD_SETS_MAX = 16;

/** When more than one rule in so many is new or another, all of them are put in anew, by what they have in common now. */
const ANEW_FROM_SHARE = 4;

const CELL = 4;
const POSITION = 1;
const PLACE = 2;

/** So many are put in order one by one. */
const INSERTION_SORT_MAX = 16;

const FOUND_MARKS = (1 << FOUND_BITS) - 1;

interface Slot {
  readonly number: number;
  readonly accesses: readonly Access[] | undefined;
  /** By which equalities each way is looked up. */
  readonly ways: readonly (readonly EqualityAccess[])[];
  /** The rules it was last among. */
  epoch: number;
}

export class RuleIndex {
  private readonly slots = new Map<ActiveRule, Slot>();
  private readonly indexes = new Map<string, FieldsIndex>();
  /** The same, to go through. */
  private looked: FieldsIndex[] = [];
  /** Slots of rules that are asked about every event. */
  private residual: number[] = [];
  /** Of each slot: when it was found last, where it stands in what was found then, the place of its rule in the list; nothing. */
  private cells = new Int32Array(0);
  private stamp = 0;
  private freed: number[] = [];
  private slotsUsed = 0;
  private epoch = 0;
  private out: number[] = [];

  constructor(rules: readonly ActiveRule[] = []) {
    this.use(rules);
  }

  /** The rules from here on, in this order. */
  use(rules: readonly ActiveRule[]): void {
    const changed = rules.filter((rule) => {
      const slot = this.slots.get(rule);
      return slot === undefined || slot.accesses !== accessesOf(rule);
    });
    const wasteful = this.looked.some((index) => index.isWasteful);
    if (wasteful || changed.length * ANEW_FROM_SHARE > rules.length) this.clear();
    this.epoch++;
    if (this.slots.size === 0) this.put(rules);
    else if (changed.length > 0) this.put(changed);
    if (this.cells.length < CELL * this.slotsUsed) this.cells = new Int32Array(2 * CELL * this.slotsUsed);
    rules.forEach((rule, place) => {
      const slot = this.slots.get(rule) as Slot;
      slot.epoch = this.epoch;
      this.cells[CELL * slot.number + PLACE] = place;
    });
    for (const [rule, slot] of this.slots) if (slot.epoch !== this.epoch) this.take(rule, slot);
    this.looked = [...this.indexes.values()];
  }

  /**
   * Adds to `out` the places of the rules that the event may concern, ascending: the place shifted by `FOUND_BITS`, and the marks
   * of the ways by which it was found.
   */
  find(body: unknown, out: number[]): void {
    const { residual, looked } = this;
    const from = out.length;
    for (let i = 0; i < residual.length; i++)
      out.push((this.placeOf(residual[i] as number) << FOUND_BITS) | FOUND_BEGINS | FOUND_ASK);
    this.out = out;
    this.stamp = (this.stamp + 1) | 0;
    if (this.stamp === 0) this.renewStamps();
    for (let i = 0; i < looked.length; i++) (looked[i] as FieldsIndex).find(body, this.found);
    if (out.length > from + 1) sortFrom(out, from);
  }

  /** A way to a slot. */
  private readonly found = (way: number): void => {
    const slot = way >> FOUND_BITS;
    const marks = way & FOUND_MARKS;
    const { out, cells } = this;
    const cell = CELL * slot;
    if (cells[cell] === this.stamp) {
      (out[cells[cell + POSITION] as number] as number) |= marks;
      return;
    }
    cells[cell] = this.stamp;
    cells[cell + POSITION] = out.length;
    out.push(((cells[cell + PLACE] as number) << FOUND_BITS) | marks);
  };

  private placeOf(slot: number): number {
    return this.cells[CELL * slot + PLACE] as number;
  }

  private renewStamps(): void {
    for (let cell = 0; cell < this.cells.length; cell += CELL) this.cells[cell] = 0;
    this.stamp = 1;
  }

  private clear(): void {
    this.slots.clear();
    this.indexes.clear();
    this.residual = [];
    this.freed = [];
    this.slotsUsed = 0;
  }

  /** Puts rules in that are new, or another than they were. */
  private put(rules: readonly ActiveRule[]): void {
    const choose = fieldsChooser(rules, this.indexes);
    for (const rule of rules) {
      const before = this.slots.get(rule);
      if (before !== undefined) this.take(rule, before);
      const accesses = accessesOf(rule);
      const number = this.freed.pop() ?? this.slotsUsed++;
      const ways = (accesses ?? []).map((access) => choose(access.equalities));
      this.slots.set(rule, { number, accesses, ways, epoch: 0 });
      if (accesses === undefined) this.residual.push(number);
      accesses?.forEach((access, way) => {
        const equalities = ways[way] as readonly EqualityAccess[];
        this.indexOver(equalities).add(equalities, access.range, wayNumber(number, access, equalities));
      });
    }
  }

  private indexOver(equalities: readonly EqualityAccess[]): FieldsIndex {
    const name = nameOf(equalities);
    let index = this.indexes.get(name);
    if (index === undefined) {
      index = new FieldsIndex(equalities.map(({ fields }) => fields));
      this.indexes.set(name, index);
    }
    return index;
  }

  private take(rule: ActiveRule, { number, accesses, ways }: Slot): void {
    this.slots.delete(rule);
    this.freed.push(number);
    if (accesses === undefined) this.residual = this.residual.filter((one) => one !== number);
    ways.forEach((equalities, way) => {
      const name = nameOf(equalities);
      const index = this.indexes.get(name);
      index?.remove(equalities, wayNumber(number, accesses?.[way] as Access, equalities));
      if (index?.isEmpty === true) this.indexes.delete(name);
    });
  }
}

/** Looked up by less than all equalities a way leaves something to be asked. */
function wayNumber(slot: number, { begins, equalities, sure }: Access, used: readonly EqualityAccess[]): number {
  const sureMarks = (sure.begin ? FOUND_SURE_BEGIN : 0) | (sure.end ? FOUND_SURE_END : 0);
  const marks = sureMarks > 0 && used.length === equalities.length ? sureMarks : FOUND_ASK;
  return (slot << FOUND_BITS) | (begins ? FOUND_BEGINS : 0) | marks;
}

/** Puts the numbers from `from` on in order: mostly few. */
function sortFrom(numbers: number[], from: number): void {
  if (numbers.length - from > INSERTION_SORT_MAX) {
    const sorted = numbers.slice(from).sort((a, b) => a - b);
    for (let i = 0; i < sorted.length; i++) numbers[from + i] = sorted[i] as number;
    return;
  }
  for (let i = from + 1; i < numbers.length; i++) {
    const one = numbers[i] as number;
    let at = i;
    for (; at > from && (numbers[at - 1] as number) > one; at--) numbers[at] = numbers[at - 1] as number;
    numbers[at] = one;
  }
}

function nameOf(equalities: readonly EqualityAccess[]): string {
  return equalities.map(({ fields }) => fieldName(fields)).join('\n');
}

/** All fields of a way, if many ways have the same; else the one with the most distinct constants, which leaves the fewest rules. */
function fieldsChooser(
  rules: readonly ActiveRule[],
  used: ReadonlyMap<string, unknown>,
): (equalities: readonly EqualityAccess[]) => readonly EqualityAccess[] {
  const counts = new Map<string, number>([...used.keys()].map((name) => [name, Infinity]));
  const ways = rules.flatMap((rule) => accessesOf(rule) ?? []);
  for (const { equalities } of ways) {
    const name = nameOf(equalities);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const common = new Set(
    [...counts]
      .sort(([, a], [, b]) => (a === b ? 0 : b - a))
      .slice(0, FIELD_SETS_MAX)
      .map(([name]) => name),
  );
  const weights = counts.size <= FIELD_SETS_MAX ? new Map<string, number>() : countConstants(ways);
  return (equalities) => {
    if (equalities.length < 2 || common.has(nameOf(equalities))) return equalities;
    return [heaviest(equalities, weights)];
  };
}

/** Distinct constants by field. */
function countConstants(ways: readonly Access[]): ReadonlyMap<string, number> {
  const constants = new Map<string, Set<unknown>>();
  for (const { fields, value } of ways.flatMap(({ equalities }) => equalities)) {
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
