/**
 * One rule of one version, matched by runs as long as a key has few and by paths once it has many. What comes out is the same; of
 * time-outs, which nobody is told of here, the arena counts the starts.
 */
import type { StreamEvent } from '../../model/event.js';
import type { KeyValue } from '../../model/key.js';
import type { ActiveVersion } from '../active-version.js';
import type { MatchRows } from '../match-rows.js';
import type { MatchLimits, RunMatcher } from '../match-runs.js';
import { dropOverflow } from '../run-overflow.js';
import type { RunSet } from '../run-set.js';
import type { ArenaState } from './arena-state.js';
import { CompletedRows } from './completed-rows.js';
import { addRunsOfPaths, pathsOfRuns } from './convert-runs.js';
import { DetAutomaton } from './det-automaton.js';

/** What one key holds: runs, or paths and an empty set. */
export interface RunsOrPaths {
  readonly set: RunSet;
  arena: ArenaState | undefined;
}

export interface ArenaReceiver {
  matchRows(rows: MatchRows): void;
  overflow(dropped: number): void;
  /** Starts whose windows are over. */
  startsOver(count: number): void;
}

export class ArenaMatcher {
  readonly automaton: DetAutomaton;

  constructor(
    readonly version: ActiveVersion,
    private readonly matcher: RunMatcher,
    private readonly limits: MatchLimits & { readonly starting: boolean; readonly fromRuns: number },
    private readonly receiver: ArenaReceiver,
    statesMax?: number,
  ) {
    this.automaton = new DetAutomaton(version, statesMax);
  }

  /** See `RunMatcher.step`. */
  step(state: RunsOrPaths, event: StreamEvent, ordinal: number, key: KeyValue | undefined): boolean {
    const { arena } = state;
    if (arena === undefined) {
      const changed = this.matcher.step(state.set, event, ordinal, key);
      if (changed) this.gather(state);
      return changed;
    }
    const { version } = this;
    if (!version.sees) return false;
    version.conditions.enterEvent(event, key);
    const done = arena.step(event, ordinal, { conditions: version.conditions, starting: this.limits.starting });
    if (done === 'unable') {
      scatterPaths(state);
      return this.matcher.step(state.set, event, ordinal, key);
    }
    if (done === 'changed') this.settle(state, arena, event, ordinal);
    return done === 'changed';
  }

  /** See `RunMatcher.advance`. */
  advance(state: RunsOrPaths, time: number): void {
    const { arena } = state;
    if (arena === undefined) {
      this.matcher.advance(state.set, time);
      return;
    }
    const over = arena.advance(time);
    if (over > 0) this.receiver.startsOver(over);
    if (arena.isEmpty) state.arena = undefined;
  }

  /** From runs to paths, when the runs are many but far from their cap. */
  private gather(state: RunsOrPaths): void {
    const { set } = state;
    const { fromRuns, runsMax } = this.limits;
    if (set.size <= fromRuns || set.size * 2 > runsMax || this.automaton.exhausted) return;
    if (set.finished.length > 0) return;
    state.arena = pathsOfRuns(set, this.automaton);
    if (state.arena !== undefined) set.clear();
  }

  private settle(state: RunsOrPaths, arena: ArenaState, event: StreamEvent, ordinal: number): void {
    const completed = arena.takeCompleted(event);
    const { runsMax, overflow } = this.limits;
    arena.clearIfLarge();
    if (arena.runs > runsMax) arena.clear();
    if (arena.runs > runsMax) {
      scatterPaths(state);
      this.receiver.overflow(dropOverflow(state.set, { runsMax, overflow, ordinal }));
    } else if (arena.isEmpty) {
      state.arena = undefined;
    }
    if (completed !== undefined) this.receiver.matchRows(new CompletedRows(this.version, completed));
  }
}

/** From paths to single runs. */
export function scatterPaths(state: RunsOrPaths): void {
  if (state.arena === undefined) return;
  addRunsOfPaths(state.arena, state.set);
  state.arena = undefined;
}

/** Live runs; those included whose window is over but that were not cleared away yet. */
export function liveRunsOf({ set, arena }: RunsOrPaths): number {
  return arena === undefined ? set.size : arena.runs;
}
