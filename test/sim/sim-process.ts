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
  /** In which order it was asked for. */
  readonly number: number;
  readonly call: () => void;
  cancelled: boolean;
}

function isBefore(one: Moment, other: Moment): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

/** The one event loop of a simulated world. */
export class SimLoop {
  nowMs = 0;
  /** A heap. */
  private readonly moments: Moment[] = [];
  private asked = 0;

  after(ms: number, call: () => void): () => void {
    const moment: Moment = { at: this.nowMs + Math.max(0, ms), number: this.asked++, call, cancelled: false };
    const { moments } = this;
    let at = moments.length;
    moments.push(moment);
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(moment, moments[parent] as Moment); parent = (at - 1) >> 1) {
      moments[at] = moments[parent] as Moment;
      at = parent;
    }
    moments[at] = moment;
    return () => (moment.cancelled = true);
  }

  /** Goes to the earliest moment, of equals the first that was asked for; false if there is none. */
  step(): boolean {
    let next = this.pop();
    while (next?.cancelled === true) next = this.pop();
    if (next === undefined) return false;
    this.nowMs = next.at;
    next.call();
    return true;
  }

  private pop(): Moment | undefined {
    const { moments } = this;
    const first = moments[0];
    const last = moments.pop();
    if (last === undefined || moments.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= moments.length) break;
      if (child + 1 < moments.length && isBefore(moments[child + 1] as Moment, moments[child] as Moment)) child++;
      if (!isBefore(moments[child] as Moment, last)) break;
      moments[at] = moments[child] as Moment;
      at = child;
    }
    moments[at] = last;
    return first;
  }
}

const START_MS = Date.parse('2024-05-01T00:00:00Z');

/** What keeps the order of what is sent over it. */
export interface Lane {
  freeAtMs: number;
}

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
    return this.afterMs(this.drawDelayMs(), effect);
  }

  /** The same over a lane: not before what was sent over it earlier, but that much later than it would be. */
  inLane<T>(lane: Lane, effect: () => T | Promise<T>, moreMs = 0): Promise<T> {
    lane.freeAtMs = Math.max(lane.freeAtMs, this.loop.nowMs + this.drawDelayMs() + moreMs);
    return this.afterMs(lane.freeAtMs - this.loop.nowMs, effect);
  }

  private drawDelayMs(): number {
    return this.options.random() * this.options.delayMsMax;
  }

  private afterMs<T>(ms: number, effect: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.loop.after(ms, () => {
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
