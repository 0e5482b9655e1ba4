/** How the runs of a pattern are kept. The choice changes what an event costs, never what comes out. */
import type { Automaton } from './automaton.js';

/**
 * `stateless`: what an event starts it ends, nothing is kept. `runs`: partial matches of a key in buckets by state, found by what
 * they wait for where a state has an access predicate (run-set.ts).
 */
export type Executor = 'stateless' | 'runs';

export interface ExecutorChoice {
  readonly executor: Executor;
  readonly because: string;
}

export function chooseExecutor(automaton: Automaton): ExecutorChoice {
  if (automaton.stateless) {
    return { executor: 'stateless', because: 'one event is the whole pattern, so no run is ever kept' };
  }
  return {
    executor: 'runs',
    because: 'a match names its events, so partial matches are kept until they complete or leave',
  };
}
