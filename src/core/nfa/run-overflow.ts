/** The cap on live runs: which of them go when there are more. The choice depends on the runs alone, not on how they are kept. */
import type { Run } from './run.js';
import type { RunSet } from './run-set.js';
import { compareRuns } from './run-set.js';

export interface OverflowOptions {
  readonly runsMax: number;
  /** `dropOldest`: those that began first go. `dropNewest`: those that the last event made are refused, the last first. */
  readonly overflow: 'dropOldest' | 'dropNewest';
  /** Position of the event that made them too many. */
  readonly ordinal: number;
}

/** Above so many at once all are put in order; up to it the first is looked for again and again. */
const SEARCHES_MAX = 4;

/** Gives the number of runs dropped. */
export function dropOverflow(set: RunSet, { runsMax, overflow, ordinal }: OverflowOptions): number {
  const dropped = set.size - runsMax;
  if (overflow === 'dropOldest') {
    if (dropped <= SEARCHES_MAX) for (let i = 0; i < dropped; i++) set.remove(oldestOf(set));
    else for (const run of set.toArray().sort(compareRuns).slice(0, dropped)) set.remove(run);
    return dropped;
  }
  const taking = (run: Run): number => (run.lastOrdinal === ordinal ? 1 : 0);
  const inOrder = set.toArray().sort((a, b) => taking(a) - taking(b) || compareRuns(a, b));
  for (const run of inOrder.slice(runsMax)) set.remove(run);
  return dropped;
}

function oldestOf(set: RunSet): Run {
  let oldest: Run | undefined;
  set.forEach((run) => {
    if (oldest === undefined || compareRuns(run, oldest) < 0) oldest = run;
  });
  return oldest as unknown as Run;
}
