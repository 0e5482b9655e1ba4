import type { KeyToken } from '../model/key.js';
import { compareTokens } from '../model/key.js';

/** A binary heap of (time, item): the earliest time first; of equal times the item with the smaller token. */
export class TimerHeap<T extends { readonly token: KeyToken }> {
  private readonly times: number[] = [];
  private readonly items: T[] = [];

  get size(): number {
    return this.times.length;
  }

  /** The earliest time; Infinity when empty. */
  get nextTime(): number {
    return this.times.length === 0 ? Infinity : (this.times[0] as number);
  }

  clear(): void {
    this.times.length = 0;
    this.items.length = 0;
  }

  push(time: number, item: T): void {
    let at = this.times.length;
    this.times.push(time);
    this.items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.times[parent] as number;
      if (above < time || (above === time && isBefore(this.items[parent] as T, item))) break;
      this.times[at] = above;
      this.items[at] = this.items[parent] as T;
      at = parent;
    }
    this.times[at] = time;
    this.items[at] = item;
  }

  /** Removes and gives the earliest item; undefined when empty. */
  pop(): T | undefined {
    const first = this.items[0];
    const time = this.times.pop();
    const item = this.items.pop();
    if (time !== undefined && item !== undefined && this.times.length > 0) this.sink(time, item);
    return first;
  }

  private sink(time: number, item: T): void {
    const { times, items } = this;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= times.length) break;
      if (child + 1 < times.length && this.isEarlier(child + 1, child)) child++;
      const below = times[child] as number;
      if (time < below || (time === below && isBefore(item, items[child] as T))) break;
      times[at] = times[child] as number;
      items[at] = items[child] as T;
      at = child;
    }
    times[at] = time;
    items[at] = item;
  }

  private isEarlier(a: number, b: number): boolean {
    const { times, items } = this;
    const difference = (times[a] as number) - (times[b] as number);
    return difference < 0 || (difference === 0 && isBefore(items[a] as T, items[b] as T));
  }
}

function isBefore(a: { readonly token: KeyToken }, b: { readonly token: KeyToken }): boolean {
  return compareTokens(a.token, b.token) <= 0;
}
