/**
 * One rule of one version without skip strategy, as long as a key holds one run of it, of one event. In front of the matcher of runs,
 * which it agrees with in everything: `test/core/shard/lone-runs.test.ts`.
 */
import type { KeyValue } from '../model/key.js';
import type { StreamEvent } from '../model/event.js';
import type { ActiveVersion } from './active-version.js';
import type { StateTransitions, Transition } from './automaton.js';
import type { OneEventRun } from './lone-run.js';
import { loneBegin, pathOfLone, staysAlone } from './lone-run.js';
import { extendPath } from './path.js';
import type { MatchReceiver } from './match-runs.js';

/** What a step did, as a sum: the run goes on waiting; another begins; a match was given out. */
export const WAITS = 1;
export const BEGINS = 2;
export const COMPLETES = 4;

/** How a run begins. */
export interface LoneBegin {
  readonly state: number;
  readonly stage: number;
  /** From its event to its deadline. */
  readonly spanMs: number;
  /** The condition that its event meets, where that is all. */
  readonly predicate: number | undefined;
  /** What its deadline makes of it. */
  readonly ends: 'match' | 'timeout';
}

/** How a run that began so completes, where one condition decides that and waiting is all else. */
export interface LoneEnd {
  readonly predicate: number;
  readonly stage: number;
  readonly gapMs: number;
  /** The run goes on waiting, whether or not it completed. */
  readonly waits: boolean;
}

export class LoneMatcher {
  /** Undefined where a run may begin as several, or as a match, and while the version begins none. */
  readonly begin: LoneBegin | undefined;
  readonly end: LoneEnd | undefined;
  private readonly beginning: Transition | undefined;
  /** By state: nothing but waiting and ending can happen to a run there. */
  private readonly alone: readonly boolean[];

  constructor(
    readonly version: ActiveVersion,
    starting: boolean,
    private readonly receiver: Pick<MatchReceiver, 'match' | 'timeout'>,
  ) {
    const { automaton } = version;
    this.beginning = starting ? loneBegin(automaton) : undefined;
    this.begin = this.beginning && beginOf(this.beginning, automaton.transitions);
    this.end = this.begin && endOf(automaton.transitions[this.begin.state] as StateTransitions, automaton.final);
    this.alone = automaton.transitions.map((at, state) => staysAlone(at, state, automaton.final));
  }

  /** True if the admitted event begins a run. Only where `begin` says how. */
  begins(event: StreamEvent, key: KeyValue | undefined): boolean {
    const { conditions, sees } = this.version;
    if (this.beginning === undefined || !sees) return false;
    conditions.enterEvent(event, key);
    conditions.enterRun(undefined);
    return conditions.holds(this.beginning.guard);
  }

  /** Steps the run on an admitted event; undefined, having asked nothing, if it may become something else than a lone run. */
  step(run: OneEventRun, event: StreamEvent, ordinal: number, key: KeyValue | undefined): number | undefined {
    const { version } = this;
    if (this.begin === undefined || run.owner !== version || this.alone[run.state] !== true) return undefined;
    if (!version.sees) return WAITS;
    const { conditions, automaton } = version;
    conditions.enterEvent(event, key);
    const node = pathOfLone(run);
    conditions.enterRun(node);
    let waits = false;
    let stopped = false;
    let completing: Transition | undefined;
    const { transitions } = automaton.transitions[run.state] as StateTransitions;
    for (let i = 0; i < transitions.length; i++) {
      const transition = transitions[i] as Transition;
      if (!conditions.holds(transition.guard)) continue;
      if (transition.action === 'stop') stopped = true;
      else if (transition.action === 'ignore') waits = true;
      else if (event.time - run.event.time < transition.gapMs) completing = transition;
    }
    let done = waits && !stopped ? WAITS : 0;
    if (this.begins(event, key)) done |= BEGINS;
    if (completing === undefined) return done;
    const whole = extendPath(node, completing.stage, event, ordinal);
    this.give(run, whole, event.time);
    return done | COMPLETES;
  }

  /** Steps a run that began as `begin` says, and completes as `end` does, on an event whose conditions are known. */
  stepKnown(
    run: OneEventRun,
    known: { readonly begins: boolean; readonly ends: boolean },
    { event, ordinal }: { readonly event: StreamEvent; readonly ordinal: number },
  ): number {
    const { stage, gapMs, waits } = this.end as LoneEnd;
    const done = (known.begins ? BEGINS : 0) | (known.ends && !waits ? 0 : WAITS);
    if (!known.ends || event.time - run.event.time >= gapMs) return done;
    this.give(run, extendPath(pathOfLone(run), stage, event, ordinal), event.time);
    return done | COMPLETES;
  }

  /** The run's deadline has passed: it is a match then, or timed out. False, having done nothing, if that is for the matcher of runs. */
  passDeadline(run: OneEventRun, due: number): boolean {
    if (run.owner !== this.version) return false;
    const node = pathOfLone(run);
    if (this.version.automaton.transitions[run.state]?.kind === 'pending') {
      this.give(run, node, due);
      return true;
    }
    const { owner, event, ordinal } = run;
    this.receiver.timeout({ owner, node, startTime: event.time, startId: ordinal, time: due }, false);
    return true;
  }

  private give({ owner, event, ordinal }: OneEventRun, node: ReturnType<typeof pathOfLone>, time: number): void {
    node.matched = true;
    node.emitted = true;
    this.receiver.match({ owner, node, startTime: event.time, startId: ordinal, time });
  }
}

function beginOf({ target, stage, guard }: Transition, states: readonly StateTransitions[]): LoneBegin {
  const { kind, windowMs, sinceLastMs } = states[target] as StateTransitions;
  const [literal, ...more] = guard;
  const predicate = literal !== undefined && more.length === 0 && (literal & 1) === 0 ? literal >> 1 : undefined;
  const ends = kind === 'pending' ? 'match' : 'timeout';
  return { state: target, stage, spanMs: Math.min(windowMs, sinceLastMs), predicate, ends };
}

function endOf({ transitions }: StateTransitions, final: number): LoneEnd | undefined {
  const [take, ...otherTakes] = transitions.filter(({ action }) => action === 'take');
  const [wait, ...others] = transitions.filter(({ action }) => action !== 'take');
  if (take === undefined || wait === undefined || otherTakes.length + others.length > 0) return undefined;
  const [literal, ...more] = take.guard;
  if (take.target !== final || wait.action !== 'ignore' || literal === undefined || more.length > 0) return undefined;
  const waits = wait.guard.length === 0;
  if ((literal & 1) === 1 || (!waits && (wait.guard.length > 1 || wait.guard[0] !== (literal | 1)))) return undefined;
  return { predicate: literal >> 1, stage: take.stage, gapMs: take.gapMs, waits };
}
