/**
 * When a checkpoint is taken, and that there is one at a time. Collecting is synchronous (whole batches only), writing is not:
 * events flow on meanwhile, and what waited on the checkpoint leaves when it is durable.
 */
import type { Clock } from '../ports/clock.js';
import type { Meter } from '../ports/meter.js';
import type { StateStore, StoreChange } from '../ports/store.js';

/** Everything one checkpoint writes, in one atomic batch. */
export interface StagedCheckpoint {
  readonly changes: readonly StoreChange[];
  readonly dirtyKeys: number;
  /** Called once it is durable. */
  readonly committed: () => void;
}

export interface CheckpointOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly collect: () => StagedCheckpoint;
  readonly intervalMs: number;
  readonly alertDelayMaxMs: number;
  /** Share of the time that collecting may block the event loop. */
  readonly shareMax: number;
  /** A checkpoint could not be written: nothing after it may be published. */
  readonly onFailure: (error: unknown) => void;
}

export interface CheckpointRecord {
  readonly atMs: number;
  readonly durationMs: number;
  readonly blockedMs: number;
  readonly bytes: number;
  readonly dirtyKeys: number;
}

export class CheckpointManager {
  count = 0;
  failed = 0;
  last: CheckpointRecord | undefined;
  private dueAt = Infinity;
  private cancelTimer: (() => void) | undefined;
  private writing: Promise<void> | undefined;
  private earliestNext = 0;
  private closed = false;

  constructor(private readonly options: CheckpointOptions) {}

  /** Something changed: a checkpoint is due within the interval. */
  changed(): void {
    this.schedule(this.options.intervalMs);
  }

  /** Something waits to be published: a checkpoint is due within milliseconds. */
  alertWaiting(): void {
    this.schedule(this.options.alertDelayMaxMs);
  }

  /** Takes a checkpoint now; resolves when it is durable. Rejects when it cannot be written. */
  async now(): Promise<void> {
    while (this.writing !== undefined) await this.writing.catch(() => undefined);
    await this.write();
  }

  /** Takes no further checkpoints; resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelTimer?.();
    await this.writing?.catch(() => undefined);
  }

  private schedule(delayMs: number): void {
    if (this.closed) return;
    const now = this.options.clock.monotonic();
    const at = Math.max(now + delayMs, this.earliestNext);
    if (at >= this.dueAt) return;
    this.dueAt = at;
    this.cancelTimer?.();
    this.cancelTimer = this.options.clock.after(Math.max(0, at - now), () => this.onDue());
  }

  private onDue(): void {
    this.cancelTimer = undefined;
    this.dueAt = Infinity;
    if (this.closed) return;
    if (this.writing !== undefined) {
      this.schedule(this.options.alertDelayMaxMs);
      return;
    }
    this.write().catch((error: unknown) => this.options.onFailure(error));
  }

  private write(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.dueAt = Infinity;
    const writing = this.writeOne().finally(() => {
      if (this.writing === writing) this.writing = undefined;
    });
    this.writing = writing;
    return writing;
  }

  private async writeOne(): Promise<void> {
    const { clock, store, meter, shareMax } = this.options;
    const begun = clock.monotonic();
    const staged = this.options.collect();
    const blockedMs = clock.monotonic() - begun;
    try {
      await store.commit(staged.changes, { sync: true });
    } catch (error) {
      this.failed++;
      meter.count('weir_checkpoint_failures_total');
      throw error;
    }
    const ended = clock.monotonic();
    this.count++;
    this.earliestNext = ended + blockedMs / shareMax;
    const bytes = staged.changes.reduce(
      (sum, one) => sum + one.key.length + (one.kind === 'put' ? one.value.length : 0),
      0,
    );
    this.last = { atMs: clock.now(), durationMs: ended - begun, blockedMs, bytes, dirtyKeys: staged.dirtyKeys };
    meter.observe('weir_checkpoint_duration_seconds', (ended - begun) / 1_000);
    meter.observe('weir_checkpoint_blocked_seconds', blockedMs / 1_000);
    meter.observe('weir_checkpoint_bytes', bytes);
    meter.gauge('weir_checkpoint_dirty_keys', staged.dirtyKeys);
    staged.committed();
  }
}
