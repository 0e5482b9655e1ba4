/**
 * Which finished runs leave now, and what they take with them: the `emit` step of the language specification, section 2.2.
 *
 * Ordered: the finished run with the smallest (first event, path) leaves; under a skip strategy nothing leaves while a run that
 * started earlier is alive. Eager: a finished run leaves at once and then prunes, earlier-started runs included.
 */
import type { RuleVersion } from './run.js';
import type { FinishedRun } from './run.js';
import type { RunSet } from './run-set.js';
import type { PathNode } from './path.js';
import { comparePaths, pathNodes } from './path.js';

/** Runs and finished runs that started before this position (or at it, `inclusive`) are dropped. */
interface Prune {
  readonly startId: number;
  readonly mode: 'equal' | 'upTo' | 'before';
}

function compareFinished(a: FinishedRun, b: FinishedRun): number {
  if (a.startId !== b.startId) return a.startId - b.startId;
  return comparePaths(a.node, b.node, a.owner.automaton, b.owner.automaton);
}

function pruneAfter(match: FinishedRun): Prune | undefined {
  const { skip } = match.owner.automaton;
  switch (skip.kind) {
    case 'noSkip':
      return undefined;
    case 'skipToNext':
      return { startId: match.startId, mode: 'equal' };
    case 'skipPastLastEvent':
      return { startId: match.node.ordinal, mode: 'upTo' };
    case 'skipToFirst':
      return pruneTo(match, 'first');
    case 'skipToLast':
      return pruneTo(match, 'last');
  }
}

function pruneTo(match: FinishedRun, which: 'first' | 'last'): Prune | undefined {
  const nodes = pathNodes(match.node).filter((node: PathNode) => node.stage === match.owner.automaton.skipStage);
  const target = which === 'first' ? nodes[0] : nodes[nodes.length - 1];
  return target === undefined ? undefined : { startId: target.ordinal, mode: 'before' };
}

function isPruned(startId: number, prune: Prune): boolean {
  if (prune.mode === 'equal') return startId === prune.startId;
  return prune.mode === 'upTo' ? startId <= prune.startId : startId < prune.startId;
}

function applyPrune(set: RunSet, prune: Prune, cause: ReleaseCause): void {
  set.forEach((run) => {
    if (!isPruned(run.startId, prune)) return;
    run.condemned = true;
    if (cause === 'deadline' && run.deadline !== Infinity) set.condemned = true;
    else set.remove(run);
  });
  set.finished = set.finished.filter((finished) => !isPruned(finished.startId, prune));
}

/** True if matches of this version never wait for other runs. */
function leavesAtOnce(owner: RuleVersion): boolean {
  return owner.automaton.skip.kind === 'noSkip';
}

/** What completed the finished runs: an event prunes runs at once, a deadline condemns them (see `Run.condemned`). */
export type ReleaseCause = 'event' | 'deadline';

export interface ReleaseOptions {
  readonly emit: 'ordered' | 'eager';
  readonly cause: ReleaseCause;
  readonly give: (match: FinishedRun) => void;
}

/** Moves out of the set every finished run that may leave now, in the order in which they leave. */
export function releaseFinished(set: RunSet, { emit, cause, give }: ReleaseOptions): void {
  if (set.finished.length > 1) set.finished.sort(compareFinished);
  if (set.finished.every(({ owner }) => leavesAtOnce(owner))) {
    const finished = set.takeFinished();
    for (let i = 0; i < finished.length; i++) give(finished[i] as FinishedRun);
    return;
  }
  let waiting = 0;
  let earliest = set.earliestStart;
  while (waiting < set.finished.length) {
    const match = set.finished[waiting] as FinishedRun;
    if (emit === 'ordered' && !leavesAtOnce(match.owner) && earliest < match.startId) {
      waiting++;
      continue;
    }
    set.finished.splice(waiting, 1);
    give(match);
    const prune = pruneAfter(match);
    if (prune === undefined) continue;
    applyPrune(set, prune, cause);
    earliest = set.earliestStart;
    waiting = 0;
  }
}
