/**
 * The per-run matcher: the live runs of one rule and key against one event (language specification, section 2.2). The set of
 * runs is owned by the caller (a key's state); the matcher holds only scratch.
 *
 * Runs are asked by bucket (run-set.ts): a bucket in which the event alone says that all only go on waiting is not touched,
 * and one with an access predicate is asked only where the event shows the value that a run waits for. So an event costs by the
 * runs it moves, not by those that wait. A step has two halves, first every run is judged as it was before the event, then
 * the set changes.
 */
import type { KeyValue } from '../model/key.js';
import type { StreamEvent } from '../model/event.js';
import type { Automaton, StateTransitions, Transition } from './automaton.js';
import type { ActiveVersion } from './active-version.js';
import { NO_EVENT } from './active-version.js';
import type { BucketPlan } from './bucket-plan.js';
import type { MatchRows } from './match-rows.js';
import { rowsOf } from './match-rows.js';
import { PathNode, extendPath } from './path.js';
import type { ReleaseCause } from './release-finished.js';
import { releaseFinished } from './release-finished.js';
import type { FinishedRun, RuleVersion } from './run.js';
import { Run, deadlineOf } from './run.js';
import { RunLookup } from './run-lookup.js';
import type { RunBucket, RunSet } from './run-set.js';
import { Scratch } from './scratch.js';
import { dropOverflow } from './run-overflow.js';

/** What comes out of a step, called synchronously and in order. */
export interface MatchReceiver {
  match(finished: FinishedRun): void;
  /** Matches of one event, when they are many and nothing else is given with them; without it they come one by one. */
  matchRows?(rows: MatchRows): void;
  /** A run left at its deadline without completing. */
  timeout(finished: FinishedRun, alreadyMatched: boolean): void;
  /** A run that never matched left at its deadline; true if that is all there is to say. */
  timeoutUntold?(owner: RuleVersion): boolean;
  /** The cap on runs was met: `dropped` runs are gone or were refused. */
  overflow(dropped: number): void;
}

export interface MatchLimits {
  readonly runsMax: number;
  readonly overflow: 'dropOldest' | 'dropNewest';
  /** Nobody is told of time-outs: what a match prunes leaves at once, whatever released the match. Default: somebody is. */
  readonly timeoutsUntold?: boolean;
}

/** From how many runs of a bucket on which way of asking them pays. What comes out does not depend on it. */
export interface Bucketing {
  /** Up to this many runs are asked one by one, which is as fast as judging the bucket first. */
  readonly oneByOneMax: number;
  /** From this many on, those of a bucket with an access predicate are looked up. */
  readonly lookupFromRuns: number;
  /** From this many on, matches of one event are made when somebody looks at them. */
  readonly rowsFromRuns: number;
}

const BUCKETING: Bucketing = { oneByOneMax: 2, lookupFromRuns: 8, rowsFromRuns: 8 };

/** Matches one rule: the versions of it that still have runs, the newest of which starts new ones. */
export class RunMatcher {
  private event: StreamEvent = NO_EVENT;
  private ordinal = 0;
  private set: RunSet | undefined;
  /** What the event changes: runs that leave, and runs that come unless there is such a run already. */
  private readonly leaving = new Scratch<Run>();
  private readonly coming = new Scratch<Run>();
  /** Matches of this event that are not made yet. */
  private rows: MatchRows | undefined;

  constructor(
    private readonly versions: readonly ActiveVersion[],
    /** The version that starts runs; undefined while the rule only drains. */
    private readonly starting: ActiveVersion | undefined,
    private readonly emit: 'ordered' | 'eager',
    private readonly limits: MatchLimits,
    private readonly receiver: MatchReceiver,
    private readonly bucketing: Bucketing = BUCKETING,
  ) {}

