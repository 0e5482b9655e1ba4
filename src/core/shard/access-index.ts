/**
 * Ways into rules by what they demand of an event: the equalities of a way as nested hashes, one level a field; below them thresholds in
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

/**
 * A way is a number: of what it leads to, shifted by `FOUND_BITS`, and two marks. By a way that begins an event may begin a run; one
 * that is certain is found only by events that do (told without the mark where the event leaves that open).
 */
export const FOUND_BITS = 2;
export const FOUND_BEGINS = 1;
export const FOUND_CERTAIN = 2;

/** Told of every way found; one may be told more than once. */
export type Found = (way: number) => void;

function uncertain(way: number): number {
  return way & ~FOUND_CERTAIN;
}

/** Thresholds of one field and order. `>` and `>=` ascend, `<` and `<=` descend: what holds comes first. */
class Thresholds {
  /** Threshold and way in turn: with thousands of rules what counts is how many places of memory are looked at. */
  private readonly cells: number[] = [];

  constructor(readonly range: RangeAccess) {}

  add(threshold: number, way: number): void {
    let at = this.cells.length;
    while (at > 0 && this.isBefore(threshold, this.cells[at - 2] as number)) at -= 2;
    this.cells.splice(at, 0, threshold, way);
  }

  remove(way: number): void {
    for (let at = 0; at < this.cells.length; at += 2) {
      if (this.cells[at + 1] !== way) continue;
      this.cells.splice(at, 2);
      return;
    }
  }

  get isEmpty(): boolean {
    return this.cells.length === 0;
  }

  find(body: unknown, found: Found): void {
    const value = readPrimitive(body, this.range.fields);
    if (value === undefined) return;
    // Compared with anything but a number the condition fails, which is for it to say.
    if (typeof value !== 'number') return this.each(found);
    const { cells } = this;
    const end = this.endOfSatisfied(value);
    for (let i = 1; i < end; i += 2) found(cells[i] as number);
  }

  /** All of them, whatever the event. */
  each(found: Found): void {
    for (let i = 1; i < this.cells.length; i += 2) found(uncertain(this.cells[i] as number));
  }

  private isBefore(a: number, b: number): boolean {
    return this.range.order === '>' || this.range.order === '>=' ? a < b : a > b;
  }

  private endOfSatisfied(value: number): number {
    let low = 0;
    let high = this.cells.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(value, this.range.order, this.cells[2 * middle] as number)) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}

function holds(value: number, order: RangeAccess['order'], threshold: number): boolean {
  if (order === '>') return value > threshold;
  if (order === '>=') return value >= threshold;
  return order === '<' ? value < threshold : value <= threshold;
}

const NONE: readonly never[] = [];

/** Ways whose equalities hold. */
class Leaf {
  private always: readonly number[] = NONE;
  /** Mostly there is one. */
  private range: Thresholds | undefined = undefined;
  private otherRanges: readonly Thresholds[] = NONE;

  /** `range` stands for its field and order: the same object for the same of them. */
  add(range: RangeAccess | undefined, threshold: number, way: number): void {
    if (range === undefined) {
      this.always = [...this.always, way];
      return;
    }
    let thresholds = this.range?.range === range ? this.range : this.otherRanges.find((one) => one.range === range);
    if (thresholds === undefined) {
      thresholds = new Thresholds(range);
      if (this.range === undefined) this.range = thresholds;
      else this.otherRanges = [...this.otherRanges, thresholds];
    }
    thresholds.add(threshold, way);
  }

  remove(way: number): void {
    if (this.always.length > 0) this.always = this.always.filter((one) => one !== way);
    const ranges = [...(this.range === undefined ? NONE : [this.range]), ...this.otherRanges];
    for (const thresholds of ranges) thresholds.remove(way);
    const [first, ...others] = ranges.filter((thresholds) => !thresholds.isEmpty);
    this.range = first;
    this.otherRanges = others;
  }

  get isEmpty(): boolean {
    return this.always.length === 0 && this.range === undefined;
  }

  find(body: unknown, found: Found): void {
    const { always, otherRanges } = this;
    for (let i = 0; i < always.length; i++) found(always[i] as number);
    this.range?.find(body, found);
    for (let i = 0; i < otherRanges.length; i++) (otherRanges[i] as Thresholds).find(body, found);
  }

  each(found: Found): void {
    for (const way of this.always) found(uncertain(way));
    this.range?.each(found);
    for (const thresholds of this.otherRanges) thresholds.each(found);
  }
}

type Level = Map<Constant, Level | Leaf>;

/** The ways over the same fields. */
export class FieldsIndex {
  private root: Level | Leaf | undefined;
  /** One for each field and order. */
  private readonly ranges = new Map<string, RangeAccess>();

  constructor(private readonly paths: readonly (readonly string[])[]) {}

  /** `equalities` are over the paths of this index, in their order. */
  add(equalities: readonly EqualityAccess[], range: RangeAccess | undefined, way: number): void {
    const depth = this.paths.length;
    if (depth === 0) {
      this.root ??= new Leaf();
      this.addTo(this.root as Leaf, range, way);
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
      if (next instanceof Leaf) this.addTo(next, range, way);
      else level = next;
    }
  }

  private addTo(leaf: Leaf, range: RangeAccess | undefined, way: number): void {
    if (range === undefined) {
      leaf.add(undefined, 0, way);
      return;
    }
    const name = `${range.order} ${fieldName(range.fields)}`;
    let shared = this.ranges.get(name);
    if (shared === undefined) {
      shared = range;
      this.ranges.set(name, shared);
    }
    leaf.add(shared, range.threshold, way);
  }

  /** Takes the way out of the place to which these equalities lead, and what is empty then. */
  remove(equalities: readonly EqualityAccess[], way: number): void {
    if (this.root !== undefined && removeBelow(this.root, equalities, 0, way)) this.root = undefined;
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
function removeBelow(at: Level | Leaf, equalities: readonly EqualityAccess[], depth: number, way: number): boolean {
  if (at instanceof Leaf) {
    at.remove(way);
    return at.isEmpty;
  }
  const { value } = equalities[depth] as EqualityAccess;
  const next = at.get(value);
  if (next !== undefined && removeBelow(next, equalities, depth + 1, way)) at.delete(value);
  return at.size === 0;
}

function eachBelow(at: Level | Leaf, found: Found): void {
  if (at instanceof Leaf) at.each(found);
  else for (const next of at.values()) eachBelow(next, found);
}
