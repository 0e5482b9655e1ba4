/**
 * Rules by what they demand of an event: the equalities of a way as nested hashes, one level a field; below them thresholds in
 * order, of which those that the event satisfies are a prefix. Ways over the same fields share an index.
 */
import type { Constant, EqualityAccess, RangeAccess } from './rule-access.js';
import { fieldName } from './rule-access.js';

/** Something whose meaning an index cannot tell: a list (which JSONata goes through) or an object. */
export const UNTELLABLE = Symbol('untellable');

/** A primitive at the path, undefined for none. */
export function readPrimitive(body: unknown, fields: readonly string[]): unknown {
  let value = body;
  for (let i = 0; ; i++) {
    if (Array.isArray(value)) return UNTELLABLE;
    if (i === fields.length) break;
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[fields[i] as string];
  }
  return typeof value === 'object' && value !== null ? UNTELLABLE : value;
}

/** Told of every rule found; one may be told more than once. */
export type Found = (rule: number) => void;

/** Thresholds of one field and order. `>` and `>=` ascend, `<` and `<=` descend: what holds comes first. */
class Thresholds {
  private readonly thresholds: number[] = [];
  private readonly rules: number[] = [];

  constructor(readonly range: RangeAccess) {}

  add(threshold: number, rule: number): void {
    let at = this.thresholds.length;
    while (at > 0 && this.isBefore(threshold, this.thresholds[at - 1] as number)) at--;
    this.thresholds.splice(at, 0, threshold);
    this.rules.splice(at, 0, rule);
  }

  remove(rule: number): void {
    const at = this.rules.indexOf(rule);
    if (at < 0) return;
    this.rules.splice(at, 1);
    this.thresholds.splice(at, 1);
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  find(body: unknown, found: Found): void {
    const value = readPrimitive(body, this.range.fields);
    if (value === undefined) return;
    // Compared with anything but a number the condition fails, which is for it to say.
    const end = typeof value === 'number' ? this.countSatisfied(value) : this.rules.length;
    for (let i = 0; i < end; i++) found(this.rules[i] as number);
  }

  each(found: Found): void {
    for (const rule of this.rules) found(rule);
  }

  private isBefore(a: number, b: number): boolean {
    return this.range.order === '>' || this.range.order === '>=' ? a < b : a > b;
  }

  private countSatisfied(value: number): number {
    let low = 0;
    let high = this.thresholds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(value, this.range.order, this.thresholds[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function holds(value: number, order: RangeAccess['order'], threshold: number): boolean {
  if (order === '>') return value > threshold;
  if (order === '>=') return value >= threshold;
  return order === '<' ? value < threshold : value <= threshold;
}

/** Rules whose equalities hold. */
class Leaf {
  private always: number[] = [];
  private ranges: Thresholds[] = [];

  add(range: RangeAccess | undefined, rule: number): void {
    if (range === undefined) {
      this.always.push(rule);
      return;
    }
    const name = fieldName(range.fields);
    let thresholds = this.ranges.find((one) => one.range.order === range.order && fieldName(one.range.fields) === name);
    if (thresholds === undefined) {
      thresholds = new Thresholds(range);
      this.ranges.push(thresholds);
    }
    thresholds.add(range.threshold, rule);
  }

  remove(rule: number): void {
    this.always = this.always.filter((one) => one !== rule);
    for (const thresholds of this.ranges) thresholds.remove(rule);
    this.ranges = this.ranges.filter((thresholds) => !thresholds.isEmpty);
  }

  get isEmpty(): boolean {
    return this.always.length === 0 && this.ranges.length === 0;
  }

  find(body: unknown, found: Found): void {
    for (let i = 0; i < this.always.length; i++) found(this.always[i] as number);
    for (let i = 0; i < this.ranges.length; i++) (this.ranges[i] as Thresholds).find(body, found);
  }

  each(found: Found): void {
    for (const rule of this.always) found(rule);
    for (const thresholds of this.ranges) thresholds.each(found);
  }
}

type Level = Map<Constant, Level | Leaf>;

/** The rules reached over the same fields. */
export class FieldsIndex {
  private root: Level | Leaf | undefined;

  constructor(private readonly paths: readonly (readonly string[])[]) {}

  /** `equalities` are over the paths of this index, in their order. */
  add(equalities: readonly EqualityAccess[], range: RangeAccess | undefined, rule: number): void {
    const depth = this.paths.length;
    if (depth === 0) {
      this.root ??= new Leaf();
      (this.root as Leaf).add(range, rule);
      return;
    }
    this.root ??= new Map();
    let level = this.root as Level;
    for (let i = 0; i < depth; i++) {
      const { value } = equalities[i] as EqualityAccess;
      let next = level.get(value);
      if (next === undefined) {
        next = i === depth - 1 ? new Leaf() : new Map();
        level.set(value, next);
      }
      if (next instanceof Leaf) next.add(range, rule);
      else level = next;
    }
  }

  /** Takes the rule out of the place to which these equalities lead, and what is empty then. */
  remove(equalities: readonly EqualityAccess[], rule: number): void {
    if (this.root !== undefined && removeBelow(this.root, equalities, 0, rule)) this.root = undefined;
  }

  get isEmpty(): boolean {
    return this.root === undefined;
  }

  find(body: unknown, found: Found): void {
    let at = this.root;
    for (let i = 0; at !== undefined && !(at instanceof Leaf); i++) {
      const value = readPrimitive(body, this.paths[i] as readonly string[]);
      if (value === UNTELLABLE) {
        eachBelow(at, found);
        return;
      }
      at = at.get(value as Constant);
    }
    at?.find(body, found);
  }
}

/** True if nothing is left. */
function removeBelow(at: Level | Leaf, equalities: readonly EqualityAccess[], depth: number, rule: number): boolean {
  if (at instanceof Leaf) {
    at.remove(rule);
    return at.isEmpty;
  }
  const { value } = equalities[depth] as EqualityAccess;
  const next = at.get(value);
  if (next !== undefined && removeBelow(next, equalities, depth + 1, rule)) at.delete(value);
  return at.size === 0;
}

function eachBelow(at: Level | Leaf, found: Found): void {
  if (at instanceof Leaf) at.each(found);
  else for (const next of at.values()) eachBelow(next, found);
}
