/**
 * Runs the reference automaton as literally as section 2.2 of the language says: every run is a value, nothing is cached,
 * shared or pruned early. For small inputs; the measure of the engine, never used by it.
 */
import type { PatternDef } from '../../../../src/core/document/pattern-def.js';
import type { StreamEvent } from '../../../../src/core/model/event.js';
import type { Condition, Path, RefEdge, RefState, Test } from './reference-automaton.js';
import { ReferenceBuilder } from './reference-automaton.js';

interface RefRun {
  readonly state: RefState;
  readonly path: Path;
}

/** A match or a timed-out partial match, in the order in which it came out. */
export interface Outcome {
  readonly kind: 'match' | 'timeout';
  readonly path: Path;
  readonly time: number;
  readonly alreadyMatched: boolean;
}

interface Finished {
  readonly path: Path;
  readonly time: number;
}

const startId = (path: Path): number => path[0]?.at ?? -1;
const startTime = (path: Path): number => path[0]?.event.time ?? NaN;
const textOf = (path: Path): string => path.map(({ stage, at }) => `${stage}:${at}`).join(' ');

function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) break;
    if (x.stage !== y.stage) return x.stage < y.stage ? -1 : 1;
    if (x.at !== y.at) return x.at - y.at;
  }
  return a.length - b.length;
}

function smaller(a: Path, b: Path): number {
  return startId(a) - startId(b) || comparePaths(a, b);
}

export class Interpreter {
  private readonly start: RefState;
  private runs: RefRun[] = [];
  private finished: Finished[] = [];
  private readonly out: Outcome[] = [];
  private readonly matched = new Map<string, number>();
  private readonly timedOut = new Set<string>();
  private readonly numbers = new Map<RefState, number>();
  private at = 0;
  /** Where the input stands: at an event, or half a step before it while deadlines pass. */
  private position = 0;
  /** The most runs that were alive at once. */
  runsMax = 0;

  constructor(
    private readonly def: PatternDef,
    private readonly testOf: (source: string) => Test,
    private readonly stepwise = false,
  ) {
    this.start = new ReferenceBuilder().build(def.steps);
  }

  get liveRuns(): number {
    return this.runs.length;
  }

  accept(event: StreamEvent): void {
    this.advance(event.time);
    this.position = this.at;
    const next = new Map<string, RefRun>();
    for (const run of [...this.runs, { state: this.start, path: [] }]) {
      for (const successor of this.successors(run, event)) {
        next.set(`${this.numberOf(successor.state)} ${textOf(successor.path)}`, successor);
      }
    }
    this.runs = [...next.values()];
    this.runsMax = Math.max(this.runsMax, this.runs.length);
    this.emit();
    this.at++;
    this.position = this.at - 0.5;
  }

  advance(time: number): void {
    if (!this.stepwise) this.pass(time);
    for (let due = this.nextDeadline(); due <= time && due < Infinity; due = this.nextDeadline()) this.pass(due);
  }

  private nextDeadline(): number {
    return this.runs.reduce((least, run) => Math.min(least, this.deadline(run)), Infinity);
  }

  private pass(time: number): void {
    const leaving = this.runs.filter((run) => this.deadline(run) <= time);
    this.runs = this.runs.filter((run) => this.deadline(run) > time);
    const isPending = ({ state }: RefRun): number => (state.kind === 'pending' ? 0 : 1);
    leaving.sort((a, b) => this.deadline(a) - this.deadline(b) || isPending(a) - isPending(b));
    for (const run of leaving) {
      const due = this.deadline(run);
      if (run.state.kind === 'pending') this.finish(run.path, due);
      else this.timeOut(run.path, due);
    }
    this.emit();
  }

  outcomes(): readonly Outcome[] {
    return this.out;
  }

  private numberOf(state: RefState): number {
    const number = this.numbers.get(state) ?? this.numbers.size;
    this.numbers.set(state, number);
    return number;
  }

  private holds(condition: Condition, event: StreamEvent, path: Path): boolean {
    return condition.every(({ source, negated }) => this.testOf(source)(event, path) !== negated);
  }

  /** States reached over PROCEED edges whose condition holds on (event, path), the state itself included. */
  private proceed(from: RefState, event: StreamEvent, path: Path): Set<RefState> {
    const reached = new Set([from]);
    for (const state of reached) {
      for (const { action, to, when } of state.edges)
        if (action === 'proceed' && this.holds(when, event, path)) reached.add(to);
    }
    return reached;
  }

