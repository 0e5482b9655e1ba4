/**
 * The live runs of one rule and one key, in buckets by (version, state), and the finished ones that wait for an earlier run to
 * end. Whatever holds of an event in a state without looking at the run holds for a whole bucket; see match-runs.ts.
 *
 * Invariants: a bucket holds live runs of one version in one state; no two live runs have the same state and path; what comes
 * out never depends on the order of runs inside a set, which a restart does not keep.
 */
import { comparePaths } from './path.js';
import type { PathNode } from './path.js';
import type { FinishedRun, Run, RuleVersion } from './run.js';
import { deadlineOf } from './run.js';
import { RunList } from './run-list.js';
import type { RunLookup } from './run-lookup.js';

const NO_BUCKETS: readonly RunBucket[] = [];
/** Of a set without any; never pushed to. */
const NO_FINISHED: FinishedRun[] = [];

/** The live runs of one version in one state. */
export class RunBucket extends RunList {
  /** Runs by the value an event must have to be more than noise to them; made when the bucket is large enough to need it. */
  lookup: RunLookup | undefined = undefined;

  constructor(
    readonly owner: RuleVersion,
    readonly state: number,
  ) {
    super();
  }
}

export class RunSet {
  /** Live runs. */
  size = 0;
  /** One for every version and state met so far; a bucket stays when it is empty. */
  buckets: readonly RunBucket[] = NO_BUCKETS;
  /** Held back while a run that started earlier is alive (skip strategies only). */
  finished: FinishedRun[] = NO_FINISHED;
  /** Some run is condemned: the next event of the key, whatever it is, drops it. */
  condemned = false;

  get isEmpty(): boolean {
    return this.size === 0 && this.finished.length === 0;
  }

  /** The bucket that it is in now; undefined if there is such a run already. */
  add(run: Run): RunBucket | undefined {
    if (run.hasPath) {
      const { node } = run;
      if (hasTwin(node, run.state)) return undefined;
      run.other = node.run;
      node.run = run;
    }
    const bucket = this.bucketOf(run.owner, run.state);
    bucket.add(run);
    bucket.lookup?.add(run);
    this.size++;
    return bucket;
  }

  finish(finished: FinishedRun): void {
    if (this.finished.length === 0) this.finished = [finished];
    else this.finished.push(finished);
  }

  /** Takes out all finished runs. */
  takeFinished(): FinishedRun[] {
    const { finished } = this;
    this.finished = NO_FINISHED;
    return finished;
  }

  remove(run: Run): void {
    if (!run.live) return;
    run.live = false;
    if (run.hasPath && run.node.run === run) run.node.run = run.other;
    const bucket = this.bucketOf(run.owner, run.state);
    bucket.lookup?.remove(run);
    bucket.removed();
    if (bucket.size === 0) bucket.lookup = undefined;
    this.size--;
  }

  /** The earliest deadline; Infinity for none. */
  get nextDeadline(): number {
    let next = Infinity;
    for (let i = 0; i < this.buckets.length; i++) {
      const deadline = (this.buckets[i] as RunBucket).earliest?.deadline ?? Infinity;
      if (deadline < next) next = deadline;
    }
    return next;
  }

  /** Forgets all live runs; none of them may be used any more. */
  clear(): void {
    this.buckets = NO_BUCKETS;
    this.size = 0;
  }

  /** Takes out every run whose deadline is at or before `time`; earlier runs first. */
  takeDue(time: number): Run[] {
    const due: Run[] = [];
    for (const bucket of this.buckets) {
      for (let run = bucket.earliest; run !== undefined && run.deadline <= time; run = bucket.earliest) {
        due.push(run);
        this.remove(run);
      }
    }
    return due.length > 1 ? due.sort(compareRuns) : due;
  }

  /** The first event of the earliest run that is not condemned; Infinity for none. */
  get earliestStart(): number {
    let earliest = Infinity;
    this.forEach((run) => {
      if (!run.condemned && run.startId < earliest) earliest = run.startId;
    });
    return earliest;
  }

  forEach(visit: (run: Run) => void): void {
    for (const bucket of this.buckets) bucket.forEach(visit);
  }

  toArray(): Run[] {
    return this.buckets.flatMap((bucket) => bucket.toArray());
  }

  /** Drops the runs and the finished runs of these versions; gives the number of live runs dropped. */
  dropVersions(versions: ReadonlySet<number>): number {
    const before = this.size;
    this.forEach((run) => {
      if (versions.has(run.owner.version)) this.remove(run);
    });
    this.finished = this.finished.filter((run) => !versions.has(run.owner.version));
    return before - this.size;
  }

  /** Computes the deadlines again, after automata were replaced by others of the same shape. */
  renewDeadlines(): void {
    for (const bucket of this.buckets) {
      bucket.forEach((run) => {
        run.deadline = deadlineOf(run.owner, run.state, run.startTime, run.lastTime);
      });
      bucket.reorder();
      bucket.lookup = undefined;
    }
  }

  private bucketOf(owner: RuleVersion, state: number): RunBucket {
    const { buckets } = this;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at] as RunBucket;
      if (bucket.owner === owner && bucket.state === state) return bucket;
    }
    const bucket = new RunBucket(owner, state);
    this.buckets = buckets.length === 0 ? [bucket] : [...buckets, bucket];
    return bucket;
  }
}

export function createRunSet(): RunSet {
  return new RunSet();
}

function hasTwin(node: PathNode, state: number): boolean {
  for (let run = node.run; run !== undefined; run = run.other) if (run.live && run.state === state) return true;
  return false;
}

/** A total order of the runs of a set: by first event, last event, path, state. */
export function compareRuns(a: Run, b: Run): number {
  return (
    a.startId - b.startId ||
    a.lastOrdinal - b.lastOrdinal ||
    comparePaths(a.node, b.node, a.owner.automaton, b.owner.automaton) ||
    a.owner.version - b.owner.version ||
    a.state - b.state
  );
}
