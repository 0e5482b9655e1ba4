/**
 * Events waiting for the watermark, released in their total order.
 *
 * What arrives in order goes to the end of a queue, what does not goes through a heap; release takes the smaller of both fronts.
 * An event that waits long is out of the processor's cache: what is to be known of it while it waits lies beside it.
 */
import type { StreamEvent } from '../model/event.js';
import { compareEvents } from '../model/event.js';
import { EventHeap } from './event-heap.js';

/** Events the queue has room for at first; a power of two, as ever after. */
const ROOM = 64;

export class EventBuffer {
  /** The queue, a ring: `queued` events from `head` on, what lies outside is undefined. */
  private ring = new Array<StreamEvent | undefined>(ROOM).fill(undefined);
  private times = new Float64Array(ROOM);
  private head = 0;
  private queued = 0;
  private readonly heap = new EventHeap();

  get size(): number {
    return this.queued + this.heap.size;
  }

  push(event: StreamEvent): void {
    const { queued } = this;
    if (queued > 0) {
      const last = (this.head + queued - 1) & (this.ring.length - 1);
      const lastTime = this.times[last] as number;
      const { time } = event;
      if (time < lastTime || (time === lastTime && compareEvents(this.ring[last] as StreamEvent, event) > 0)) {
        this.heap.push(event);
        return;
      }
    }
    this.append(event);
  }

  /** An event that comes after every other of the queue. */
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
    const unordered = this.heap.first;
    if (ordered === undefined) return unordered;
    if (unordered === undefined) return ordered;
    return compareEvents(ordered, unordered) <= 0 ? ordered : unordered;
  }

  /** Appends to `out` every event with time ≤ `time`, in order. */
  releaseTo(time: number, out: StreamEvent[]): void {
    const { heap } = this;
    while (heap.firstTime <= time && heap.size > 0) {
      while (this.queued > 0 && this.isQueueFirst()) out.push(this.shift());
      out.push(heap.pop());
    }
    while (this.queued > 0 && (this.times[this.head] as number) <= time) out.push(this.shift());
  }

  /** The first of the queue comes before the first of the heap; both have one. */
  private isQueueFirst(): boolean {
    const { head, heap } = this;
    const time = this.times[head] as number;
    if (time !== heap.firstTime) return time < heap.firstTime;
    return compareEvents(this.ring[head] as StreamEvent, heap.first as StreamEvent) < 0;
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

  private grow(): void {
    const { ring, head } = this;
    const room = new Array<StreamEvent | undefined>(ring.length * 2).fill(undefined);
    const times = new Float64Array(room.length);
    for (let i = 0; i < this.queued; i++) {
      const at = (head + i) & (ring.length - 1);
      room[i] = ring[at];
      times[i] = this.times[at] as number;
    }
    this.ring = room;
    this.times = times;
    this.head = 0;
  }

  /** The lowest sequence of one source's events here; undefined when empty. Correct when all events are of that source. */
  lowestSeq(): number | undefined {
    const ordered = this.queued > 0 ? (this.ring[this.head] as StreamEvent).seq : Infinity;
    const lowest = Math.min(ordered, this.heap.lowestSeq());
    return lowest === Infinity ? undefined : lowest;
  }

  /** Every event here, in no particular order. */
  *[Symbol.iterator](): IterableIterator<StreamEvent> {
    const { ring, head, queued } = this;
    for (let i = 0; i < queued; i++) yield ring[(head + i) & (ring.length - 1)] as StreamEvent;
    yield* this.heap;
  }
}
