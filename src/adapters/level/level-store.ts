import type { ClassicLevel } from 'classic-level';
import { assert } from '../../core/assert.js';
import { StoreError, type StateStore, type StoreBatch, type StoreChange } from '../../ports/store.js';
import { toStoreError } from './level-errors.js';

/** The entry that says what the directory is. Not part of the map the store shows. */
export const formatKey = '!format';

/** A batch is built in pieces, the event loop running between them; it is still written as one. */
const piece = {
  changesMax: 500,
  charactersMax: 1_000_000,
} as const;

/** Entries fetched at once by an iteration, whichever is reached first. */
const fetch = {
  entriesMax: 1_000,
  bytesMax: 256 * 1024,
} as const;

type Batch = ReturnType<ClassicLevel<string, string>['batch']>;

function addTo(batch: Batch, change: StoreChange): void {
  assert(change.key !== formatKey, `the key ${formatKey} belongs to the store`);
  if (change.kind === 'put') batch.put(change.key, change.value);
  else batch.del(change.key);
}

/**
 * A store on LevelDB. Commits are built and written one after the other. After a failed commit nobody knows whether it
 * reached the disk, so nothing is written over it: every further commit is refused until the directory is opened again.
 */
export class LevelStore implements StateStore {
  readonly #database: ClassicLevel<string, string>;
  readonly #directory: string;
  /** Settles when all commits so far have. */
  #idle: Promise<void> = Promise.resolve();
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(database: ClassicLevel<string, string>, directory: string) {
    this.#database = database;
    this.#directory = directory;
  }

  async get(key: string): Promise<string | undefined> {
    this.#checkOpen();
    try {
      // Seven times as fast as the asynchronous read: a lookup in memory or in the system's cache, mostly.
      return this.#database.getSync(key);
    } catch (error) {
      throw toStoreError(error, this.#directory, 'reading the state');
    }
  }

  /** Off the main thread: what is not in memory waits for the disk there. */
  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.#checkOpen();
    try {
      return await this.#database.getMany([...keys]);
    } catch (error) {
      this.#checkOpen();
      throw toStoreError(error, this.#directory, 'reading the state');
    }
  }

  async *entries(from: string, to: string): AsyncIterable<readonly [string, string]> {
    this.#checkOpen();
    const iterator = this.#database.iterator({ gte: from, lt: to, highWaterMarkBytes: fetch.bytesMax });
    try {
      for (;;) {
        const entries = await iterator.nextv(fetch.entriesMax);
        if (entries.length === 0) return;
        for (const entry of entries) if (entry[0] !== formatKey) yield entry;
      }
    } catch (error) {
      this.#checkOpen();
      throw toStoreError(error, this.#directory, 'reading the state');
    } finally {
      await iterator.close();
    }
  }

  /** The changes must not be altered before the commit settles. */
  async commit(changes: readonly StoreChange[], options: { readonly sync: boolean }): Promise<void> {
    this.#checkOpen();
    const written = this.#idle.then(() => this.#write(changes, options.sync));
    this.#idle = written.catch(() => undefined);
    return written;
  }

  /** What is added leaves the heap at once; the caller gives the event loop its turns. */
  batch(): StoreBatch {
    this.#checkOpen();
    const batch = this.#database.batch();
    return {
      add: (change) => addTo(batch, change),
      write: async ({ sync }) => {
        this.#checkOpen();
        const written = this.#idle.then(() => this.#writeBatch(batch, sync));
        this.#idle = written.catch(() => undefined);
        return written;
      },
    };
  }

  /** Waits for the commits under way. */
  close(): Promise<void> {
    this.#closing ??= this.#idle.then(() => this.#database.close());
    return this.#closing;
  }

  async #write(changes: readonly StoreChange[], sync: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#refusal(this.#failure);
    if (changes.length === 0) return;
    await this.#writeBatch(await this.#buildBatch(changes), sync);
  }

  async #writeBatch(batch: Batch, sync: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#refusal(this.#failure);
    try {
      await batch.write({ sync });
    } catch (error) {
      this.#failure = toStoreError(error, this.#directory, 'writing the state');
      throw this.#failure;
    }
  }

  async #buildBatch(changes: readonly StoreChange[]): Promise<Batch> {
    const batch = this.#database.batch();
    let characters = 0;
    let count = 0;
    for (const change of changes) {
      addTo(batch, change);
      characters += change.kind === 'put' ? change.value.length : 0;
      count += 1;
      if (count < piece.changesMax && characters < piece.charactersMax) continue;
      count = 0;
      characters = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return batch;
  }

  #refusal(cause: StoreError): StoreError {
    return new StoreError(
      'failed',
      `The state in ${this.#directory} takes no more commits: an earlier one failed (${cause.code}: ${cause.message}) and may or may not be written. Open it again once the cause is mended.`,
      { directory: this.#directory, cause: cause.code },
      { cause },
    );
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new StoreError('closed', `The state in ${this.#directory} was closed.`, { directory: this.#directory });
  }
}
