/**
 * Matches of one event, not yet made: every run of a bucket took it as its last. A pattern of many live runs completes thousands
 * at once, which are counted here at the cost of a pointer each; a match is made when somebody looks at it.
 */
import type { StreamEvent } from '../model/event.js';
import { PathNode } from './path.js';
import type { FinishedRun, Run, RuleVersion } from './run.js';
import type { RunBucket } from './run-set.js';
import { compareRuns } from './run-set.js';

export interface MatchRows {
  readonly owner: RuleVersion;
  /** In the order in which their matches leave. */
  readonly runs: readonly Run[];
  /** The stage that took the event, and the event with its position. */
  readonly stage: number;
  readonly event: StreamEvent;
  readonly ordinal: number;
}

/**
 * The runs of a bucket as rows, if each of them is sure to give a match of its own: no other run shares its path, for the two
 * might give the same match, and none is condemned.
 */
export function rowsOf(bucket: RunBucket): readonly Run[] | undefined {
  const runs = bucket.toArray();
  let inOrder = true;
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i] as Run;
    if (run.condemned || run.node.run !== run || run.other !== undefined) return undefined;
    if (i > 0 && (runs[i - 1] as Run).startId >= run.startId) inOrder = false;
  }
  return inOrder ? runs : runs.sort(compareRuns);
}

export function finishedRow({ owner, stage, event, ordinal }: MatchRows, run: Run): FinishedRun {
  const node = new PathNode(run.node, stage, event, ordinal);
  node.matched = true;
  node.emitted = true;
  return { owner, node, startTime: run.startTime, startId: run.startId, time: event.time };
}
