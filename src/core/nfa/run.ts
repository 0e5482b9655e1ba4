/**
 * Runs: the partial matches of one rule and one key. A run belongs to the version of the rule it started under, stands in one
 * state of that version's automaton, and holds the path of the events it took.
 */
import type { Automaton } from './automaton.js';
import type { PathNode, RunOfPath } from './path.js';

/** An automaton as one version of a rule uses it. */
export interface RuleVersion {
  readonly version: number;
  readonly automaton: Automaton;
}

export class Run implements RunOfPath {
  /**
   * Pruned by a match that a deadline completed: takes no further event and blocks nothing, but its own deadline still counts if
   * it comes before the key's next event. So what comes out does not depend on the steps in which the watermark moved.
   */
  condemned = false;
  /** It is in its set. */
  live = true;
  /** Another run with the same path, in another state. */
  other: RunOfPath | undefined = undefined;

  constructor(
    readonly owner: RuleVersion,
    readonly state: number,
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

/** The earliest time at which no TAKE reachable from the state can hold any more. */
export function deadlineOf(owner: RuleVersion, state: number, startTime: number, previousTime: number): number {
  const timing = owner.automaton.transitions[state];
  if (timing === undefined) return Infinity;
  const byWindow = startTime + timing.windowMs;
  const byGap = previousTime + timing.sinceLastMs;
  return byGap < byWindow ? byGap : byWindow;
}
