/** How the runs of a pattern are kept. The choice changes what an event costs, never what comes out. */
import { limits } from '../limits.js';
import { multipliesRuns, whyNotArena } from './arena/accept-arena.js';
import type { Automaton } from './automaton.js';

/**
 * `stateless`: what an event starts it ends, nothing is kept. `runs`: partial matches of a key in buckets by state, found by what
 * they wait for where a state has an access predicate (run-set.ts). `arena`: the same while they are few, and sets of paths in a
 * graph once they are many (arena/).
 */
export type Executor = 'stateless' | 'runs' | 'arena';

/** Which runs are kept as paths. */
export interface PathsUse {
  /** Above so many live runs of a rule and key. */
  readonly fromRuns: number;
  /** Only of patterns in which one event can make two runs of one; else of every pattern the arena accepts. */
  readonly multiplyingOnly: boolean;
}

/** What comes out does not depend on it. */
export interface ExecutorUse {
  /** Which runs are kept as sets of paths, if not those the limits name. */
  readonly pathsUse?: PathsUse | undefined;
  /** False: a key's only run is kept as one of many. */
  readonly loneRuns?: boolean | undefined;
}

const PATHS_USE: PathsUse = { fromRuns: limits.arenaFromRuns, multiplyingOnly: true };

export interface ExecutorChoice {
  readonly executor: Executor;
  readonly because: string;
  /** Live runs above which they are kept as paths; Infinity for never. */
  readonly fromRuns: number;
}

/** `onTimeout`: the rule alerts on time-outs. */
export function chooseExecutor(automaton: Automaton, onTimeout: boolean, use: PathsUse = PATHS_USE): ExecutorChoice {
  const keptSingly = { executor: 'runs', fromRuns: Infinity } as const;
  if (automaton.stateless) {
    return { ...keptSingly, executor: 'stateless', because: 'one event is the whole pattern, so no run is ever kept' };
  }
  if (use.multiplyingOnly && !multipliesRuns(automaton)) {
    const because = 'a match names its events, so partial matches are kept until they complete or leave';
    return { ...keptSingly, because };
  }
  const reason = whyNotArena(automaton, { onTimeout });
  if (reason !== undefined) {
    return {
      ...keptSingly,
      because: `one event can make two partial matches of one, each kept by itself, for ${reason}`,
    };
  }
  const { fromRuns } = use;
  const because = `one event can make two partial matches of one: above ${fromRuns} of a key they are kept as sets of paths`;
  return { executor: 'arena', because, fromRuns };
}
