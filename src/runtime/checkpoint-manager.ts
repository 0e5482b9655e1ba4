/**
 * When a checkpoint is taken, and that there is one at a time. The cut is synchronous (whole batches only) and small; its records
 * are made in slices and written while events flow on, and what waited on the checkpoint leaves when it is durable.
 */
import type { Clock } from '../ports/clock.js';
import type { Meter } from '../ports/meter.js';
import type { StateStore, StoreBatch, StoreChange } from '../ports/store.js';

/** Everything one checkpoint writes, in one atomic batch. */
export interface StagedCheckpoint {
  /** Made as they are asked for, each as it was at the cut. Taken once, whole. */
  readonly changes: Iterable<StoreChange>;
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
  /** Share of the time that checkpoints may block the event loop. */
  readonly shareMax: number;
  /** Pause between the end of a checkpoint and the next. */
  readonly pauseMinMs: number;
  /** Records are made for about this long at once. */
  readonly sliceMs: number;
  /** Records of checkpoints kept. */
  readonly historyMax: number;
  /** A checkpoint could not be written: nothing after it may be published. */
  readonly onFailure: (error: unknown) => void;
}

export interface CheckpointRecord {
  readonly atMs: number;
  /** From the cut to durability. */
  readonly durationMs: number;
  /** Time no event was processed because of it: in all, and at once. */
  readonly blockedMs: number;
  readonly blockedAtOnceMs: number;
  /** Time since the end of the one before; 0 for the first. */
  readonly pauseMs: number;
  readonly bytes: number;
  readonly dirtyKeys: number;
}

type MadeRecords = Pick<CheckpointRecord, 'bytes' | 'blockedMs' | 'blockedAtOnceMs'>;

export class CheckpointManager {
  count = 0;
  failed = 0;
  /** The newest last; at most `historyMax`. */
  readonly history: CheckpointRecord[] = [];
  private endedAt: number | undefined;
  private dueAt = Infinity;
  private cancelTimer: (() => void) | undefined;
  private writing: Promise<void> | undefined;
  private earliestNext = 0;
  /** Another fell due while one was being written. */
  private dueAgain = false;
  private closed = false;

  constructor(private readonly options: CheckpointOptions) {}

  get last(): CheckpointRecord | undefined {
    return this.history[this.history.length - 1];
  }

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
      this.dueAgain = true;
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
      if (!this.dueAgain) return;
      this.dueAgain = false;
      this.schedule(0);
    });
    this.writing = writing;
    return writing;
  }

  private async writeOne(): Promise<void> {
    const { clock, store, meter } = this.options;
    const begun = clock.monotonic();
    const pauseMs = this.endedAt === undefined ? 0 : begun - this.endedAt;
    const staged = this.options.collect();
    let made: MadeRecords;
    try {
      const batch = store.batch?.() ?? gatheringBatch(store);
      made = await this.makeRecords(staged, batch, begun);
      await batch.write({ sync: true });
    } catch (error) {
      this.failed++;
      meter.count('weir_checkpoint_failures_total');
      throw error;
    }
    const durationMs = clock.monotonic() - begun;
    this.note({ atMs: clock.now(), durationMs, pauseMs, dirtyKeys: staged.dirtyKeys, ...made });
    staged.committed();
  }

  /** Works through the cut in slices. The first one has lasted since `begun`. */
  private async makeRecords(staged: StagedCheckpoint, batch: StoreBatch, begun: number): Promise<MadeRecords> {
    const { clock, sliceMs } = this.options;
    let bytes = 0;
    let blockedMs = 0;
    let blockedAtOnceMs = 0;
    let sliceBegun = begun;
    const endSlice = (): void => {
      const ms = clock.monotonic() - sliceBegun;
      blockedMs += ms;
      blockedAtOnceMs = Math.max(blockedAtOnceMs, ms);
    };
    const isOver = (): boolean => clock.monotonic() - sliceBegun >= sliceMs;
    const nextSlice = async (): Promise<void> => {
      endSlice();
      await clock.yield();
      sliceBegun = clock.monotonic();
    };
    if (isOver()) await nextSlice();
    for (const change of staged.changes) {
      batch.add(change);
      bytes += change.key.length + (change.kind === 'put' ? change.value.length : 0);
      if (isOver()) await nextSlice();
    }
    endSlice();
    return { bytes, blockedMs, blockedAtOnceMs };
  }

  private note(record: CheckpointRecord): void {
    const { meter, shareMax, pauseMinMs, historyMax, clock } = this.options;
    this.count++;
    this.endedAt = clock.monotonic();
    this.earliestNext = this.endedAt + Math.max(record.blockedMs / shareMax, pauseMinMs);
    this.history.push(record);
    if (this.history.length > historyMax) this.history.shift();
    meter.observe('weir_checkpoint_duration_seconds', record.durationMs / 1_000);
    meter.observe('weir_checkpoint_blocked_seconds', record.blockedMs / 1_000);
    meter.observe('weir_checkpoint_blocked_at_once_seconds', record.blockedAtOnceMs / 1_000);
    meter.observe('weir_checkpoint_pause_seconds', record.pauseMs / 1_000);
    meter.observe('weir_checkpoint_bytes', record.bytes);
    meter.gauge('weir_checkpoint_dirty_keys', record.dirtyKeys);
  }
}

/** For a store without batches of its own. */
function gatheringBatch(store: StateStore): StoreBatch {
  const changes: StoreChange[] = [];
  return { add: (change) => void changes.push(change), write: (options) => store.commit(changes, options) };
}
