/**
 * The events that paths of one key name, by position, beside the nodes that name them; and the clearing away of what no live path
 * names any more. A store is only added to: clearing makes a new one, so whoever lists paths later still finds his own.
 */
import type { StreamEvent } from '../../model/event.js';
import { NO_NODE, NodeArena } from './node-arena.js';

export class PathStore {
  readonly nodes: NodeArena;
  /** By position, ascending. */
  readonly events: StreamEvent[] = [];
  readonly ordinals: number[] = [];
  /** Paths that began before this position are over. */
  earliest = 0;

  constructor(capacity?: number) {
    this.nodes = new NodeArena(capacity);
  }

  /** Position of the event. */
  keep(event: StreamEvent, ordinal: number): number {
    this.events.push(event);
    this.ordinals.push(ordinal);
    return this.events.length - 1;
  }

  /** Paths whose window is over at `time` leave. */
  expire(time: number, withinMs: number): void {
    while (this.earliest < this.events.length && (this.events[this.earliest] as StreamEvent).time + withinMs <= time)
      this.earliest++;
  }

  /** A store with the live paths of the roots alone; `roots` gives the numbers their nodes have in it. */
  cleared(roots: readonly number[]): { readonly store: PathStore; readonly roots: number[] } {
    const marked = this.markLive(roots);
    const store = new PathStore(Math.max(64, marked.count + (marked.count >> 1)));
    const positions = this.moveEvents(store, marked.nodes);
    const moved = this.moveNodes(store, marked.nodes, positions);
    return { store, roots: roots.map((root) => moved[root] as number) };
  }

  /** Children have lower numbers than parents: one way down marks all. */
  private markLive(roots: readonly number[]): { readonly nodes: Uint8Array; readonly count: number } {
    const { left, right, maxStart, size } = this.nodes;
    const marked = new Uint8Array(size);
    for (const root of roots) marked[root] = 1;
    let count = 0;
    for (let node = size - 1; node >= 0; node--) {
      if (marked[node] === 0) continue;
      count++;
      const [before, other] = [left[node] as number, right[node] as number];
      if (before !== NO_NODE) marked[before] = 1;
      if (other >= 0 && (maxStart[other] as number) >= this.earliest) marked[other] = 1;
    }
    return { nodes: marked, count };
  }

  private moveEvents(store: PathStore, marked: Uint8Array): Int32Array {
    const named = new Int32Array(this.events.length).fill(-1);
    for (let node = 0; node < marked.length; node++) {
      if (marked[node] === 1 && !this.nodes.isUnion(node)) named[this.nodes.position[node] as number] = 0;
    }
    for (let position = 0; position < named.length; position++) {
      if (named[position] !== 0) continue;
      named[position] = store.keep(this.events[position] as StreamEvent, this.ordinals[position] as number);
    }
    return named;
  }

  private moveNodes(store: PathStore, marked: Uint8Array, positions: Int32Array): Int32Array {
    const { left, right, position } = this.nodes;
    const moved = new Int32Array(marked.length).fill(NO_NODE);
    for (let node = 0; node < marked.length; node++) {
      if (marked[node] === 0) continue;
      const [before, other] = [left[node] as number, right[node] as number];
      const movedLeft = before === NO_NODE ? NO_NODE : (moved[before] as number);
      if (other < 0) {
        const at = positions[position[node] as number] as number;
        moved[node] = store.nodes.output(movedLeft, at, ~other);
      } else {
        // A right side that is over is left out, and the union with it.
        const movedRight = moved[other] as number;
        const live = movedRight !== NO_NODE && (this.nodes.maxStart[other] as number) >= this.earliest;
        moved[node] = live ? store.nodes.union(movedLeft, movedRight) : movedLeft;
      }
    }
    return moved;
  }
}
