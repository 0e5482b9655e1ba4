/**
 * A list that is filled and emptied at every event. It keeps its room, which `length = 0` gives away; what it held before may
 * stay reachable until it is overwritten, up to `KEPT_MAX` items.
 */
const KEPT_MAX = 64;

export class Scratch<T> {
  size = 0;
  private items: T[] = [];

  push(item: T): void {
    this.items[this.size++] = item;
  }

  at(place: number): T {
    return this.items[place] as T;
  }

  /** Forgets all but the first `size` items. */
  truncate(size: number): void {
    this.size = size;
    if (size === 0 && this.items.length > KEPT_MAX) this.items = [];
  }
}
