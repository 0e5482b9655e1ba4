/**
 * The per-run matcher: every live run of one rule and key against one event (language specification, section 2.2).
 * The set of runs is owned by the caller (a key's state); the matcher holds only scratch.
 */
import type { KeyValue } from '../model/key.js';
import type { StreamEvent } from '../model/event.js';
import type { Automaton, StateTransitions, Transition } from './automaton.js';
import type { ConditionFailure } from './condition-cache.js';
import { ConditionCache } from './condition-cache.js';
import { PathNode, extendPath } from './path.js';
import type { ReleaseCause } from './release-finished.js';
import { releaseFinished } from './release-finished.js';
import type { FinishedRun, RuleVersion, RunSet } from './run.js';
import { Run, deadlineOf } from './run.js';

/** What comes out of a step, called synchronously and in order. */
export interface MatchReceiver {
  match(finished: FinishedRun): void;
  /** A run left at its deadline without completing. */
  timeout(finished: FinishedRun, alreadyMatched: boolean): void;
  /** The cap on runs was met: `dropped` runs are gone or were refused. */
  overflow(dropped: number): void;
}

export interface MatchLimits {
  readonly runsMax: number;
  readonly overflow: 'dropOldest' | 'dropNewest';
}

const NO_EVENT: StreamEvent = {
  source: '',
  seq: 0,
  index: 0,
  time: 0,
  arrival: 0,
  order: undefined,
  id: undefined,
  type: undefined,
  subject: '',
  headers: undefined,
  body: undefined,
};

/** An automaton in use by one version of a rule, with the scratch its evaluation needs. */
export class ActiveVersion implements RuleVersion {
  automaton: Automaton;
  conditions: ConditionCache;
  /** First nodes made for the current event, by stage. */
  readonly firstNodes: (PathNode | undefined)[] = [];
  /** The version's filter lets it see the current event; runs of a version that does not see it stay as they are. */
  sees = true;

  constructor(
    readonly version: number,
    automaton: Automaton,
    private readonly onFailure: ConditionFailure,
  ) {
    this.automaton = automaton;
    this.conditions = new ConditionCache(automaton, onFailure, NO_EVENT);
  }

  /** Goes on with an automaton of the same shape. Deadlines of its runs must be computed again. */
  replaceAutomaton(automaton: Automaton): void {
    this.automaton = automaton;
    this.conditions = new ConditionCache(automaton, this.onFailure, NO_EVENT);
  }
}

/** Matches one rule: the versions of it that still have runs, the newest of which starts new ones. */
export class RunMatcher {
  private event: StreamEvent = NO_EVENT;
  private ordinal = 0;
  private next: Run[] = [];
  /** Runs that went through the step as they were. */
  private kept = 0;

