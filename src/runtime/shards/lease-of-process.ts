/** The lease as a shard in a thread of its own sees it: the process takes, renews and gives it back. */
import type { Clock } from '../../ports/clock.js';
import { LeaseError } from '../../ports/lease.js';
import type { Acquired, LeaseHold } from '../lease.js';

/** How often a shard that may not publish looks whether it may again. */
const LOOK_MS = 25;

export class LeaseOfProcess implements LeaseHold {
  private closed = false;

  constructor(
    private readonly acquired: Acquired,
    private readonly hold: { readonly isHeld: boolean },
    private readonly clock: Clock,
  ) {}

  get epoch(): number {
    return this.acquired.epoch;
  }

  get isHeld(): boolean {
    return !this.closed && this.hold.isHeld;
  }

  /** The process tells every shard itself. */
  whenLost(): void {}

  acquire(): Promise<Acquired> {
    return Promise.resolve(this.acquired);
  }

  async whenHeld(): Promise<void> {
    while (!this.isHeld) {
      if (this.closed) throw new LeaseError('closed', 'The lease is given up.');
      await new Promise<void>((resolve) => this.clock.after(LOOK_MS, resolve));
    }
  }

  release(): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
  }
}