  private successors(run: RefRun, event: StreamEvent): RefRun[] {
    const { path } = run;
    const found: RefRun[] = [];
    let stopped = false;
    for (const state of this.proceed(run.state, event, path)) {
      for (const edge of state.edges) {
        if (edge.action === 'proceed' || !this.holds(edge.when, event, path)) continue;
        if (edge.to.kind === 'stop') stopped = true;
        else if (edge.action === 'take') this.take(run, state, edge, event, found);
        else if (run.state !== this.start) {
          if (edge.to.kind === 'final') this.finish(path, event.time);
          else found.push({ state: edge.to, path });
        }
      }
    }
    return stopped ? [] : found;
  }

  private take(run: RefRun, state: RefState, edge: RefEdge, event: StreamEvent, found: RefRun[]): void {
    const previous = run.path[run.path.length - 1];
    const gap = state.step?.gapMs;
    if (previous !== undefined && gap !== undefined && event.time - previous.event.time >= gap) return;
    const path = [...run.path, { stage: state.step?.name ?? '', event, at: this.at }];
    const reached = this.proceed(edge.to, event, run.path);
    if ([...reached].some((one) => one.kind === 'final')) this.finish(path, event.time);
    if (edge.to.kind !== 'final') found.push({ state: edge.to, path });
  }

  /** The earliest time at which no TAKE reachable from the run's state can hold any more. */
  private deadline(run: RefRun): number {
    const previous = run.path[run.path.length - 1];
    const window = startTime(run.path) + (this.def.withinMs ?? Infinity);
    return Math.min(window, (previous?.event.time ?? NaN) + this.longestGap(run.state));
  }

  private longestGap(from: RefState): number {
    if (from.kind === 'pending') return from.step?.gapMs ?? Infinity;
    const reached = new Set([from]);
    let longest = -Infinity;
    for (const state of reached) {
      for (const { action, to } of state.edges) {
        if (to.kind === 'stop') continue;
        if (action === 'take') longest = Math.max(longest, state.step?.gapMs ?? Infinity);
        else if (to.kind === 'final') longest = action === 'ignore' ? Infinity : longest;
        else if (to.kind === 'pending') longest = Math.max(longest, to.step?.gapMs ?? Infinity);
        else reached.add(to);
      }
    }
    return longest === -Infinity ? Infinity : longest;
  }

  private finish(path: Path, time: number): void {
    const text = textOf(path);
    if (this.matched.has(text)) return;
    this.matched.set(text, this.position);
    this.finished.push({ path, time });
  }

  private timeOut(path: Path, time: number): void {
    const text = `${textOf(path)} at ${time}`;
    if (this.timedOut.has(text)) return;
    this.timedOut.add(text);
    this.out.push({ kind: 'timeout', path, time, alreadyMatched: this.hasMatched(path) });
  }

  /** True if the run was a match itself, or grew from one. */
  private hasMatched(path: Path): boolean {
    for (let length = 1; length <= path.length; length++) {
      const at = this.matched.get(textOf(path.slice(0, length)));
      if (at !== undefined && at <= (path[length]?.at ?? Infinity)) return true;
    }
    return false;
  }

  private emit(): void {
    const holdsBack = this.def.skip.kind !== 'noSkip';
    while (this.finished.length > 0) {
      this.finished.sort((a, b) => smaller(a.path, b.path));
      const match = this.finished[0] as Finished;
      if (holdsBack && this.runs.some((run) => startId(run.path) < startId(match.path))) return;
      this.finished.shift();
      this.out.push({ kind: 'match', path: match.path, time: match.time, alreadyMatched: false });
      const pruned = this.pruneOf(match.path);
      this.runs = this.runs.filter((run) => !pruned(startId(run.path)));
      this.finished = this.finished.filter((one) => !pruned(startId(one.path)));
    }
  }

  private pruneOf(path: Path): (id: number) => boolean {
    const { skip } = this.def;
    const last = path[path.length - 1]?.at ?? -1;
    if (skip.kind === 'noSkip') return () => false;
    if (skip.kind === 'skipToNext') return (id) => id === startId(path);
    if (skip.kind === 'skipPastLastEvent') return (id) => id <= last;
    const events = path.filter((one) => one.stage === skip.stage).map((one) => one.at);
    const target = events[skip.kind === 'skipToFirst' ? 0 : events.length - 1];
    return (id) => target !== undefined && id < target;
  }
}