  /**
   * True if the event can change nothing for any key without condemned runs: no predicate can hold on it, and the versions only
   * keep waiting then.
   */
  isNoise(event: StreamEvent, key: KeyValue | undefined): boolean {
    for (let i = 0; i < this.versions.length; i++) {
      const { automaton, conditions } = this.versions[i] as ActiveVersion;
      if (!automaton.idleOnNoise) return false;
      conditions.enterEvent(event, key);
      if (conditions.anyPredicateMayHold()) return false;
    }
    return true;
  }

  /** True if the event would start a run: what decides whether a key without runs needs any state at all. */
  starts(event: StreamEvent, key: KeyValue | undefined): boolean {
    const version = this.starting;
    if (version === undefined || !version.sees) return false;
    version.conditions.enterEvent(event, key);
    for (const transition of startTransitions(version.automaton)) {
      if (transition.action === 'take' && version.conditions.holds(transition.guard)) return true;
    }
    return false;
  }

  /**
   * One event of the key; true if it changed anything. Deadlines at or before its time must have been passed to
   * `advance` before.
   */
  step(set: RunSet, event: StreamEvent, ordinal: number, key: KeyValue | undefined): boolean {
    this.event = event;
    this.ordinal = ordinal;
    this.set = set;
    const finishedBefore = set.finished.length;
    for (const version of this.versions) if (version.sees) version.conditions.enterEvent(event, key);
    if (set.condemned) this.dropCondemned(set);
    for (let i = 0; i < set.buckets.length; i++) this.stepBucket(set.buckets[i] as RunBucket);
    if (this.starting?.sees === true) this.stepStart(this.starting);
    const changed =
      this.leaving.size > 0 ||
      this.coming.size > 0 ||
      this.rows !== undefined ||
      set.finished.length !== finishedBefore;
    if (changed) this.change(set);
    if (this.rows !== undefined) this.giveRows(set, this.rows);
    this.release(set, 'event');
    return changed;
  }

  /** Passes time: every run whose deadline is at or before `time` leaves, deadline by deadline. */
  advance(set: RunSet, time: number): void {
    for (let due = set.nextDeadline; due <= time && due !== Infinity; due = set.nextDeadline) {
      const leaving = set.takeDue(due);
      // Matches first: a run that shares the path of one times out as already matched.
      for (const run of leaving) if (isPending(run)) this.complete(set, run, due);
      for (const run of leaving) if (!isPending(run)) this.timeOut(run, due);
      this.release(set, 'deadline');
    }
  }

  /** Runs were taken out of the set: matches that waited for them leave. */
  releaseWaiting(set: RunSet): void {
    this.release(set, 'deadline');
  }

  private release(set: RunSet, cause: ReleaseCause): void {
    if (set.finished.length === 0) return;
    const prunes = this.limits.timeoutsUntold === true ? 'event' : cause;
    releaseFinished(set, { emit: this.emit, cause: prunes, give: (finished) => this.receiver.match(finished) });
  }

  private complete(set: RunSet, run: Run, time: number): void {
    if (!run.condemned) this.finish(set, finishedBy(run, run.node, time));
  }

  private timeOut(run: Run, time: number): void {
    if (!run.hasPath && this.receiver.timeoutUntold?.(run.owner) === true) return;
    const { node } = run;
    if (node.timeouts?.includes(time) === true) return;
    if (node.timeouts === undefined) node.timeouts = [time];
    else node.timeouts.push(time);
    this.receiver.timeout(finishedBy(run, node, time), node.matched);
  }

  private finish(set: RunSet, finished: FinishedRun): void {
    finished.node.matched = true;
    if (finished.node.emitted) return;
    finished.node.emitted = true;
    set.finish(finished);
  }

  private dropCondemned(set: RunSet): void {
    set.forEach((run) => {
      if (run.condemned) this.leaving.push(run);
    });
    set.condemned = false;
  }

