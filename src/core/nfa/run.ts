/**
 * Runs: the partial matches of one rule and one key, and the finished ones that wait for an earlier run to end.
 * Runs of several versions of a rule live in one `RunSet`, each with the automaton it started under.
 */
import type { Automaton } from './automaton.js';
import type { PathNode } from './path.js';

/** An automaton as one version of a rule uses it. */
export interface RuleVersion {
  readonly version: number;
  readonly automaton: Automaton;
}

export class Run {
  /**
   * Pruned by a match that a deadline completed: takes no further event and blocks nothing, but its own deadline still counts if
   * it comes before the key's next event. So what comes out does not depend on the steps in which the watermark moved.
   */
  condemned = false;

  constructor(
    readonly owner: RuleVersion,
    public state: number,
    readonly node: PathNode,
    /** Time and position of the first event. */
    readonly startTime: number,
    readonly startId: number,
    /** When the run leaves, ms; Infinity for never. */
    public deadline: number,
  ) {}
}

/** A completed run not yet given out. */
export interface FinishedRun {
  readonly owner: RuleVersion;
  readonly node: PathNode;
  readonly startTime: number;
  readonly startId: number;
  /** Time of the match. */
  readonly time: number;
}

export interface RunSet {
  runs: Run[];
  /** Held back while a run that started earlier is alive (skip strategies only). */
  finished: FinishedRun[];
  /** Some run is condemned: the next event of the key, whatever it is, drops it. */
  condemned: boolean;
}

export function createRunSet(): RunSet {
  return { runs: [], finished: [], condemned: false };
}

/** The earliest time at which no TAKE reachable from the state can hold any more. */
export function deadlineOf(owner: RuleVersion, state: number, startTime: number, previousTime: number): number {
  const timing = owner.automaton.transitions[state];
  if (timing === undefined) return Infinity;
  const byWindow = startTime + timing.windowMs;
  const byGap = previousTime + timing.sinceLastMs;
  return byGap < byWindow ? byGap : byWindow;
}
