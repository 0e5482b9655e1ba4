/** From a place by a constant to the next place, all small whole numbers: open addressing with linear probing in one typed array. */

/** A cell: place (-1 for a free cell), constant, next place, nothing. */
const CELL = 4;
const FREE = -1;
const CELLS_MIN = 16;

export class StepTable {
  private cells = freeCells(CELLS_MIN);
  private mask = CELLS_MIN - 1;
  private used = 0;

  /** -1 for no step. */
  get(place: number, constant: number): number {
    const { cells, mask } = this;
    for (let at = hash(place, constant) & mask; ; at = (at + 1) & mask) {
      const cell = CELL * at;
      if (cells[cell] === place && cells[cell + 1] === constant) return cells[cell + 2] as number;
      if (cells[cell] === FREE) return -1;
    }
  }

  /** A step that is not there yet. */
  set(place: number, constant: number, next: number): void {
    if (2 * ++this.used > this.mask) this.grow();
    this.put(place, constant, next);
  }

  private put(place: number, constant: number, next: number): void {
    const { cells, mask } = this;
    let at = hash(place, constant) & mask;
    while (cells[CELL * at] !== FREE) at = (at + 1) & mask;
    cells.set([place, constant, next], CELL * at);
  }

  private grow(): void {
    const before = this.cells;
    const count = 2 * (this.mask + 1);
    this.cells = freeCells(count);
    this.mask = count - 1;
    for (let cell = 0; cell < before.length; cell += CELL) {
      if (before[cell] !== FREE)
        this.put(before[cell] as number, before[cell + 1] as number, before[cell + 2] as number);
    }
  }
}

function freeCells(count: number): Int32Array {
  return new Int32Array(CELL * count).fill(FREE);
}

/** Mixes both by the multiplicative constants of MurmurHash3 (A. Appleby). */
function hash(place: number, constant: number): number {
  let mixed = Math.imul(place, 0xcc9e2d51) ^ Math.imul(constant, 0x1b873593);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