  private stepBucket(bucket: RunBucket): void {
    const owner = bucket.owner as ActiveVersion;
    if (bucket.size === 0 || !owner.sees) return;
    if (bucket.size <= this.bucketing.oneByOneMax) {
      bucket.forEach(this.ask);
      return;
    }
    const plan = owner.planOf(bucket.state);
    const verdict = plan.judge(owner.conditions);
    if (verdict === 'stay') return;
    if (verdict === 'same') {
      if (!plan.completesAll || !this.collectRows(bucket, plan)) this.stepAlike(bucket, owner, plan);
    } else if (bucket.size < this.bucketing.lookupFromRuns || !plan.othersStay(owner.conditions))
      bucket.forEach(this.ask);
    else this.askThoseFound(bucket);
  }

  private askThoseFound(bucket: RunBucket): void {
    this.makeLookup(bucket);
    if (bucket.lookup?.visit(this.event.body, this.ask) !== true) bucket.forEach(this.ask);
  }

  /** As soon as a bucket is large enough, so that no event finds thousands of runs to be put into it. */
  private makeLookup(bucket: RunBucket): void {
    if (bucket.lookup !== undefined) return;
    const { access } = (bucket.owner as ActiveVersion).planOf(bucket.state);
    if (access !== undefined) bucket.lookup = new RunLookup(access.join, bucket.toArray());
  }

  /** The event completes every run of the bucket, and all of them stay. */
  private collectRows(bucket: RunBucket, { completing }: BucketPlan): boolean {
    if (completing === undefined || this.rows !== undefined || this.receiver.matchRows === undefined) return false;
    if (bucket.size < this.bucketing.rowsFromRuns) return false;
    const { event, ordinal } = this;
    this.rows = rowsOf(bucket, { stage: completing.stage, event, ordinal });
    return this.rows !== undefined;
  }

  /** Matches that come with others of the same event are made, so that all leave in order. */
  private giveRows(set: RunSet, rows: MatchRows): void {
    this.rows = undefined;
    if (set.finished.length === 0) this.receiver.matchRows?.(rows);
    else for (const finished of rows.finished()) set.finish(finished);
  }

  /** All runs of the bucket do the same. */
  private stepAlike(bucket: RunBucket, owner: ActiveVersion, { sure }: BucketPlan): void {
    bucket.forEach((run) => {
      if (run.condemned) return;
      owner.conditions.enterRun(run.node);
      const mark = this.coming.size;
      let stays = false;
      let stopped = false;
      for (let i = 0; i < sure.size; i++) {
        const transition = sure.at(i);
        if (transition.action === 'stop') stopped = true;
        else if (this.follow(owner, run, transition)) stays = true;
      }
      this.settle(run, mark, stays && !stopped, stopped);
    });
  }

  /** One run, whatever the others do. */
  private readonly ask = (run: Run): void => {
    if (run.condemned) return;
    const owner = run.owner as ActiveVersion;
    const { conditions } = owner;
    conditions.enterRun(run.node);
    const { transitions } = owner.automaton.transitions[run.state] as StateTransitions;
    const mark = this.coming.size;
    let stays = false;
    let stopped = false;
    for (let i = 0; i < transitions.length; i++) {
      const transition = transitions[i] as Transition;
      if (!conditions.holds(transition.guard)) continue;
      if (transition.action === 'stop') stopped = true;
      else if (this.follow(owner, run, transition)) stays = true;
    }
    this.settle(run, mark, stays && !stopped, stopped);
  };

  /** Of a stopped run only what reached Final stays, and that already lies among the finished. */
  private settle(run: Run, mark: number, stays: boolean, stopped: boolean): void {
    if (stopped) this.coming.truncate(mark);
    if (!stays) this.leaving.push(run);
  }

  private stepStart(owner: ActiveVersion): void {
    const transitions = startTransitions(owner.automaton);
    owner.conditions.enterRun(undefined);
    const mark = this.coming.size;
    let stopped = false;
    for (let i = 0; i < transitions.length; i++) {
      const transition = transitions[i] as Transition;
      if (!owner.conditions.holds(transition.guard)) continue;
      if (transition.action === 'stop') stopped = true;
      else this.take(owner, undefined, transition);
    }
    if (stopped) this.coming.truncate(mark);
  }

