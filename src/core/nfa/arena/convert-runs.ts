/**
 * From runs to paths and back: a key goes over to the arena when its runs become many, and back to single runs where those have to
 * be told apart (the cap on runs, a second version of the rule).
 */
import { runOfPath } from '../run.js';
import type { PathNode } from '../path.js';
import { rootOf } from '../path.js';
import type { RunSet } from '../run-set.js';
import type { StreamEvent } from '../../model/event.js';
import { ArenaState } from './arena-state.js';
import type { DetAutomaton, DetState } from './det-automaton.js';
import { EMITTED, MATCHED } from './det-automaton.js';
import type { ListedPath } from './list-paths.js';
import { compareListed, rankStages, visitPaths } from './list-paths.js';
import { NO_NODE } from './node-arena.js';
import { PathBuilder } from './path-builder.js';
import type { PathStore } from './path-store.js';
import { mergeList } from './union-list.js';

interface PathEnd {
  readonly node: PathNode;
  readonly states: number[];
}

/** The live runs as paths; undefined at the limit of states. Nothing may be finished or condemned. The set stays as it is. */
export function pathsOfRuns(set: RunSet, automaton: DetAutomaton): ArenaState | undefined {
  const ends = new Map<PathNode, PathEnd>();
  set.forEach(({ node, state }) => {
    const end = ends.get(node);
    if (end === undefined) ends.set(node, { node, states: [state] });
    else end.states.push(state);
  });
  const arena = new ArenaState(automaton);
  const outputs = new OutputsOfPaths(arena.store, set);
  const nodes = new Map<DetState, number[]>();
  for (const { node, states } of ends.values()) {
    const state = automaton.stateFor(states, flagsOf(node, automaton));
    if (state === undefined) return undefined;
    const list = nodes.get(state);
    if (list === undefined) nodes.set(state, [outputs.of(node)]);
    else list.push(outputs.of(node));
  }
  for (const [state, list] of nodes) arena.live.push({ state, list: listOf(arena.store, list), merged: NO_NODE });
  if (automaton.automaton.withinMs !== Infinity) {
    arena.starts = [...new Set(set.toArray().map((run) => run.startTime))].sort((a, b) => a - b);
  }
  arena.count();
  return arena;
}

function flagsOf(node: PathNode, { settling }: DetAutomaton): number {
  return (node.matched ? MATCHED : 0) | (node.emitted && settling ? EMITTED : 0);
}

/** The first node, and one for all others: outputs, the latest start first. */
function listOf({ nodes }: PathStore, outputs: number[]): number[] {
  const startOf = (node: number): number => nodes.maxStart[node] as number;
  outputs.sort((a, b) => startOf(b) - startOf(a));
  return outputs.length <= 2 ? outputs : [outputs[0] as number, mergeList(nodes, outputs.slice(1))];
}

/** Output nodes of path nodes, each made once, and the events of all in order. */
class OutputsOfPaths {
  private readonly made = new Map<PathNode, number>();
  private readonly positions = new Map<number, number>();

  constructor(
    private readonly store: PathStore,
    set: RunSet,
  ) {
    const events = new Map<number, StreamEvent>();
    set.forEach((run) => {
      for (let node: PathNode | undefined = run.node; node !== undefined; node = node.previous)
        events.set(node.ordinal, node.event);
    });
    for (const [ordinal, event] of [...events].sort(([a], [b]) => a - b))
      this.positions.set(ordinal, store.keep(event, ordinal));
  }

  of(node: PathNode): number {
    const chain: PathNode[] = [];
    for (let one: PathNode | undefined = node; one !== undefined && !this.made.has(one); one = one.previous)
      chain.push(one);
    for (const one of chain.reverse()) {
      const before = one.previous === undefined ? NO_NODE : (this.made.get(one.previous) as number);
      const position = this.positions.get(one.ordinal) as number;
      this.made.set(one, this.store.nodes.output(before, position, one.stage));
    }
    return this.made.get(node) as number;
  }
}

/** Puts every live path into the set as runs of the version they belong to. */
export function addRunsOfPaths(arena: ArenaState, set: RunSet): void {
  const { store } = arena;
  const { owner } = arena.automaton;
  const rank = rankStages(owner.automaton.stages);
  const ends: { readonly path: ListedPath; readonly state: DetState }[] = [];
  for (const { state, list } of arena.live) {
    for (const root of list) visitPaths(store, root, (path) => ends.push({ path, state }));
  }
  ends.sort((a, b) => compareListed(a.path, b.path, rank));
  const builder = new PathBuilder(store);
  for (const { path, state } of ends) {
    const node = builder.build(path);
    node.matched = (state.flags & MATCHED) !== 0;
    node.emitted = (state.flags & EMITTED) !== 0;
    for (const one of state.states) set.add(runOfPath(owner, one, node, rootOf(node)));
  }
}
