/**
 * Sets of paths as an immutable graph in typed arrays: the tECS of CORE (Bucchi, Grez, Quintana, Riveros, Vansummeren, PVLDB
 * 15(9), 2022), written from the paper.
 *
 * An output node adds the event at `position`, taken in a stage, to every path of the node before it; without one it begins a
 * path. A union node stands for the paths of its left and its right. Nodes are only added, so a child has a lower number than
 * its parents, and whoever holds a node reads the same from it for ever.
 *
 * Invariants: the latest start on the left of a union is at least that on its right; the paths of left and right are distinct;
 * at most three unions follow one another to the left (`union-list.ts` sees to it), so that listing the paths of a node
 * takes time in proportion to what it lists.
 */
import { assert } from '../../assert.js';

/** Stands for no node. */
export const NO_NODE = -1;

const CAPACITY_MIN = 64;

export class NodeArena {
  size = 0;
  /** Of a union its left; of an output the node before it, or NO_NODE. */
  left: Int32Array;
  /** Of a union its right; of an output the complement of its stage, which is below 0. */
  right: Int32Array;
  /** Of an output: where its event stands among the key's events. */
  position: Int32Array;
  /** The latest and the earliest start of its paths, as positions. */
  maxStart: Int32Array;
  minStart: Int32Array;
  /** Number of its paths. */
  count: Float64Array;

  constructor(capacity: number = CAPACITY_MIN) {
    this.left = new Int32Array(capacity);
    this.right = new Int32Array(capacity);
    this.position = new Int32Array(capacity);
    this.maxStart = new Int32Array(capacity);
    this.minStart = new Int32Array(capacity);
    this.count = new Float64Array(capacity);
  }

  /** Bytes the nodes take, room for more included. */
  get bytes(): number {
    return this.left.length * (5 * Int32Array.BYTES_PER_ELEMENT + Float64Array.BYTES_PER_ELEMENT);
  }

  isUnion(node: number): boolean {
    return (this.right[node] as number) >= 0;
  }

  stageOf(node: number): number {
    return ~(this.right[node] as number);
  }

  /** `before` is NO_NODE for an event that begins a path. */
  output(before: number, position: number, stage: number): number {
    const node = this.add(before, ~stage, position);
    this.maxStart[node] = before === NO_NODE ? position : (this.maxStart[before] as number);
    this.minStart[node] = before === NO_NODE ? position : (this.minStart[before] as number);
    this.count[node] = before === NO_NODE ? 1 : (this.count[before] as number);
    return node;
  }

  union(left: number, right: number): number {
    assert((this.maxStart[left] as number) >= (this.maxStart[right] as number), 'the latest start is on the left');
    const node = this.add(left, right, 0);
    this.maxStart[node] = this.maxStart[left] as number;
    this.minStart[node] = Math.min(this.minStart[left] as number, this.minStart[right] as number);
    this.count[node] = (this.count[left] as number) + (this.count[right] as number);
    return node;
  }

  private add(left: number, right: number, position: number): number {
    if (this.size === this.left.length) this.grow();
    const node = this.size++;
    this.left[node] = left;
    this.right[node] = right;
    this.position[node] = position;
    return node;
  }

  private grow(): void {
    const capacity = this.left.length * 2;
    const wider = (from: Int32Array): Int32Array => {
      const to = new Int32Array(capacity);
      to.set(from);
      return to;
    };
    this.left = wider(this.left);
    this.right = wider(this.right);
    this.position = wider(this.position);
    this.maxStart = wider(this.maxStart);
    this.minStart = wider(this.minStart);
    const count = new Float64Array(capacity);
    count.set(this.count);
    this.count = count;
  }
}
