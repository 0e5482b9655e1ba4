/**
 * The runs of one rule and key as sets of paths: for each deterministic state that some path is in, a list of nodes. An event
 * costs by the states that are live, not by the runs; matches are counted without being made, and listed when somebody looks.
 *
 * Invariants: a path is in one state; paths that began before the store's `earliest` count for nothing, wherever they still are.
 */
import { limits } from '../../limits.js';
import type { StreamEvent } from '../../model/event.js';
import type { ConditionCache } from '../condition-cache.js';
import type { DetAutomaton, DetMove, DetState, LivePaths } from './det-automaton.js';
import { countPaths } from './list-paths.js';
import type { NodeArena } from './node-arena.js';
import { NO_NODE } from './node-arena.js';
import { PathStore } from './path-store.js';
import { drawTogether, insertNode, mergeList, trimList } from './union-list.js';

/** Matches of one event that are not made yet. */
export interface CompletedPaths {
  readonly store: PathStore;
  readonly roots: readonly number[];
  /** The store's `earliest` when the event came. */
  readonly earliest: number;
  readonly count: number;
  readonly event: StreamEvent;
}

/** What a step did; `unable`: nothing, for the automaton would take too many states. */
export type ArenaStep = 'same' | 'changed' | 'unable';

export class ArenaState {
  store = new PathStore();
  live: LivePaths[] = [];
  /** Number of runs, those included whose window is over but that were not cleared away yet. */
  runs = 0;
  /** Start times whose windows are not over, ascending, from `firstStart` on; none without a window. */
  starts: number[] = [];
  private firstStart = 0;
  private clearedSize = 0;
  private roots: number[] = [];
  private moves: DetMove[] = [];
  private touched: DetState[] = [];

  constructor(readonly automaton: DetAutomaton) {}

  get isEmpty(): boolean {
    return this.live.length === 0;
  }

  private get withinMs(): number {
    return this.automaton.automaton.withinMs;
  }

  /** The next time at which some path's window may be over; Infinity for never. */
  get nextDeadline(): number {
    const start = this.starts[this.firstStart];
    return start === undefined || this.isEmpty ? Infinity : start + this.withinMs;
  }

  /** Starts whose windows are not over. */
  get startTimes(): readonly number[] {
    return this.starts.slice(this.firstStart);
  }

  /** One event, which the conditions have entered. Windows that are over at its time must have passed. */
  step(event: StreamEvent, ordinal: number, options: { conditions: ConditionCache; starting: boolean }): ArenaStep {
    const { automaton, live } = this;
    const { conditions, starting } = options;
    const { moves } = this;
    moves.length = 0;
    let idle = true;
    for (let i = 0; i <= live.length; i++) {
      if (i === live.length && !starting) break;
      const move = automaton.moveOf(live[i]?.state ?? automaton.start, conditions);
      if (move === undefined) return 'unable';
      moves.push(move);
      if (i < live.length ? !move.idle : move.takes.length > 0) idle = false;
    }
    if (idle) return 'same';
    this.move(event, ordinal);
    return 'changed';
  }

  /** The matches of the last step; undefined for none. */
  takeCompleted(event: StreamEvent): CompletedPaths | undefined {
    const { roots, store } = this;
    if (roots.length === 0) return undefined;
    this.roots = [];
    const count = countPaths(store, roots);
    return count === 0 ? undefined : { store, roots, earliest: store.earliest, count, event };
  }

  /** Passes time; gives the number of starts whose windows are over. */
  advance(time: number): number {
    if (this.nextDeadline > time) return 0;
    const first = this.firstStart;
    while (this.firstStart < this.starts.length && (this.starts[this.firstStart] as number) + this.withinMs <= time)
      this.firstStart++;
    const over = this.firstStart - first;
    if (this.firstStart > 64 && this.firstStart * 2 > this.starts.length) {
      this.starts = this.starts.slice(this.firstStart);
      this.firstStart = 0;
    }
    this.store.expire(time, this.withinMs);
    this.trim();
    return over;
  }

  /** Clears away what is over, so that `runs` is exact. */
  clear(): void {
    this.trim();
    const { store, roots } = this.store.cleared(this.live.flatMap(({ list }) => list));
    let at = 0;
    for (const paths of this.live) {
      paths.list = paths.list.map(() => roots[at++] as number);
      paths.merged = NO_NODE;
    }
    this.store = store;
    this.clearedSize = store.nodes.size;
    this.count();
  }

  /** Counts the runs after the lists were changed. */
  count(): void {
    const { count } = this.store.nodes;
    let runs = 0;
    for (const { state, list } of this.live) {
      let paths = 0;
      for (const node of list) paths += count[node] as number;
      runs += paths * state.states.length;
    }
    this.runs = runs;
  }

  /** Clears away once that takes no more than was added since. */
  clearIfLarge(): void {
    if (this.store.nodes.size > 2 * this.clearedSize + limits.arenaSlackNodes) this.clear();
  }

  private trim(): void {
    const { store } = this;
    for (const paths of this.live) {
      if (trimList(store.nodes, paths.list, store.earliest)) paths.merged = NO_NODE;
    }
    if (this.live.some(({ list }) => list.length === 0)) this.live = this.live.filter(({ list }) => list.length > 0);
    this.count();
  }

  private move(event: StreamEvent, ordinal: number): void {
    const { live, moves, store, touched } = this;
    let position = -1;
    for (let i = 0; i < moves.length; i++) {
      const move = moves[i] as DetMove;
      const paths = live[i];
      if (move.skip !== undefined && paths !== undefined) this.bring(move.skip, paths);
      const asked = paths !== undefined && (move.settles || move.takes.length > 0);
      const before = asked ? mergedOf(store.nodes, paths) : NO_NODE;
      if (move.settles) this.roots.push(before);
      for (const { stage, target, completes } of move.takes) {
        if (position < 0) position = store.keep(event, ordinal);
        const node = store.nodes.output(before, position, stage);
        if (completes) this.roots.push(node);
        if (target === undefined) continue;
        this.bring(target, { state: target, list: [node], merged: node });
        if (paths === undefined && this.withinMs !== Infinity && this.starts[this.starts.length - 1] !== event.time)
          this.starts.push(event.time);
      }
    }
    this.live = touched.map((state) => joinIncoming(store.nodes, state));
    touched.length = 0;
    this.count();
  }

  private bring(state: DetState, paths: LivePaths): void {
    if (state.incoming.length === 0) this.touched.push(state);
    state.incoming.push(paths);
  }
}

/** One node for all paths of a state; made once for as long as the list stays as it is. */
function mergedOf(nodes: NodeArena, paths: LivePaths): number {
  if (paths.merged === NO_NODE) {
    drawTogether(nodes, paths.list);
    paths.merged = mergeList(nodes, paths.list);
  }
  return paths.merged;
}

/** What came into a state as its paths, which are distinct: the list with the latest start, the others put into it. */
function joinIncoming(nodes: NodeArena, state: DetState): LivePaths {
  const { incoming } = state;
  const only = incoming[0] as LivePaths;
  if (incoming.length === 1 && only.state === state) {
    incoming.length = 0;
    return only;
  }
  const startOf = ({ list }: LivePaths): number => nodes.maxStart[list[0] as number] as number;
  if (incoming.length > 1) incoming.sort((a, b) => startOf(b) - startOf(a));
  const list = (incoming[0] as LivePaths).list.slice();
  for (let i = 1; i < incoming.length; i++) insertNode(nodes, list, mergedOf(nodes, incoming[i] as LivePaths));
  incoming.length = 0;
  return { state, list, merged: NO_NODE };
}
