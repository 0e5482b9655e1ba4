/** The paths of one rule and key as plain data, for checkpoints: live nodes alone, children before parents, events by number. */
import { assert } from '../../assert.js';
import type { EventTable, SavedEvent } from '../save-runs.js';
import { ArenaState } from './arena-state.js';
import type { DetAutomaton } from './det-automaton.js';
import { NO_NODE } from './node-arena.js';

/** [node before or -1, stage, event number] of an output; [left, right] of a union. */
export type SavedArenaNode = readonly [number, number, number] | readonly [number, number];
/** States of the automaton, flags (1 matched, 2 given out), nodes. */
export type SavedPaths = readonly [readonly number[], number, readonly number[]];

export interface SavedArena {
  /** Version of the rule. */
  readonly version: number;
  readonly nodes: readonly SavedArenaNode[];
  readonly live: readonly SavedPaths[];
  /** Start times whose windows are not over. */
  readonly starts: readonly number[];
  /** As counted when it was saved. */
  readonly runs: number;
}

export function saveArena(arena: ArenaState, table: EventTable): SavedArena {
  const { store, roots } = arena.store.cleared(arena.live.flatMap(({ list }) => list));
  const { left, right, position, size } = store.nodes;
  const numbers = store.events.map((event, at) => table.numberOf(store.ordinals[at] as number, event));
  const nodes: SavedArenaNode[] = [];
  for (let node = 0; node < size; node++) {
    const [before, other] = [left[node] as number, right[node] as number];
    nodes.push(other >= 0 ? [before, other] : [before, ~other, numbers[position[node] as number] as number]);
  }
  let at = 0;
  const live = arena.live.map(({ state, list }): SavedPaths => [
    [...state.states],
    state.flags,
    list.map(() => roots[at++] as number),
  ]);
  const { version } = arena.automaton.owner;
  return { version, nodes, live, starts: arena.startTimes, runs: arena.runs };
}

/** `events` are those of the record. Undefined at the automaton's limit of states: it met others than the one that saved. */
export function loadArena(
  saved: SavedArena,
  events: readonly SavedEvent[],
  automaton: DetAutomaton,
): ArenaState | undefined {
  const arena = new ArenaState(automaton);
  const { store } = arena;
  const named = new Set(saved.nodes.flatMap((node) => (node.length === 3 ? [node[2]] : [])));
  const positions = new Map<number, number>();
  const inOrder = [...named].map((number): [number, SavedEvent] => {
    const event = events[number];
    assert(event !== undefined, `saved event ${number} exists`);
    return [number, event];
  });
  inOrder.sort(([, [a]], [, [b]]) => a - b);
  for (const [number, [ordinal, event]] of inOrder) positions.set(number, store.keep(event, ordinal));
  for (const node of saved.nodes) {
    if (node.length === 2) store.nodes.union(node[0], node[1]);
    else store.nodes.output(node[0], positions.get(node[2]) as number, node[1]);
  }
  for (const [states, flags, list] of saved.live) {
    const state = automaton.stateFor(states, flags);
    if (state === undefined) return undefined;
    arena.live.push({ state, list: [...list], merged: NO_NODE });
  }
  arena.starts = [...saved.starts];
  // As in the counters of the same checkpoint; the next change counts anew.
  arena.runs = saved.runs;
  return arena;
}
