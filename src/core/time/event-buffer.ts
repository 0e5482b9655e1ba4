/**
 * Events waiting for the watermark, released in their total order.
 *
 * Mostly ordered input costs O(1) an event: what arrives in order goes to the end of a queue, only what arrives out of
 * order goes through a heap; release takes the smaller of both fronts.
 */
import type { StreamEvent } from '../model/event.js';
import { compareEvents } from '../model/event.js';

/** Front part of the queue that may be empty before it is cut off. */
const COMPACT_AT = 4_096;

export class EventBuffer {
  private inOrder: StreamEvent[] = [];
  private head = 0;
  private readonly heap: StreamEvent[] = [];
  /** The heap's events by arrival, for `lowestSeq`; those at or below the released time are gone from the heap, and from here soon. */
  private arrivals: StreamEvent[] = [];
  private arrivalsHead = 0;

  get size(): number {
    return this.inOrder.length - this.head + this.heap.length;
  }

  push(event: StreamEvent): void {
    const last = this.inOrder[this.inOrder.length - 1];
    if (this.head === this.inOrder.length || last === undefined || compareEvents(last, event) <= 0) {
      this.inOrder.push(event);
    } else {
      this.pushHeap(event);
      this.arrivals.push(event);
    }
  }

  /** The first event in order; undefined when empty. */
  peek(): StreamEvent | undefined {
    const ordered = this.head < this.inOrder.length ? this.inOrder[this.head] : undefined;
    const unordered = this.heap[0];
    if (ordered === undefined) return unordered;
    if (unordered === undefined) return ordered;
    return compareEvents(ordered, unordered) <= 0 ? ordered : unordered;
  }

  /** Appends to `out` every event with time ≤ `time`, in order. */
  releaseTo(time: number, out: StreamEvent[]): void {
    if (this.heap.length > 0) this.mergeTo(time, out);
    else {
      const { inOrder } = this;
      for (let event = inOrder[this.head]; event !== undefined && event.time <= time; event = inOrder[this.head]) {
        this.head++;
        out.push(event);
      }
    }
    if (this.head === this.inOrder.length) {
      this.inOrder.length = 0;
      this.head = 0;
    } else if (this.head >= COMPACT_AT && this.head * 2 >= this.inOrder.length) {
      this.inOrder = this.inOrder.slice(this.head);
      this.head = 0;
    }
    while (this.arrivalsHead < this.arrivals.length && (this.arrivals[this.arrivalsHead] as StreamEvent).time <= time) {
      this.arrivalsHead++;
    }
    // Half of them at least are gone then: not only the first ones, for one event far ahead keeps its place before all that pass it.
    if (this.arrivals.length > 2 * this.heap.length + COMPACT_AT) {
      this.arrivals = this.arrivals.filter((event) => event.time > time);
      this.arrivalsHead = 0;
    }
  }

  private mergeTo(time: number, out: StreamEvent[]): void {
    for (let event = this.peek(); event !== undefined && event.time <= time; event = this.peek()) {
      if (event === this.heap[0] && event !== this.inOrder[this.head]) this.popHeap();
      else this.head++;
      out.push(event);
    }
  }

  /** The lowest sequence of one source's events here; undefined when empty. Correct when all events are of that source. */
  lowestSeq(): number | undefined {
    const ordered = this.head < this.inOrder.length ? this.inOrder[this.head] : undefined;
    const unordered = this.arrivals[this.arrivalsHead];
    if (ordered === undefined || unordered === undefined) return (ordered ?? unordered)?.seq;
    return Math.min(ordered.seq, unordered.seq);
  }

  /** Every event here, in no particular order. */
  *[Symbol.iterator](): IterableIterator<StreamEvent> {
    for (let i = this.head; i < this.inOrder.length; i++) yield this.inOrder[i] as StreamEvent;
    yield* this.heap;
  }

  private pushHeap(event: StreamEvent): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as StreamEvent;
      if (compareEvents(above, event) <= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  private popHeap(): void {
    const heap = this.heap;
    const last = heap.pop() as StreamEvent;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && compareEvents(heap[child + 1] as StreamEvent, heap[child] as StreamEvent) < 0)
        child++;
      if (compareEvents(last, heap[child] as StreamEvent) <= 0) break;
      heap[at] = heap[child] as StreamEvent;
      at = child;
    }
    heap[at] = last;
  }
}
