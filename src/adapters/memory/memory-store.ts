import { StoreError, type StateStore, type StoreBatch, type StoreChange } from '../../ports/store.js';
import { compareKeys } from './compare-keys.js';

/** What a memory store keeps when it is closed, so that a test or a simulator can open it again: "the disk". */
export type MemoryDisk = Map<string, string>;

export interface MemoryStoreOptions {
  /** Entries to begin with and to keep up to date; default a new map. */
  readonly disk?: MemoryDisk;
}

/**
 * A store in memory: the same contract as the one on disk, without durability. Keys are sorted when they are next
 * iterated after one was added or removed, so commits cost no sorting.
 */
export class MemoryStore implements StateStore {
  readonly #disk: MemoryDisk;
  /** All keys in order; undefined when one was added or removed since. Never changed in place: iterations hold it. */
  #sortedKeys: readonly string[] | undefined;
  /** Iterations under way, and what commits since their first step replaced. */
  readonly #snapshots = new Set<Snapshot>();
  #closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#disk = options.disk ?? new Map();
  }

  async get(key: string): Promise<string | undefined> {
    this.#checkOpen();
    return this.#disk.get(key);
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.#checkOpen();
    return keys.map((key) => this.#disk.get(key));
  }

  async *entries(from: string, to: string): AsyncIterable<readonly [string, string]> {
    this.#checkOpen();
    const keys = this.#sorted();
    const replaced: Snapshot = new Map();
    this.#snapshots.add(replaced);
    try {
      for (let index = lowerBound(keys, from); index < keys.length; index += 1) {
        this.#checkOpen();
        const key = keys[index] as string;
        if (compareKeys(key, to) >= 0) return;
        yield [key, (replaced.has(key) ? replaced.get(key) : this.#disk.get(key)) as string];
      }
    } finally {
      this.#snapshots.delete(replaced);
    }
  }

  async commit(changes: readonly StoreChange[], _options: { readonly sync: boolean }): Promise<void> {
    this.#checkOpen();
    for (const change of changes) {
      const before = this.#disk.get(change.key);
      for (const snapshot of this.#snapshots) if (!snapshot.has(change.key)) snapshot.set(change.key, before);
      if (change.kind === 'put') {
        this.#disk.set(change.key, change.value);
        if (before === undefined) this.#sortedKeys = undefined;
      } else if (this.#disk.delete(change.key)) this.#sortedKeys = undefined;
    }
  }

  batch(): StoreBatch {
    this.#checkOpen();
    const changes: StoreChange[] = [];
    return { add: (change) => void changes.push(change), write: (options) => this.commit(changes, options) };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #sorted(): readonly string[] {
    this.#sortedKeys ??= [...this.#disk.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'The store was closed.');
  }
}

/** Values as they were at the first step of an iteration, of the keys changed since. */
type Snapshot = Map<string, string | undefined>;

/** Index of the first key not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Opens a store in memory. */
export function openMemoryStore(options: MemoryStoreOptions = {}): StateStore {
  return new MemoryStore(options);
}
