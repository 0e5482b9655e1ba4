/**
 * Simulated time, and processes that live in it. Whatever a process awaits of the world resolves at a simulated moment drawn from
 * the seed; each such moment is counted, before and after its effect, and the process may die there. The idea is that of
 * TigerBeetle's VOPR and FoundationDB's simulation: the production code, deterministic by seed.
 */
import type { Clock } from '../../src/ports/clock.js';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Whole number below `end`. */
export function below(random: () => number, end: number): number {
  return Math.floor(random() * end);
}

interface Moment {
  readonly at: number;
  readonly call: () => void;
}

/** The one event loop of a simulated world. */
export class SimLoop {
  nowMs = 0;
  private readonly moments = new Set<Moment>();

  after(ms: number, call: () => void): () => void {
    const moment = { at: this.nowMs + Math.max(0, ms), call };
    this.moments.add(moment);
    return () => void this.moments.delete(moment);
  }

  /** Goes to the earliest moment, of equals the first that was asked for; false if there is none. */
  step(): boolean {
    let next: Moment | undefined;
    for (const moment of this.moments) if (next === undefined || moment.at < next.at) next = moment;
    if (next === undefined) return false;
    this.moments.delete(next);
    this.nowMs = next.at;
    next.call();
    return true;
  }
}

const START_MS = Date.parse('2024-05-01T00:00:00Z');

export interface ProcessOptions {
  readonly random: () => number;
  /** The await it dies at, counted from 1 at its start; 0: none. */
  readonly diesAt: number;
  /** How long what it awaits may take. */
  readonly delayMsMax: number;
  /** How far its clock of the day is off. */
  readonly skewMs: number;
}

export class SimProcess implements Clock {
  dead = false;
  awaits = 0;
  private readonly bornMs: number;

  constructor(
    readonly loop: SimLoop,
    private readonly options: ProcessOptions,
  ) {
    this.bornMs = loop.nowMs;
  }

  now(): number {
    return START_MS + this.loop.nowMs + this.options.skewMs;
  }

  monotonic(): number {
    return this.loop.nowMs - this.bornMs;
  }

  after(ms: number, call: () => void): () => void {
    return this.loop.after(ms, () => {
      if (this.reach()) call();
    });
  }

  yield(): Promise<void> {
    return this.later(() => undefined);
  }

  /** Has an effect on the world at a later moment, and is told of it; it may die before, and between the two. */
  later<T>(effect: () => T | Promise<T>): Promise<T> {
    const { random, delayMsMax } = this.options;
    return new Promise<T>((resolve, reject) => {
      this.loop.after(random() * delayMsMax, () => {
        if (!this.reach()) return;
        void Promise.resolve()
          .then(effect)
          .then(
            (value) => void (this.reach() && resolve(value)),
            (error: unknown) => void (this.reach() && reject(error as Error)),
          );
      });
    });
  }

  private reach(): boolean {
    if (this.dead) return false;
    if (++this.awaits === this.options.diesAt) this.dead = true;
    return !this.dead;
  }
}
