/**
 * Events waiting for the watermark, released in their total order.
 *
 * Mostly ordered input costs O(1) an event: what arrives in order goes to the end of a queue, only what arrives out of
 * order goes through a heap; release takes the smaller of both fronts.
 */
import type { StreamEvent } from '../model/event.js';
import { compareEvents } from '../model/event.js';

/** Events the queue has room for at first; a power of two, as ever after. */
const ROOM = 64;
/** Arrivals that may be kept beyond twice those that matter before they are looked through. */
const COMPACT_AT = 4_096;

export class EventBuffer {
  /** The queue, a ring: `queued` events from `head` on, what lies outside is undefined. */
  private ring: (StreamEvent | undefined)[] = new Array<StreamEvent | undefined>(ROOM).fill(undefined);
  /** Their times: an event that waits long is out of the processor's cache, and is not looked at to find that it waits. */
  private times = new Float64Array(ROOM);
  private head = 0;
  private queued = 0;
  private readonly heap: StreamEvent[] = [];
  /** Time of the heap's first; Infinity for none. */
  private heapTime = Infinity;
  /** The heap's events by arrival, for `lowestSeq`; those at or below the released time are gone from the heap, and from here soon. */
  private arrivals: StreamEvent[] = [];
  private arrivalsHead = 0;

  get size(): number {
    return this.queued + this.heap.length;
  }

  push(event: StreamEvent): void {
    const { ring, queued } = this;
    if (queued > 0) {
      const last = (this.head + queued - 1) & (ring.length - 1);
      if (event.time <= (this.times[last] as number) && compareEvents(ring[last] as StreamEvent, event) > 0) {
        this.pushHeap(event);
        this.arrivals.push(event);
        return;
      }
    }
    this.append(event);
  }

  /** An event that comes after every other here. */
  append(event: StreamEvent): void {
    if (this.queued === this.ring.length) this.grow();
    const at = (this.head + this.queued) & (this.ring.length - 1);
    this.ring[at] = event;
    this.times[at] = event.time;
    this.queued++;
  }

  /** The first event in order; undefined when empty. */
  peek(): StreamEvent | undefined {
    const ordered = this.queued > 0 ? this.ring[this.head] : undefined;
    const unordered = this.heap[0];
    if (ordered === undefined) return unordered;
    if (unordered === undefined) return ordered;
    return compareEvents(ordered, unordered) <= 0 ? ordered : unordered;
  }

  /** Appends to `out` every event with time ≤ `time`, in order. */
  releaseTo(time: number, out: StreamEvent[]): void {
    if (this.arrivals.length > 0) {
      this.mergeTo(time, out);
      this.forgetArrivals(time);
      return;
    }
    while (this.queued > 0 && (this.times[this.head] as number) <= time) out.push(this.shift());
  }

  private mergeTo(time: number, out: StreamEvent[]): void {
    for (;;) {
      const queueTime = this.queued > 0 ? (this.times[this.head] as number) : Infinity;
      const { heapTime } = this;
      const next = Math.min(queueTime, heapTime);
      if (next > time || next === Infinity) return;
      const heapFirst =
        heapTime < queueTime ||
        (heapTime === queueTime && compareEvents(this.heap[0] as StreamEvent, this.first()) < 0);
      out.push(heapFirst ? this.popHeap() : this.shift());
    }
  }

  private first(): StreamEvent {
    return this.ring[this.head] as StreamEvent;
  }

  /** Takes the first event out of the queue. */
  private shift(): StreamEvent {
    const { ring, head } = this;
    const event = ring[head] as StreamEvent;
    ring[head] = undefined;
    this.head = (head + 1) & (ring.length - 1);
    this.queued--;
    return event;
  }

  private forgetArrivals(time: number): void {
    while (this.arrivalsHead < this.arrivals.length && (this.arrivals[this.arrivalsHead] as StreamEvent).time <= time) {
      this.arrivalsHead++;
    }
    // Half of them at least are gone then: not only the first ones, for one event far ahead keeps its place before all that pass it.
    if (this.arrivalsHead === this.arrivals.length || this.arrivals.length > 2 * this.heap.length + COMPACT_AT) {
      this.arrivals = this.arrivals.filter((event) => event.time > time);
      this.arrivalsHead = 0;
    }
  }

  private grow(): void {
    const { ring, head } = this;
    const room = new Array<StreamEvent | undefined>(ring.length * 2).fill(undefined);
    const times = new Float64Array(room.length);
    for (let i = 0; i < this.queued; i++) {
      const event = ring[(head + i) & (ring.length - 1)] as StreamEvent;
      room[i] = event;
      times[i] = event.time;
    }
    this.ring = room;
    this.times = times;
    this.head = 0;
  }

  /** The lowest sequence of one source's events here; undefined when empty. Correct when all events are of that source. */
  lowestSeq(): number | undefined {
    const ordered = this.queued > 0 ? this.ring[this.head] : undefined;
    const unordered = this.arrivals[this.arrivalsHead];
    if (ordered === undefined || unordered === undefined) return (ordered ?? unordered)?.seq;
    return Math.min(ordered.seq, unordered.seq);
  }

  /** Every event here, in no particular order. */
  *[Symbol.iterator](): IterableIterator<StreamEvent> {
    const { ring, head, queued } = this;
    for (let i = 0; i < queued; i++) yield ring[(head + i) & (ring.length - 1)] as StreamEvent;
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
    this.heapTime = (heap[0] as StreamEvent).time;
  }

  private popHeap(): StreamEvent {
    const heap = this.heap;
    const first = heap[0] as StreamEvent;
    const last = heap.pop() as StreamEvent;
    if (heap.length > 0) this.siftDown(last);
    this.heapTime = heap[0]?.time ?? Infinity;
    return first;
  }

  /** Puts an event in at the top. */
  private siftDown(last: StreamEvent): void {
    const heap = this.heap;
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
