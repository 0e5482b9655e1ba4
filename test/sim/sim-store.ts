/** The store of a simulated process: what it hands to the disk takes its time, may be refused, and may be there all the same. */
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { StateStore, StoreBatch, StoreChange } from '../../src/ports/store.js';
import { StoreError } from '../../src/ports/store.js';
import type { SimDisk } from './sim-disk.js';
import type { DiskFault, SlowDisk } from './sim-plan.js';
import type { SimProcess } from './sim-process.js';

type Batch = readonly StoreChange[];

export interface SimStoreOptions {
  readonly disk: SimDisk;
  readonly process: SimProcess;
  /** How and when it fails. */
  readonly failure?: { readonly code: DiskFault['kind']; readonly commit: number; readonly isWritten: boolean };
  readonly slow?: SlowDisk;
  /** A checkpoint is retained after so many commits. */
  readonly retainEvery?: number;
}

export class SimStore implements StateStore {
  private readonly memory: MemoryStore;
  private commits = 0;
  private failed = false;
  private closed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SimStoreOptions) {
    this.memory = new MemoryStore({ disk: options.disk.current });
  }

  async get(key: string): Promise<string | undefined> {
    this.checkOpen();
    return this.options.process.later(() => this.memory.get(key));
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.checkOpen();
    return this.options.process.later(() => this.memory.getMany(keys));
  }

  async *entries(from: string, to: string): AsyncIterable<readonly [string, string]> {
    this.checkOpen();
    await this.options.process.later(() => undefined);
    yield* this.memory.entries(from, to);
  }

  commit(changes: Batch, options: { readonly sync: boolean }): Promise<void> {
    if (this.closed) return Promise.reject(new StoreError('closed', 'The store was closed.'));
    const done = this.last.then(() => this.commitNow([...changes], options.sync));
    this.last = done.catch(() => undefined);
    return done;
  }

  batch(): StoreBatch {
    const changes: StoreChange[] = [];
    return { add: (change) => void changes.push(change), write: (options) => this.commit(changes, options) };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.last;
    await this.memory.close();
  }

  private async commitNow(changes: Batch, sync: boolean): Promise<void> {
    const { disk, process, retainEvery = Infinity } = this.options;
    await this.takeTime();
    await process.later(async () => {
      if (this.failed) throw new StoreError('failed', 'The store failed before.');
      this.failIfDue(changes);
      disk.write(changes);
      await this.memory.commit(changes, { sync });
    });
    if (!sync) return;
    await process.later(() => {
      disk.sync();
      if (this.commits % retainEvery === 0) disk.retain();
    });
  }

  /** Whether what fails is written is not known to who is told. */
  private failIfDue(changes: Batch): void {
    const { disk, failure } = this.options;
    this.failed = ++this.commits === failure?.commit;
    if (!this.failed || failure === undefined) return;
    if (failure.isWritten) disk.write(changes);
    throw new StoreError(failure.code, 'The disk takes nothing more.');
  }

  private async takeTime(): Promise<void> {
    const { process, slow } = this.options;
    if (slow === undefined || (this.commits + 1) % slow.every !== 0) return;
    await new Promise<void>((resolve) => void process.after(slow.ms, resolve));
  }

  private checkOpen(): void {
    if (this.closed) throw new StoreError('closed', 'The store was closed.');
  }
}
