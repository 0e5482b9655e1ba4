/**
 * Rows of ways into rules. A row has ways without a threshold, which are always found, and ways over one field and order, thresholds
 * in order; other fields and orders, which are rare, have rows of their own behind it.
 */
import { readPrimitive } from './read-primitive.js';
import type { RangeAccess } from './rule-access.js';
import { fieldName } from './rule-access.js';

/**
 * A way is a number: of what it leads to, shifted by `FOUND_BITS`, and marks. By a way that begins an event may begin a run. Where a
 * way says all that the condition behind it does, an event found by it is known to begin a lone run, or to end one; every other way
 * is marked to be asked, and so is one by which the event cannot be told.
 */
export const FOUND_BITS = 4;
export const FOUND_BEGINS = 1;
export const FOUND_SURE_BEGIN = 2;
export const FOUND_SURE_END = 4;
export const FOUND_ASK = 8;

/** Told of every way found; one may be told more than once. */
export type Found = (way: number) => void;

/** Of a row: where its cells begin, for how many it has room, how many ways are always found, how many have a threshold. */
const HEAD = 4;
/** A cell: threshold (any number where there is none) and way. `>` and `>=` ascend, `<` and `<=` descend: what holds comes first. */
const CELL = 2;
const ROOM_MIN = 1;
const ROWS_MIN = 16;

interface OtherRange {
  readonly range: RangeAccess;
  readonly row: number;
}

export class WayRows {
  /** Rows, and rows with ways in them. */
  count = 0;
  filled = 0;
  private heads = new Int32Array(HEAD * ROWS_MIN);
  private cells = new Float64Array(CELL * ROWS_MIN);
  private used = 0;
  /** What the rows' own thresholds are of: that of the first way that has one. */
  private range: RangeAccess | undefined = undefined;
  /** Rows behind rows, for other ranges. */
  private readonly others = new Map<number, OtherRange[]>();

  /** A new row. */
  open(): number {
    const row = this.count++;
    if (HEAD * this.count > this.heads.length) this.heads = grown(this.heads, Int32Array);
    return row;
  }

  add(row: number, range: RangeAccess | undefined, way: number): void {
    if (range !== undefined) this.range ??= range;
    if (range === undefined) this.insert(row, { at: this.always(row), threshold: 0, way, ranged: false });
    else if (isSameRange(range, this.range)) this.insertRanged(row, range, way);
    else this.insertRanged(this.rowOfOther(row, range), range, way);
  }

  remove(row: number, way: number): void {
    const start = this.start(row);
    const size = this.always(row) + this.ranged(row);
    for (let at = 0; at < size; at++) {
      if (this.cells[start + CELL * at + 1] !== way) continue;
      this.cells.copyWithin(start + CELL * at, start + CELL * (at + 1), start + CELL * size);
      const head = HEAD * row + (at < this.always(row) ? 2 : 3);
      this.heads[head] = (this.heads[head] as number) - 1;
      if (size === 1) this.filled--;
      return;
    }
    for (const other of this.others.get(row) ?? []) this.remove(other.row, way);
  }

  find(row: number, body: unknown, found: Found): void {
    const { cells } = this;
    const start = this.start(row);
    const always = this.always(row);
    const ranged = this.ranged(row);
    for (let at = 0; at < always; at++) found(cells[start + CELL * at + 1] as number);
    if (ranged > 0) this.findRanged(start + CELL * always, ranged, { range: this.range as RangeAccess, body, found });
    if (this.others.size > 0) this.findOthers(row, body, found);
  }

  /** All ways of the row, whatever the event. */
  each(row: number, found: Found): void {
    const start = this.start(row);
    const size = this.always(row) + this.ranged(row);
    for (let at = 0; at < size; at++) found(toBeAsked(this.cells[start + CELL * at + 1] as number));
    for (const other of this.others.get(row) ?? []) this.each(other.row, found);
  }

