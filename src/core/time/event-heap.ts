/**
 * Events in no order, the first in their total order on top. Their times lie in a typed array and the heap moves their slots alone,
 * so that an event is looked at when it comes, when it goes, and where times are equal.
 */
import type { StreamEvent } from '../model/event.js';
import { compareEvents } from '../model/event.js';

/** Events there is room for at first. */
const ROOM = 64;

export class EventHeap {
  size = 0;
  /** Time of the first; Infinity for none. */
  firstTime = Infinity;
  /** By slot; what is not in the heap is undefined. */
  private events = new Array<StreamEvent | undefined>(ROOM).fill(undefined);
  private times = new Float64Array(ROOM);
  private seqs = new Float64Array(ROOM);
  /** Every slot once: those of the heap, `size` of them, then the free ones. */
  private slots = Int32Array.from({ length: ROOM }, (_, slot) => slot);

  /** Undefined when empty. */
  get first(): StreamEvent | undefined {
    return this.size === 0 ? undefined : this.events[this.slots[0] as number];
  }

  push(event: StreamEvent): void {
    if (this.size === this.slots.length) this.grow();
    const { slots, times } = this;
    let at = this.size++;
    const slot = slots[at] as number;
    this.events[slot] = event;
    times[slot] = event.time;
    this.seqs[slot] = event.seq;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = slots[parent] as number;
      if (!this.isBefore(slot, above)) break;
      slots[at] = above;
      at = parent;
    }
    slots[at] = slot;
    if (at === 0) this.firstTime = times[slot] as number;
  }

  /** Takes the first out; not when empty. */
  pop(): StreamEvent {
    const { slots, events } = this;
    const free = slots[0] as number;
    const event = events[free] as StreamEvent;
    events[free] = undefined;
    const size = --this.size;
    const last = slots[size] as number;
    slots[size] = free;
    if (size > 0) this.siftDown(last);
    this.firstTime = size > 0 ? (this.times[slots[0] as number] as number) : Infinity;
    return event;
  }

  /** Infinity when empty. */
  lowestSeq(): number {
    let lowest = Infinity;
    for (let at = 0; at < this.size; at++) lowest = Math.min(lowest, this.seqs[this.slots[at] as number] as number);
    return lowest;
  }

  /** In no particular order. */
  *[Symbol.iterator](): IterableIterator<StreamEvent> {
    for (let at = 0; at < this.size; at++) yield this.events[this.slots[at] as number] as StreamEvent;
  }

  private isBefore(slot: number, other: number): boolean {
    const time = this.times[slot] as number;
    const otherTime = this.times[other] as number;
    if (time !== otherTime) return time < otherTime;
    return compareEvents(this.events[slot] as StreamEvent, this.events[other] as StreamEvent) < 0;
  }

  /** Puts a slot in at the top. */
  private siftDown(slot: number): void {
    const { slots, size } = this;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(slots[child + 1] as number, slots[child] as number)) child++;
      if (!this.isBefore(slots[child] as number, slot)) break;
      slots[at] = slots[child] as number;
      at = child;
    }
    slots[at] = slot;
  }

  private grow(): void {
    const room = this.slots.length;
    const times = new Float64Array(room * 2);
    const seqs = new Float64Array(room * 2);
    const slots = Int32Array.from({ length: room * 2 }, (_, slot) => slot);
    times.set(this.times);
    seqs.set(this.seqs);
    slots.set(this.slots);
    this.events = [...this.events, ...new Array<undefined>(room).fill(undefined)];
    this.times = times;
    this.seqs = seqs;
    this.slots = slots;
  }
}
