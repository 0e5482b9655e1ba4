/**
 * Runs in order of deadline, those of equal deadline in the order in which they came. A run that leaves is marked dead where it
 * stands; dead runs are passed over and, once they are the larger part, cleared away. So leaving costs a constant on average,
 * and so does coming, as long as later runs leave later (which all runs under one window do).
 */
import type { Run } from './run.js';

/** Dead runs that may stay beside as many live ones. */
const DEAD_MAX = 16;

/** Of an empty list. A list of one begins as a literal: pushed onto an empty array the first item takes room for seventeen. */
const NO_RUNS: Run[] = [];

export class RunList {
  /** Live runs. */
  size = 0;
  /** Runs up to here are dead. */
  private first = 0;
  private runs = NO_RUNS;

  /** The live run that leaves first. */
  get earliest(): Run | undefined {
    const { runs } = this;
    while (this.first < runs.length) {
      const run = runs[this.first] as Run;
      if (run.live) return run;
      this.first++;
    }
    return undefined;
  }

  add(run: Run): void {
    const { runs } = this;
    const last = runs[runs.length - 1];
    if (last === undefined) this.runs = [run];
    else if (last.deadline <= run.deadline) runs.push(run);
    else this.runs.splice(this.placeAfter(run.deadline), 0, run);
    this.size++;
  }

  /** One of the runs was marked dead. */
  removed(): void {
    this.size--;
    if (this.size === 0) {
      this.runs = NO_RUNS;
      this.first = 0;
    } else if (this.runs.length > 2 * this.size + DEAD_MAX) {
      this.runs = this.runs.filter(isLive);
      this.first = 0;
    }
  }

  /** The deadlines of the runs are other ones now. */
  reorder(): void {
    this.runs = this.runs
      .filter(isLive)
      .sort((a, b) => (a.deadline < b.deadline ? -1 : a.deadline > b.deadline ? 1 : 0));
    this.first = 0;
  }

  /** Every live run, in order. The visitor may take runs out, and must not add any here. */
  forEach(visit: (run: Run) => void): void {
    const { runs } = this;
    const end = runs.length;
    for (let i = this.first; i < end && i < runs.length; i++) {
      const run = runs[i] as Run;
      if (run.live) visit(run);
    }
  }

  /** Live runs, the earliest deadline first. */
  toArray(): Run[] {
    if (this.runs.length - this.first === this.size) return this.runs.slice(this.first);
    return this.runs.filter(isLive);
  }

  /** The first place behind every run of at most this deadline. */
  private placeAfter(deadline: number): number {
    let low = this.first;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.runs[middle] as Run).deadline <= deadline) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isLive(run: Run): boolean {
  return run.live;
}