  private findOthers(row: number, body: unknown, found: Found): void {
    for (const { range, row: other } of this.others.get(row) ?? []) {
      this.findRanged(this.start(other), this.ranged(other), { range, body, found });
    }
  }

  private findRanged(
    start: number,
    size: number,
    { range, body, found }: { range: RangeAccess; body: unknown; found: Found },
  ): void {
    const value = readPrimitive(body, range.fields);
    if (value === undefined) return;
    const { cells } = this;
    // Compared with anything but a number the condition fails, which is for it to say.
    const isNumber = typeof value === 'number';
    const end = isNumber ? this.endOfSatisfied(start, size, { order: range.order, value }) : size;
    for (let at = 0; at < end; at++) {
      const way = cells[start + CELL * at + 1] as number;
      found(isNumber ? way : toBeAsked(way));
    }
  }

  private endOfSatisfied(
    start: number,
    size: number,
    { order, value }: { order: RangeAccess['order']; value: number },
  ): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(value, order, this.cells[start + CELL * middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private insertRanged(row: number, { order, threshold }: RangeAccess, way: number): void {
    const start = this.start(row);
    const always = this.always(row);
    let at = always + this.ranged(row);
    while (at > always && isBefore(order, threshold, this.cells[start + CELL * (at - 1)] as number)) at--;
    this.insert(row, { at, threshold, way, ranged: true });
  }

  private insert(
    row: number,
    { at, threshold, way, ranged }: { at: number; threshold: number; way: number; ranged: boolean },
  ): void {
    const size = this.always(row) + this.ranged(row);
    if (size === (this.heads[HEAD * row + 1] as number)) this.makeRoom(row, size);
    const start = this.start(row);
    this.cells.copyWithin(start + CELL * (at + 1), start + CELL * at, start + CELL * size);
    this.cells[start + CELL * at] = threshold;
    this.cells[start + CELL * at + 1] = way;
    const head = HEAD * row + (ranged ? 3 : 2);
    this.heads[head] = (this.heads[head] as number) + 1;
    if (size === 0) this.filled++;
  }

  /** Moves a full row to where there is room for twice as many; its former place stays unused until the index is made anew. */
  private makeRoom(row: number, size: number): void {
    const room = Math.max(ROOM_MIN, 2 * size);
    while (this.used + CELL * room > this.cells.length) this.cells = grown(this.cells, Float64Array);
    const start = this.start(row);
    this.cells.copyWithin(this.used, start, start + CELL * size);
    this.heads[HEAD * row] = this.used;
    this.heads[HEAD * row + 1] = room;
    this.used += CELL * room;
  }

  private rowOfOther(row: number, range: RangeAccess): number {
    let others = this.others.get(row);
    if (others === undefined) this.others.set(row, (others = []));
    let other = others.find((one) => isSameRange(one.range, range));
    if (other === undefined) others.push((other = { range, row: this.open() }));
    return other.row;
  }

  private start(row: number): number {
    return this.heads[HEAD * row] as number;
  }

  private always(row: number): number {
    return this.heads[HEAD * row + 2] as number;
  }

  private ranged(row: number): number {
    return this.heads[HEAD * row + 3] as number;
  }
}

function toBeAsked(way: number): number {
  return (way & ~(FOUND_SURE_BEGIN | FOUND_SURE_END)) | FOUND_ASK;
}

function grown<T extends Int32Array | Float64Array>(before: T, type: new (length: number) => T): T {
  const after = new type(2 * before.length);
  after.set(before);
  return after;
}

function isSameRange(a: RangeAccess, b: RangeAccess | undefined): boolean {
  return a === b || (b !== undefined && a.order === b.order && fieldName(a.fields) === fieldName(b.fields));
}

function isBefore(order: RangeAccess['order'], a: number, b: number): boolean {
  return order === '>' || order === '>=' ? a < b : a > b;
}

function holds(value: number, order: RangeAccess['order'], threshold: number): boolean {
  if (order === '>') return value > threshold;
  if (order === '>=') return value >= threshold;
  return order === '<' ? value < threshold : value <= threshold;
}
