/**
 * A disk as LevelDB leaves it: a batch is there whole or not at all; one that was not synced may be lost at a crash, and then so
 * is every one after it.
 */
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { StateStore, StoreBatch, StoreChange } from '../../src/ports/store.js';
import { StoreError } from '../../src/ports/store.js';
import type { SimProcess } from './sim-process.js';

type Batch = readonly StoreChange[];

export class SimDisk {
  /** What survives anything. */
  readonly durable = new Map<string, string>();
  /** As a process sees it. */
  readonly current = new Map<string, string>();
  private unsynced: Batch[] = [];

  /** `onDurable` is told of every batch once it will survive, in order. */
  constructor(private readonly onDurable: (changes: Batch) => void = () => undefined) {}

  write(changes: Batch): void {
    this.unsynced.push(changes);
  }

  sync(): void {
    for (const batch of this.unsynced.splice(0)) this.keep(batch);
  }

  /** The process is gone: some of what was not synced is there. */
  crash(random: () => number): void {
    const kept = Math.floor(random() * (this.unsynced.length + 1));
    for (const batch of this.unsynced.splice(0).slice(0, kept)) this.keep(batch);
    this.current.clear();
    for (const [key, value] of this.durable) this.current.set(key, value);
  }

  private keep(batch: Batch): void {
    applyTo(this.durable, batch);
    this.onDurable(batch);
  }
}

function applyTo(map: Map<string, string>, batch: Batch): void {
  for (const change of batch) {
    if (change.kind === 'put') map.set(change.key, change.value);
    else map.delete(change.key);
  }
}

export interface SimStoreOptions {
  readonly disk: SimDisk;
  readonly process: SimProcess;
  /** The commit at which the disk is full, from 1; 0: never. */
  readonly fullAt?: number;
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
    const { disk, process, fullAt } = this.options;
    await process.later(async () => {
      if (this.failed) throw new StoreError('failed', 'The store failed before.');
      this.failed = ++this.commits === fullAt;
      if (this.failed) throw new StoreError('disk-full', 'The disk is full.');
      disk.write(changes);
      await this.memory.commit(changes, { sync });
    });
    if (!sync) return;
    await process.later(() => disk.sync());
  }

  private checkOpen(): void {
    if (this.closed) throw new StoreError('closed', 'The store was closed.');
  }
}