  constructor(
    private readonly versions: readonly ActiveVersion[],
    /** The version that starts runs; undefined while the rule only drains. */
    private readonly starting: ActiveVersion | undefined,
    private readonly emit: 'ordered' | 'eager',
    private readonly limits: MatchLimits,
    private readonly receiver: MatchReceiver,
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
    for (const version of this.versions) if (version.sees) version.conditions.enterEvent(event, key);
    const runs = set.runs;
    this.kept = 0;
    const finishedBefore = set.finished.length;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i] as Run;
      if (!run.condemned) this.stepRun(set, run);
    }
    if (this.starting?.sees === true) this.stepStart(set, this.starting);
    const changed =
      this.kept !== runs.length || this.next.length !== this.kept || set.finished.length !== finishedBefore;
    set.condemned = false;
    if (changed) set.runs = this.next;
    if (changed) this.next = [];
    else this.next.length = 0;
    if (set.runs.length > this.limits.runsMax) this.enforceLimit(set);
    this.release(set, 'event');
    return changed;
  }

  /** Passes time: every run whose deadline is at or before `time` leaves, deadline by deadline. */
  advance(set: RunSet, time: number): void {
    for (let due = nextDeadline(set); due <= time && due !== Infinity; due = nextDeadline(set)) {
      const leaving = set.runs.filter((run) => run.deadline <= due);
      set.runs = set.runs.filter((run) => run.deadline > due);
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
    releaseFinished(set, { emit: this.emit, cause, give: (finished) => this.receiver.match(finished) });
  }

  private complete(set: RunSet, run: Run, time: number): void {
    if (!run.condemned) this.finish(set, finishedBy(run, run.node, time));
  }

  private timeOut(run: Run, time: number): void {
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
    set.finished.push(finished);
  }

  private stepRun(set: RunSet, run: Run): void {
    const owner = run.owner as ActiveVersion;
    if (!owner.sees) {
      this.keep(run);
      return;
    }
    const { conditions } = owner;
    conditions.enterRun(run.node);
    const { transitions } = owner.automaton.transitions[run.state] as StateTransitions;
    const mark = this.next.length;
    const keptBefore = this.kept;
    let stopped = false;
    for (let i = 0; i < transitions.length; i++) {
      const transition = transitions[i] as Transition;
      if (!conditions.holds(transition.guard)) continue;
      if (transition.action === 'ignore') this.ignore(set, run, transition);
      else if (transition.action === 'stop') stopped = true;
      else this.take(set, owner, run, transition);
    }
    if (!stopped) return;
    this.dropSuccessors(mark);
    this.kept = keptBefore;
  }

  private keep(run: Run): void {
    this.kept++;
    this.next.push(run);
  }

  private stepStart(set: RunSet, owner: ActiveVersion): void {
    const transitions = startTransitions(owner.automaton);
    owner.conditions.enterRun(undefined);
    const mark = this.next.length;
    let stopped = false;
    owner.firstNodes.length = 0;
    for (let i = 0; i < transitions.length; i++) {
      const transition = transitions[i] as Transition;
      if (!owner.conditions.holds(transition.guard)) continue;
      if (transition.action === 'stop') stopped = true;
      else this.take(set, owner, undefined, transition);
    }
    if (stopped) this.dropSuccessors(mark);
  }

  /** Of a stopped run only what reached Final stays, and that already lies among the finished. */
  private dropSuccessors(mark: number): void {
    for (let i = mark; i < this.next.length; i++) {
      const dropped = this.next[i] as Run;
      forgetState(dropped.node, dropped.state);
    }
    this.next.length = mark;
  }

  private ignore(set: RunSet, run: Run, transition: Transition): void {
    const { owner, node } = run;
    if (transition.target === owner.automaton.final) {
      this.finish(set, finishedBy(run, node, this.event.time));
      markGrown(node, this.ordinal);
      return;
    }
    if (!rememberState(node, transition.target, this.ordinal)) return;
    if (transition.target === run.state) {
      this.keep(run);
      return;
    }
    const deadline = deadlineOf(owner, transition.target, run.startTime, node.event.time);
    this.next.push(new Run(owner, transition.target, node, run.startTime, run.startId, deadline));
  }

  private take(set: RunSet, owner: ActiveVersion, run: Run | undefined, transition: Transition): void {
    const { event, ordinal } = this;
    if (run !== undefined && event.time - run.node.event.time >= transition.gapMs) return;
    const node =
      run === undefined
        ? this.firstNode(owner, transition.stage)
        : extendPath(run.node, transition.stage, event, ordinal);
    const startTime = run === undefined ? event.time : run.startTime;
    const startId = run === undefined ? ordinal : run.startId;
    if (owner.conditions.anyHolds(transition.finals)) {
      this.finish(set, { owner, node, startTime, startId, time: event.time });
    }
    if (transition.target === owner.automaton.final || !rememberState(node, transition.target, ordinal)) return;
    const deadline = deadlineOf(owner, transition.target, startTime, event.time);
    this.next.push(new Run(owner, transition.target, node, startTime, startId, deadline));
  }

  private firstNode(owner: ActiveVersion, stage: number): PathNode {
    let node = owner.firstNodes[stage];
    if (node === undefined) {
      node = new PathNode(undefined, stage, this.event, this.ordinal);
      owner.firstNodes[stage] = node;
    }
    return node;
  }

  private enforceLimit(set: RunSet): void {
    const { runsMax, overflow } = this.limits;
    const dropped = set.runs.length - runsMax;
    if (overflow === 'dropOldest') {
      set.runs = set.runs.sort((a, b) => a.startId - b.startId || a.node.ordinal - b.node.ordinal).slice(dropped);
    } else {
      // Of the runs that took this event the newest are refused first; a run may also fork by waiting in two ways.
      const waiting = set.runs.filter((run) => run.node.ordinal !== this.ordinal);
      const taking = set.runs.filter((run) => run.node.ordinal === this.ordinal);
      set.runs = waiting.concat(taking).slice(0, runsMax);
    }
    this.receiver.overflow(dropped);
  }
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

/** Marks that a run (state, node) exists after this step; false if it already did. */
function rememberState(node: PathNode, state: number, ordinal: number): boolean {
  if (node.stamp !== ordinal) {
    node.stamp = ordinal;
    node.firstState = state;
    node.moreStates = undefined;
    return true;
  }
  if (node.firstState === state || node.moreStates?.includes(state) === true) return false;
  if (node.firstState === -1) node.firstState = state;
  else if (node.moreStates === undefined) node.moreStates = [state];
  else node.moreStates.push(state);
  return true;
}

function forgetState(node: PathNode, state: number): void {
  if (node.firstState === state) node.firstState = -1;
  else node.moreStates = node.moreStates?.filter((one) => one !== state);
}

/** The earliest deadline in the set; Infinity for none. */
export function nextDeadline(set: RunSet): number {
  let earliest = Infinity;
  const runs = set.runs;
  for (let i = 0; i < runs.length; i++) {
    const { deadline } = runs[i] as Run;
    if (deadline < earliest) earliest = deadline;
  }
  return earliest;
}
