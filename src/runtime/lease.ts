/**
 * One process at a time under a name, whatever state directory it has. The holder renews its record; whoever wants it takes it over
 * once it saw no renewal for the whole lease, by compare-and-set, with a higher epoch.
 *
 * Invariants: nobody needs to know anyone else's clock, only that clocks go at about the same pace: the holder counts from before a
 * renewal was sent, the other from after it saw one. Who holds the lease by its own clock may publish; who does not waits until it
 * has renewed, and ends for good when another took over. (C. G. Gray, D. R. Cheriton, "Leases", SOSP 1989.)
 */
import type { Clock } from '../ports/clock.js';
import type { LeaseRecord, LeaseStore } from '../ports/lease.js';
import { LeaseError } from '../ports/lease.js';
import type { Log } from '../ports/log.js';

/** Renewals in a lease. */
const RENEWALS = 4;
/** A contender waits so much longer than the lease: clocks differ in pace. */
const PATIENCE = 1.25;
/** How long a process that ends waits to have given the lease back. */
const RELEASE_MAX_MS = 500;
/** Longest pause between two looks at a lease that is not free, or cannot be reached. */
const PAUSE_MAX_MS = 1_000;

export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  /** The state this process works with: a process that starts again over the same state is the same holder. */
  readonly holder: string;
  readonly about: string;
  readonly leaseMs: number;
  /** Wait for as long as another is at work, instead of refusing. */
  readonly standby: boolean;
  /** Told for how long from now it is held, whenever that changes: for threads that cannot ask. */
  readonly onHeld?: (forMs: number) => void;
}

export interface Acquired {
  readonly epoch: number;
  /** The epoch before; 0 for none. */
  readonly previous: number;
}

interface Found {
  readonly record: LeaseRecord;
  readonly revision: number;
}

/** What those see of a lease who publish under it. */
export type LeaseHold = Pick<Lease, 'epoch' | 'isHeld' | 'whenLost' | 'acquire' | 'whenHeld' | 'release' | 'close'>;

export class Lease {
  epoch = 0;
  private revision = 0;
  private heldUntil = -Infinity;
  private lost: LeaseError | undefined;
  private closed = false;
  private warned = false;
  private cancel: (() => void) | undefined;
  private waiting: { readonly resolve: () => void; readonly reject: (error: LeaseError) => void }[] = [];
  private onLost: (error: LeaseError) => void = () => undefined;

  constructor(private readonly options: LeaseOptions) {}

  /** By this process's clock nobody else can have it. */
  get isHeld(): boolean {
    return this.options.clock.monotonic() < this.heldUntil;
  }

  /** Told once, when another took over. */
  whenLost(call: (error: LeaseError) => void): void {
    this.onLost = call;
  }

  /**
   * Takes the lease, with an epoch above `epochMin`. Waits while the record cannot be reached. Rejects with `lease-held` while another
   * renews it (not in standby), and with `closed`.
   */
  async acquire(epochMin: number): Promise<Acquired> {
    const { clock } = this.options;
    let seen: { readonly revision: number; readonly atMs: number } | undefined;
    for (let attempt = 0; ; attempt++) {
      if (this.closed) throw new LeaseError('closed', 'The lease is given up.');
      const found = await this.tryRead();
      if (found !== 'unreachable') {
        if (this.mayTake(found, seen)) {
          const acquired = await this.take(found, epochMin);
          if (acquired !== undefined) return acquired;
        } else if (found !== undefined && found.revision !== seen?.revision) {
          this.noteOther(found.record, seen !== undefined, attempt);
          seen = { revision: found.revision, atMs: clock.monotonic() };
        }
      }
      await this.pause();
    }
  }