  /** True if the run only goes on waiting as it is. */
  private follow(owner: ActiveVersion, run: Run, transition: Transition): boolean {
    if (transition.action === 'take') {
      this.take(owner, run, transition);
      return false;
    }
    const { node, state } = run;
    const { target } = transition;
    if (target === state) return true;
    if (target === owner.automaton.final) {
      this.finish(this.set as RunSet, finishedBy(run, node, this.event.time));
      markGrown(node, this.ordinal);
      return false;
    }
    const deadline = deadlineOf(owner, target, run.startTime, node.event.time);
    this.coming.push(new Run(owner, target, node, run.first, run.startId, run.startStage, deadline));
    return false;
  }

  private take(owner: ActiveVersion, run: Run | undefined, transition: Transition): void {
    const { event, ordinal } = this;
    if (run !== undefined && event.time - run.lastTime >= transition.gapMs) return;
    if (run === undefined && beginsAlone(owner.automaton, transition)) {
      const deadline = deadlineOf(owner, transition.target, event.time, event.time);
      this.coming.push(new Run(owner, transition.target, undefined, event, ordinal, transition.stage, deadline));
      return;
    }
    const node =
      run === undefined
        ? this.firstNode(owner, transition.stage)
        : extendPath(run.node, transition.stage, event, ordinal);
    const first = run === undefined ? event : run.first;
    const startId = run === undefined ? ordinal : run.startId;
    if (transition.finals.length > 0 && owner.conditions.anyHolds(transition.finals)) {
      this.finish(this.set as RunSet, { owner, node, startTime: first.time, startId, time: event.time });
    }
    if (transition.target === owner.automaton.final) return;
    const deadline = deadlineOf(owner, transition.target, first.time, event.time);
    const startStage = run === undefined ? transition.stage : run.startStage;
    this.coming.push(new Run(owner, transition.target, node, first, startId, startStage, deadline));
  }

  private firstNode(owner: ActiveVersion, stage: number): PathNode {
    let node = owner.firstNodes[stage];
    if (node?.ordinal !== this.ordinal || node.event !== this.event) {
      node = new PathNode(undefined, stage, this.event, this.ordinal);
      owner.firstNodes[stage] = node;
    }
    return node;
  }

  /** The second half of a step: those that leave leave, then those that come come. */
  private change(set: RunSet): void {
    const { leaving, coming } = this;
    for (let i = 0; i < leaving.size; i++) set.remove(leaving.at(i));
    for (let i = 0; i < coming.size; i++) {
      const bucket = set.add(coming.at(i));
      if (bucket?.size === this.bucketing.lookupFromRuns) this.makeLookup(bucket);
    }
    leaving.truncate(0);
    coming.truncate(0);
    const { runsMax, overflow } = this.limits;
    if (set.size <= runsMax) return;
    this.receiver.overflow(dropOverflow(set, { runsMax, overflow, ordinal: this.ordinal }));
  }
}

/** No other run begins with the event: see `loneBegin`. */
function beginsAlone(automaton: Automaton, { target, finals }: Transition): boolean {
  return finals.length === 0 && target !== automaton.final && startTransitions(automaton).length === 1;
}

function isPending({ owner, state }: Run): boolean {
  return owner.automaton.transitions[state]?.kind === 'pending';
}

function finishedBy(run: Run, node: PathNode, time: number): FinishedRun {
  return { owner: run.owner, node, startTime: run.startTime, startId: run.startId, time };
}

/** A run that grew by the very event that settled it as a match has matched too. */
function markGrown(node: PathNode, ordinal: number): void {
  for (let child = node.child; child?.ordinal === ordinal; child = child.sibling) child.matched = true;
}

function startTransitions(automaton: Automaton): readonly Transition[] {
  return (automaton.transitions[automaton.start] as StateTransitions).transitions;
}
