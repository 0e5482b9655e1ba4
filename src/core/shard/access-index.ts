/**
 * Ways into rules by what they demand of an event: the equalities of a way are steps through a table, one a field, to a row; in the row
 * thresholds in order, of which those that the event satisfies are a prefix. Ways over the same fields share an index.
 *
 * With thousands of rules what counts is how many places of memory are looked at: table and rows are typed arrays.
 */
import { readPrimitive, UNTELLABLE } from './read-primitive.js';
import type { Constant, EqualityAccess, RangeAccess } from './rule-access.js';
import { StepTable } from './step-table.js';
import type { Found } from './way-rows.js';
import { WayRows } from './way-rows.js';

/** Rows without a way that may stay, beyond one for every row with one. */
const VOID_ROWS_MAX = 1_024;

/** The ways over the same fields. */
export class FieldsIndex {
  /** Numbers of the constants, whatever their field. */
  private readonly constants = new Map<Constant, number>();
  private readonly steps = new StepTable();
  private readonly rows = new WayRows();
  /** The steps from each place but the last ones. Place 0 is where every way begins; behind the last field places are rows. */
  private readonly behind: number[][] = [[]];

  constructor(private readonly paths: readonly (readonly string[])[]) {
    if (paths.length === 0) this.rows.open();
  }

  /** `equalities` are over the paths of this index, in their order. */
  add(equalities: readonly EqualityAccess[], range: RangeAccess | undefined, way: number): void {
    let place = 0;
    for (let i = 0; i < this.paths.length; i++) {
      const constant = this.numberOf((equalities[i] as EqualityAccess).value);
      const next = this.steps.get(place, constant);
      place = next >= 0 ? next : this.open(place, constant, i === this.paths.length - 1);
    }
    this.rows.add(place, range, way);
  }

  /** Takes the way out of the place to which these equalities lead. */
  remove(equalities: readonly EqualityAccess[], way: number): void {
    let place = 0;
    for (let i = 0; i < this.paths.length; i++) {
      const constant = this.constants.get((equalities[i] as EqualityAccess).value);
      place = constant === undefined ? -1 : this.steps.get(place, constant);
      if (place < 0) return;
    }
    this.rows.remove(place, way);
  }

  get isEmpty(): boolean {
    return this.rows.filled === 0;
  }

  /** More of it is void than not: it should be made anew. */
  get isWasteful(): boolean {
    return this.rows.count > 2 * this.rows.filled + VOID_ROWS_MAX;
  }

  find(body: unknown, found: Found): void {
    const { paths, constants, steps } = this;
    let place = 0;
    for (let i = 0; i < paths.length; i++) {
      const value = readPrimitive(body, paths[i] as readonly string[]);
      if (value === UNTELLABLE) {
        this.eachBehind(place, i, found);
        return;
      }
      const constant = constants.get(value as Constant);
      if (constant === undefined) return;
      place = steps.get(place, constant);
      if (place < 0) return;
    }
    this.rows.find(place, body, found);
  }

  private eachBehind(place: number, depth: number, found: Found): void {
    if (depth === this.paths.length) this.rows.each(place, found);
    else for (const next of this.behind[place] as number[]) this.eachBehind(next, depth + 1, found);
  }

  private numberOf(value: Constant): number {
    let number = this.constants.get(value);
    if (number === undefined) {
      number = this.constants.size;
      this.constants.set(value, number);
    }
    return number;
  }

  private open(from: number, constant: number, last: boolean): number {
    const place = last ? this.rows.open() : this.behind.push([]) - 1;
    this.steps.set(from, constant, place);
    (this.behind[from] as number[]).push(place);
    return place;
  }
}
