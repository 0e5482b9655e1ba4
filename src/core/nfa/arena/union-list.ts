/**
 * The paths of one deterministic state as a short list of nodes: the union-lists of CORE (see node-arena.ts).
 *
 * Invariants: the first node is an output; latest starts decrease along the list, except that the second may equal the first;
 * a node behind the first is an output or a union whose left is an output. So a node made of a list is such a node again, and
 * nowhere do more than three unions follow one another to the left.
 */
import type { NodeArena } from './node-arena.js';

/** A list longer than this is drawn together, so that insertion stays cheap. */
const LIST_LENGTH_MAX = 8;

/** Two disjoint nodes, each an output or a union whose left is one, of equal latest start. */
function unite(arena: NodeArena, a: number, b: number): number {
  if (!arena.isUnion(a)) return arena.union(a, b);
  if (!arena.isUnion(b)) return arena.union(b, a);
  const rights = larger(arena, arena.right[a] as number, arena.right[b] as number);
  return arena.union(arena.left[a] as number, arena.union(arena.left[b] as number, rights));
}

function larger(arena: NodeArena, a: number, b: number): number {
  return (arena.maxStart[a] as number) >= (arena.maxStart[b] as number) ? arena.union(a, b) : arena.union(b, a);
}

/** One node for the paths of the nodes from `from` on. */
function foldFrom(arena: NodeArena, list: readonly number[], from: number): number {
  let node = list[list.length - 1] as number;
  for (let at = list.length - 2; at >= from; at--) node = arena.union(list[at] as number, node);
  return node;
}

/** One node for all paths of a list: an output, or a union whose left is one. */
export function mergeList(arena: NodeArena, list: readonly number[]): number {
  return foldFrom(arena, list, 0);
}

/** Adds a node like those `mergeList` gives, whose latest start is not above that of the list. */
export function insertNode(arena: NodeArena, list: number[], node: number): void {
  const start = arena.maxStart[node] as number;
  let at = 1;
  while (at < list.length && (arena.maxStart[list[at] as number] as number) > start) at++;
  const there = list[at];
  if (there !== undefined && arena.maxStart[there] === start) list[at] = unite(arena, there, node);
  else list.splice(at, 0, node);
  if (list.length > LIST_LENGTH_MAX) drawTogether(arena, list);
}

/** Leaves the first node and one for all others. */
export function drawTogether(arena: NodeArena, list: number[]): void {
  if (list.length <= 2) return;
  const second = list[1] as number;
  const rest = foldFrom(arena, list, 2);
  const node = arena.isUnion(second)
    ? arena.union(arena.left[second] as number, larger(arena, arena.right[second] as number, rest))
    : arena.union(second, rest);
  list.length = 2;
  list[1] = node;
}

/** Takes away the nodes none of whose paths began at or after `earliest`; true if there was one. */
export function trimList(arena: NodeArena, list: number[], earliest: number): boolean {
  const before = list.length;
  let length = before;
  while (length > 0 && (arena.maxStart[list[length - 1] as number] as number) < earliest) length--;
  list.length = length;
  return length < before;
}