  /** Resolves when this process may publish. Rejects with `lease-lost` or `closed`. */
  whenHeld(): Promise<void> {
    if (this.lost !== undefined) return Promise.reject(this.lost);
    if (this.isHeld) return Promise.resolve();
    if (this.closed) return Promise.reject(new LeaseError('closed', 'The lease is given up.'));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Lets another have it at once: nothing is published any more. */
  async release(): Promise<void> {
    const wasHeld = this.isHeld;
    this.close();
    if (!wasHeld) return;
    const { about, store, clock } = this.options;
    const written = store.write({ holder: '', epoch: this.epoch, about }, this.revision).catch(() => undefined);
    // Where nobody answers the lease runs out by itself: a stop does not wait for that.
    await new Promise<void>((resolve) => {
      const cancel = clock.after(RELEASE_MAX_MS, resolve);
      void written.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Renews no more. Another has it once the lease is over. */
  close(): void {
    this.closed = true;
    this.cancel?.();
    this.holdUntil(-Infinity);
    this.answer(new LeaseError('closed', 'The lease is given up.'));
  }

  private holdUntil(atMs: number): void {
    this.heldUntil = atMs;
    this.options.onHeld?.(Math.max(0, atMs - this.options.clock.monotonic()));
  }

  private get record(): LeaseRecord {
    const { holder, about } = this.options;
    return { holder, epoch: this.epoch, about };
  }

  private mayTake(
    found: Found | undefined,
    seen: { readonly revision: number; readonly atMs: number } | undefined,
  ): boolean {
    const { holder, clock, leaseMs } = this.options;
    if (found === undefined || found.record.holder === '' || found.record.holder === holder) return true;
    return seen?.revision === found.revision && clock.monotonic() - seen.atMs >= leaseMs * PATIENCE;
  }

  private async take(found: Found | undefined, epochMin: number): Promise<Acquired | undefined> {
    const { store, clock, leaseMs, log } = this.options;
    const previous = found?.record.epoch ?? 0;
    this.epoch = Math.max(previous, epochMin) + 1;
    const sentAt = clock.monotonic();
    const revision = await store.write(this.record, found?.revision ?? 0).catch((error: unknown) => {
      this.warnOnce(error);
      return undefined;
    });
    if (revision === undefined) return undefined;
    this.revision = revision;
    this.holdUntil(sentAt + leaseMs);
    this.renewLater();
    log.info('lease taken', { epoch: this.epoch });
    return { epoch: this.epoch, previous };
  }

  private async tryRead(): Promise<Found | undefined | 'unreachable'> {
    try {
      return await this.options.store.read();
    } catch (error) {
      this.warnOnce(error);
      return 'unreachable';
    }
  }

  private warnOnce(error: unknown): void {
    if (!this.warned) this.options.log.warn('the lease cannot be reached; trying again', { reason: String(error) });
    this.warned = true;
  }

  private noteOther({ about, epoch }: LeaseRecord, renewed: boolean, attempt: number): void {
    const { log, standby } = this.options;
    if (renewed && !standby) {
      throw new LeaseError(
        'lease-held',
        `${about} is at work under this namespace and alert stream. Stop it, give this one another --namespace, or start it with --standby to take over when the other ends.`,
        { about, epoch },
      );
    }
    if (attempt === 0) log.info('another process holds the lease, or held it and died: waiting', { about, epoch });
  }

  private renewLater(): void {
    const { clock, leaseMs } = this.options;
    this.cancel = clock.after(leaseMs / RENEWALS, () => void this.renew());
  }

  private async renew(): Promise<void> {
    const { store, clock, leaseMs } = this.options;
    const sentAt = clock.monotonic();
    try {
      const revision = await store.write(this.record, this.revision);
      if (this.closed) return;
      if (revision === undefined) await this.lookAgain();
      else {
        this.revision = revision;
        this.holdUntil(sentAt + leaseMs);
        this.answer(undefined);
      }
    } catch {
      // Not reachable: the lease runs out by itself, and is renewed when it is again.
    }
    if (!this.closed) this.renewLater();
  }

  /** Somebody wrote: another, or this process, whose write was not acknowledged. */
  private async lookAgain(): Promise<void> {
    const found = await this.options.store.read();
    if (this.closed) return;
    const { holder } = this.options;
    if (found?.record.holder === holder && found.record.epoch === this.epoch) {
      this.revision = found.revision;
      return;
    }
    const who = found === undefined ? 'Its record was deleted' : `${found.record.about} took over`;
    this.lost = new LeaseError(
      'lease-lost',
      `The lease was lost: ${who}. What is not published stays in the state; the other publishes what it finds itself.`,
      { epoch: this.epoch, ...(found === undefined ? {} : { by: found.record.about, newEpoch: found.record.epoch }) },
    );
    this.closed = true;
    this.holdUntil(-Infinity);
    this.answer(this.lost);
    this.onLost(this.lost);
  }

  private answer(error: LeaseError | undefined): void {
    for (const { resolve, reject } of this.waiting.splice(0)) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }

  private pause(): Promise<void> {
    const { clock, leaseMs } = this.options;
    return new Promise((resolve) => clock.after(Math.min(leaseMs / RENEWALS, PAUSE_MAX_MS), resolve));
  }
}
