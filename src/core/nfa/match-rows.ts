/** Matches of one event, not yet made: a pattern of many live runs completes thousands at once, most of which are only counted. */
import type { StreamEvent } from '../model/event.js';
import { PathNode, comparePaths } from './path.js';
import type { FinishedRun, Run, RuleVersion } from './run.js';
import type { RunBucket } from './run-set.js';

/** Matches of one version by one event, at least one: counted, and made when somebody looks at them. */
export interface MatchRows {
  readonly owner: RuleVersion;
  readonly count: number;
  /** Of the event and so of every match. */
  readonly time: number;
  /** In the order in which they leave; made anew each time. */
  finished(): Iterable<FinishedRun>;
  /** The one that leaves first; the others are not made. */
  first(): FinishedRun;
}

/** What every run of a bucket took as its last. */
export interface LastEvent {
  readonly stage: number;
  readonly event: StreamEvent;
  readonly ordinal: number;
}

/** Every run of a bucket took the event as its last: a match costs a pointer until it is looked at. */
export class RunRows implements MatchRows {
  constructor(
    readonly owner: RuleVersion,
    /** In the order in which their matches leave. */
    private readonly runs: readonly Run[],
    private readonly last: LastEvent,
  ) {}

  get count(): number {
    return this.runs.length;
  }

  get time(): number {
    return this.last.event.time;
  }

  *finished(): Iterable<FinishedRun> {
    for (const run of this.runs) yield this.finish(run);
  }

  first(): FinishedRun {
    return this.finish(this.runs[0] as Run);
  }

  private finish(run: Run): FinishedRun {
    const node = longer(run, this.last);
    node.matched = true;
    node.emitted = true;
    return { owner: this.owner, node, startTime: run.startTime, startId: run.startId, time: this.time };
  }
}

function longer({ node }: Run, { stage, event, ordinal }: LastEvent): PathNode {
  return new PathNode(node, stage, event, ordinal);
}

/**
 * The runs of a bucket, each of which took the event as its last, as rows; undefined unless each of them is sure to give a match of
 * its own: no other run shares its path, for the two might give the same match, and none is condemned.
 */
export function rowsOf(bucket: RunBucket, last: LastEvent): RunRows | undefined {
  const runs = bucket.toArray();
  let inOrder = true;
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i] as Run;
    if (run.condemned || !run.isAlone) return undefined;
    if (i > 0 && (runs[i - 1] as Run).startId >= run.startId) inOrder = false;
  }
  return new RunRows(bucket.owner, inOrder ? runs : inOrderOfMatches(runs, last), last);
}

/** By first event, then by the path that the match will have. */
function inOrderOfMatches(runs: readonly Run[], last: LastEvent): readonly Run[] {
  const rows = runs.map((run) => ({ run, node: longer(run, last) }));
  rows.sort(
    (a, b) =>
      a.run.startId - b.run.startId || comparePaths(a.node, b.node, a.run.owner.automaton, b.run.owner.automaton),
  );
  return rows.map(({ run }) => run);
}
