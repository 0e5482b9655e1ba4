import type { Clock } from '../../src/ports/clock.js';

interface Timer {
  readonly at: number;
  readonly call: () => void;
}

/** A clock that moves only when it is told to. */
export class ManualClock implements Clock {
  private elapsed = 0;
  private readonly timers = new Set<Timer>();

  constructor(private readonly startMs = Date.parse('2024-05-01T00:00:00Z')) {}

  now(): number {
    return this.startMs + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(ms: number, call: () => void): () => void {
    const timer: Timer = { at: this.elapsed + ms, call };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  async yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Goes to the earliest timer and calls it; false if there is none. */
  runNext(): boolean {
    let next: Timer | undefined;
    for (const timer of this.timers) if (next === undefined || timer.at < next.at) next = timer;
    if (next === undefined) return false;
    this.timers.delete(next);
    this.elapsed = Math.max(this.elapsed, next.at);
    next.call();
    return true;
  }
}
