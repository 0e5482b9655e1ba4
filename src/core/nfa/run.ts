/**
 * Runs: the partial matches of one rule and one key. A run belongs to the version of the rule it started under, stands in one
 * state of that version's automaton, and holds the path of the events it took.
 */
import type { Automaton } from './automaton.js';
import type { StreamEvent } from '../model/event.js';
import type { RunOfPath } from './path.js';
import { PathNode } from './path.js';

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
  /** By which it is looked up (run-lookup.ts); kept here, so that it is found again without a look at its events. */
  sought: unknown = undefined;

  constructor(
    readonly owner: RuleVersion,
    readonly state: number,
    /** The events; a run of one event that no other run shares gets a path when somebody asks for it. */
    private path: PathNode | undefined,
    readonly first: StreamEvent,
    /** Position of the first event, and the stage that took it. */
    readonly startId: number,
    readonly startStage: number,
    /** When the run leaves, ms; Infinity for never. */
    public deadline: number,
  ) {}

  get node(): PathNode {
    if (this.path === undefined) {
      this.path = new PathNode(undefined, this.startStage, this.first, this.startId);
      this.path.run = this;
    }
    return this.path;
  }

  /** False while it is one event that no other run shares. */
  get hasPath(): boolean {
    return this.path !== undefined;
  }

  /** Time of the first event. */
  get startTime(): number {
    return this.first.time;
  }

  /** Position of the last event. */
  get lastOrdinal(): number {
    return this.path === undefined ? this.startId : this.path.ordinal;
  }

  /** Time of the last event. */
  get lastTime(): number {
    return this.path === undefined ? this.first.time : this.path.event.time;
  }

  /** No other run has its path. */
  get isAlone(): boolean {
    return this.path === undefined || (this.path.run === this && this.other === undefined);
  }
}

/** A run whose path is made already. */
export function runOfPath(owner: RuleVersion, state: number, node: PathNode, root: PathNode): Run {
  const deadline = deadlineOf(owner, state, root.event.time, node.event.time);
  return new Run(owner, state, node, root.event, root.ordinal, root.stage, deadline);
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
