/**
 * The folded automaton made deterministic over (event, stage that took it), lazily: a state is the set of states that runs of one
 * and the same path stand in, so that every path is in one state, and every match is found once. It needs conditions that look at
 * the event alone (accept-arena.ts).
 *
 * Invariant: the moves of a state depend on the event by the verdicts of the conditions its transitions ask, and on nothing else.
 */
import { limits } from '../../limits.js';
import type { Automaton, Guard, StateTransitions, Transition } from '../automaton.js';
import { literalOf } from '../automaton.js';
import type { ConditionCache } from '../condition-cache.js';
import type { RuleVersion } from '../run.js';

/** The path, or a prefix of it, was a match. */
export const MATCHED = 1;
/** This very path was given out as a match. */
export const EMITTED = 2;

export interface DetTake {
  readonly stage: number;
  /** Undefined: the longer path has no run. */
  readonly target: DetState | undefined;
  /** The path with the event is a match. */
  readonly completes: boolean;
}

/** What an event does to every path of a state. */
export interface DetMove {
  /** Where the path goes on without the event; undefined for nowhere. */
  readonly skip: DetState | undefined;
  /** The event settles the path, without itself, as a match. */
  readonly settles: boolean;
  readonly takes: readonly DetTake[];
  /** Nothing changes. */
  readonly idle: boolean;
}

/** The paths of one state, as a list of nodes (union-list.ts). */
export interface LivePaths {
  readonly state: DetState;
  list: number[];
  /** One node for all of them; NO_NODE while it is not made. */
  merged: number;
}

export class DetState {
  /** Moves by the verdicts of the conditions asked, as bits. */
  readonly moves = new Map<number, DetMove>();
  /** Scratch of a step: what comes into the state. */
  readonly incoming: LivePaths[] = [];

  constructor(
    /** Ascending; those in which runs of the path stand. */
    readonly states: readonly number[],
    readonly flags: number,
    /** The conditions its transitions ask, each as a guard. */
    readonly asked: readonly Guard[],
  ) {}
}

interface TakeInMaking {
  readonly targets: Set<number>;
  completes: boolean;
}

export class DetAutomaton {
  readonly start: DetState;
  /** It would have taken more states than the limit. */
  exhausted = false;
  private readonly states = new Map<string, DetState>();
  private moveCount = 0;
  /** Only where an event can settle a path does it matter that the path was given out before. */
  readonly settling: boolean;

  /** The version's as it was: under another one the version goes on run by run or with another `DetAutomaton`. */
  readonly automaton: Automaton;

  constructor(
    readonly owner: RuleVersion,
    private readonly statesMax: number = limits.arenaStatesMax,
  ) {
    const { automaton } = owner;
    this.automaton = automaton;
    this.settling = automaton.transitions.some(({ transitions }) =>
      transitions.some(({ action, target }) => action === 'ignore' && target === automaton.final),
    );
    this.start = new DetState([automaton.start], 0, this.askedBy([automaton.start]));
  }

  get stateCount(): number {
    return this.states.size;
  }

  /** What the event, which the conditions have entered, does to the paths of the state; undefined at the limit of states. */
  moveOf(state: DetState, conditions: ConditionCache): DetMove | undefined {
    const { asked } = state;
    let verdicts = 0;
    for (let i = 0; i < asked.length; i++) if (conditions.holds(asked[i] as Guard)) verdicts |= 1 << i;
    const known = state.moves.get(verdicts);
    if (known !== undefined) return known;
    const made = this.makeMove(state, conditions);
    if (made === undefined) return undefined;
    if (this.moveCount++ >= limits.arenaMovesMax) this.forgetMoves();
    state.moves.set(verdicts, made);
    return made;
  }

  /** The state of paths whose runs stand in `states`; undefined at the limit, or without any. */
  stateFor(states: Iterable<number>, flags: number): DetState | undefined {
    const sorted = [...new Set(states)].sort((a, b) => a - b);
    const name = `${flags}:${sorted.join()}`;
    let state = this.states.get(name);
    if (state !== undefined) return state;
    if (this.states.size >= this.statesMax) {
      this.exhausted = true;
      return undefined;
    }
    state = new DetState(sorted, flags, this.askedBy(sorted));
    this.states.set(name, state);
    return state;
  }

  private forgetMoves(): void {
    for (const state of this.states.values()) state.moves.clear();
    this.moveCount = 0;
  }

  private transitionsOf(state: number): readonly Transition[] {
    return (this.automaton.transitions[state] as StateTransitions).transitions;
  }

  private askedBy(states: readonly number[]): Guard[] {
    const asked = new Set<number>();
    for (const state of states) {
      for (const { guard, finals } of this.transitionsOf(state)) {
        for (const literals of [guard, ...finals]) for (const literal of literals) asked.add(literal >> 1);
      }
    }
    return [...asked].map((predicate) => [literalOf(predicate, false)]);
  }

  private makeMove(state: DetState, conditions: ConditionCache): DetMove | undefined {
    const waiting = new Set<number>();
    const takes = new Map<number, TakeInMaking>();
    let settles = false;
    for (const one of state.states) {
      const open = this.transitionsOf(one).filter(({ guard }) => conditions.holds(guard));
      const stopped = open.some(({ action }) => action === 'stop');
      for (const { action, target, stage, finals } of open) {
        const ends = target === this.automaton.final;
        if (action === 'ignore' && ends) settles = true;
        else if (action === 'ignore' && !stopped) waiting.add(target);
        if (action !== 'take') continue;
        const take = takes.get(stage) ?? { targets: new Set<number>(), completes: false };
        takes.set(stage, take);
        if (conditions.anyHolds(finals)) take.completes = true;
        if (!ends && !stopped) take.targets.add(target);
      }
    }
    return this.finishMove(state, waiting, takes, settles && (state.flags & EMITTED) === 0);
  }

  private finishMove(
    state: DetState,
    waiting: ReadonlySet<number>,
    takes: ReadonlyMap<number, TakeInMaking>,
    settles: boolean,
  ): DetMove | undefined {
    const made: DetTake[] = [];
    const matched = settles || (state.flags & MATCHED) !== 0;
    for (const [stage, { targets, completes }] of takes) {
      if (targets.size === 0 && !completes) continue;
      const flags = (matched || completes ? MATCHED : 0) | (completes && this.settling ? EMITTED : 0);
      const target = targets.size === 0 ? undefined : this.stateFor(targets, flags);
      if (target === undefined && targets.size > 0) return undefined;
      made.push({ stage, target, completes });
    }
    const skip =
      waiting.size === 0 ? undefined : this.stateFor(waiting, state.flags | (settles ? MATCHED | EMITTED : 0));
    if (skip === undefined && waiting.size > 0) return undefined;
    return { skip, settles, takes: made, idle: skip === state && !settles && made.length === 0 };
  }
}
