/**
 * The watermark of a source from the clocks of its units: the minimum over active units of (largest event time − bound − 1 ms).
 *
 * A unit silent for `idleAfterMs` on the arrival clock no longer holds the minimum back; when every unit is idle the watermark
 * moves on by the time elapsed since the last event. A heap with lazily raised keys keeps the minimum: a unit's time only grows,
 * so a stale top is pushed down when it is looked at.
 */
import { limits } from '../limits.js';

export interface UnitClock {
  readonly unit: string;
  /** Largest event time seen, ms. */
  maxTime: number;
  /** Arrival clock at its last event, ms. */
  lastArrival: number;
  /** It stands in the heap. */
  active: boolean;
}

interface HeapEntry {
  key: number;
  readonly clock: UnitClock;
}

/** [unit, largest event time, arrival clock at its last event] */
export type SavedUnit = readonly [string, number, number];

export const OVERFLOW_UNIT = '\u0000overflow';

export class UnitClocks {
  private readonly clocks = new Map<string, UnitClock>();
  private readonly heap: HeapEntry[] = [];
  private latest: UnitClock | undefined;
  /** The arrival clock: the latest arrival or tick seen. */
  arrivalClock = -Infinity;

  constructor(
    private readonly boundMs: number,
    private readonly idleAfterMs: number,
    private readonly unitsMax: number = limits.unitsPerSourceMax,
  ) {}

  get size(): number {
    return this.clocks.size;
  }

  /** The only unit, while it is active; undefined for none or several. */
  get only(): UnitClock | undefined {
    return this.clocks.size === 1 ? this.heap[0]?.clock : undefined;
  }

  /** Notes an event; a unit beyond the limit shares the overflow unit. */
  observe(unit: string, time: number, arrival: number): void {
    if (arrival > this.arrivalClock) this.arrivalClock = arrival;
    let clock = this.latest?.unit === unit ? this.latest : this.clocks.get(unit);
    if (clock === undefined) {
      const name = this.clocks.size < this.unitsMax ? unit : OVERFLOW_UNIT;
      clock = this.clocks.get(name) ?? { unit: name, maxTime: -Infinity, lastArrival: -Infinity, active: false };
      this.clocks.set(name, clock);
    }
    if (time > clock.maxTime) clock.maxTime = time;
    clock.lastArrival = this.arrivalClock;
    this.latest = clock;
    if (!clock.active) this.pushActive(clock);
  }

  /** The arrival clock moved on without an event. */
  tick(arrival: number): void {
    if (arrival > this.arrivalClock) this.arrivalClock = arrival;
  }

  /** The watermark these clocks give; −Infinity before the first event. May go back when a unit joins: the caller keeps the maximum. */
  watermark(): number {
    for (let top = this.heap[0]; top !== undefined; top = this.heap[0]) {
      if (top.key < top.clock.maxTime) {
        top.key = top.clock.maxTime;
        this.siftDown(0);
      } else if (this.isIdle(top.clock)) {
        this.popActive();
      } else {
        return top.key - this.boundMs - 1;
      }
    }
    const { latest } = this;
    return latest === undefined
      ? -Infinity
      : latest.maxTime - this.boundMs - 1 + (this.arrivalClock - latest.lastArrival);
  }

  /** True if no unit is active: only ticks move the watermark now. */
  get allIdle(): boolean {
    return this.heap.every((entry) => this.isIdle(entry.clock));
  }

  save(): SavedUnit[] {
    const units = [...this.clocks.values()].sort((a, b) => Number(a === this.latest) - Number(b === this.latest));
    return units.map((clock) => [clock.unit, clock.maxTime, clock.lastArrival]);
  }

  /** The last unit saved is the one that saw the latest event. */
  load(units: readonly SavedUnit[], arrivalClock: number): void {
    for (const [unit, maxTime, lastArrival] of units) {
      const clock: UnitClock = { unit, maxTime, lastArrival, active: false };
      this.clocks.set(unit, clock);
      this.latest = clock;
      this.pushActive(clock);
    }
    this.arrivalClock = arrivalClock;
  }

  private isIdle(clock: UnitClock): boolean {
    return this.arrivalClock - clock.lastArrival >= this.idleAfterMs;
  }

  private pushActive(clock: UnitClock): void {
    const entry: HeapEntry = { key: clock.maxTime, clock };
    clock.active = true;
    let at = this.heap.length;
    this.heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.heap[parent] as HeapEntry;
      if (above.key <= entry.key) break;
      this.heap[at] = above;
      at = parent;
    }
    this.heap[at] = entry;
  }

  private popActive(): void {
    const top = this.heap[0] as HeapEntry;
    top.clock.active = false;
    const last = this.heap.pop() as HeapEntry;
    if (this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown(0);
  }

  private siftDown(from: number): void {
    const entry = this.heap[from] as HeapEntry;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.heap.length) break;
      const right = this.heap[child + 1];
      if (right !== undefined && right.key < (this.heap[child] as HeapEntry).key) child++;
      const below = this.heap[child] as HeapEntry;
      if (entry.key <= below.key) break;
      this.heap[at] = below;
      at = child;
    }
    this.heap[at] = entry;
  }
}
