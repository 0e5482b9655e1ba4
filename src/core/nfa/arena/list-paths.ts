/** Counts and lists the live paths of nodes: those that began at or after the store's `earliest`. */
import { NO_NODE } from './node-arena.js';
import type { PathStore } from './path-store.js';

/**
 * Number of live paths of the roots. A node all of whose paths are live says it itself; so this costs as much as there are
 * nodes some of whose paths are over, however many paths there are.
 */
export function countPaths(store: PathStore, roots: readonly number[], earliest: number = store.earliest): number {
  const { left, right, minStart, maxStart, count } = store.nodes;
  let total = 0;
  let pending = 0;
  const highest = roots.reduce((most, root) => Math.max(most, root), -1);
  let ways: Float64Array | undefined;
  const reach = (node: number, times: number): void => {
    if ((maxStart[node] as number) < earliest) return;
    if ((minStart[node] as number) >= earliest) {
      total += times * (count[node] as number);
      return;
    }
    ways ??= new Float64Array(highest + 1);
    if (ways[node] === 0) pending++;
    ways[node] = (ways[node] as number) + times;
  };
  for (const root of roots) reach(root, 1);
  for (let node = highest; pending > 0; node--) {
    const times = ways?.[node] as number;
    if (times === 0) continue;
    pending--;
    reach(left[node] as number, times);
    if ((right[node] as number) >= 0) reach(right[node] as number, times);
  }
  return total;
}

/** Elements of a path from first to last: position, then stage, of each. */
export type ListedPath = Int32Array;

/** Gives each live path of the root once, in no particular order, the steps between two bounded by the length of the second. */
export function visitPaths(
  store: PathStore,
  root: number,
  visit: (path: ListedPath) => void,
  earliest: number = store.earliest,
): void {
  const { nodes } = store;
  const { left, right, position, maxStart } = nodes;
  const open: number[] = [root, 0];
  const suffix: number[] = [];
  while (open.length > 0) {
    let depth = open.pop() as number;
    let node = open.pop() as number;
    if ((maxStart[node] as number) < earliest) continue;
    for (; node !== NO_NODE; node = left[node] as number) {
      const other = right[node] as number;
      if (other >= 0) {
        if ((maxStart[other] as number) >= earliest) open.push(other, depth);
      } else {
        suffix[2 * depth] = position[node] as number;
        suffix[2 * depth + 1] = ~other;
        depth++;
      }
    }
    visit(forward(suffix, depth));
  }
}

function forward(suffix: readonly number[], length: number): ListedPath {
  const path = new Int32Array(2 * length);
  for (let at = 0; at < length; at++) {
    path[2 * at] = suffix[2 * (length - 1 - at)] as number;
    path[2 * at + 1] = suffix[2 * (length - 1 - at) + 1] as number;
  }
  return path;
}

/** Order of matches that leave together: by first event, then element by element, by stage name, then by event; a prefix first. */
export function compareListed(a: ListedPath, b: ListedPath, rankOfStage: readonly number[]): number {
  const first = (a[0] as number) - (b[0] as number);
  if (first !== 0) return first;
  for (let at = 0; at < a.length && at < b.length; at += 2) {
    const byStage = (rankOfStage[a[at + 1] as number] as number) - (rankOfStage[b[at + 1] as number] as number);
    if (byStage !== 0) return byStage;
    const byEvent = (a[at] as number) - (b[at] as number);
    if (byEvent !== 0) return byEvent;
  }
  return a.length - b.length;
}

/** Place of each stage in the order of names. */
export function rankStages(stages: readonly string[]): number[] {
  const names = [...new Set(stages)].sort((a, b) => (a < b ? -1 : 1));
  return stages.map((stage) => names.indexOf(stage));
}
