import { CodedError } from '../core/coded-error.js';

/** One change of a batch. Keys and values are text. */
export type StoreChange =
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'del'; readonly key: string };

/** A state that was damaged when it was opened, and how it was put right. */
export interface StoreRecovery {
  /** The retained checkpoint it began from, and when that was taken, ms since the epoch. */
  readonly from: number;
  readonly at: number;
  /** Batches of the journal brought back on top of it. */
  readonly batches: number;
  /** What is missing behind them; null when nothing is. */
  readonly lost: string | null;
  /** Where the damaged files are. */
  readonly kept: string;
  readonly reason: string;
}

/** Checkpoints that are kept beside the newest state. */
export interface RetentionStatus {
  /** The oldest first; `at` in ms since the epoch. */
  readonly retained: readonly { readonly number: number; readonly at: number }[];
  /** Of the newest one's journal. */
  readonly journalBytes: number;
  /** How long commits waited when the newest was retained. */
  readonly pauseMs: number;
  /** At the last opening; null for none. */
  readonly recovered: StoreRecovery | null;
}

/** A commit that is filled bit by bit; nothing of it is there before `write`. */
export interface StoreBatch {
  add(change: StoreChange): void;
  /** As `StateStore.commit`, with everything added. Called once. */
  write(options: { readonly sync: boolean }): Promise<void>;
}

/**
 * A sorted map from text to text with atomic batches: one directory, one process.
 * Keys sort by their UTF-8 bytes (the engine writes ASCII keys). The contract is test/contract/store.
 */
export interface StateStore {
  get(key: string): Promise<string | undefined>;
  /** The values of many keys, in their order. A store may do without; then they are read one by one. */
  getMany?(keys: readonly string[]): Promise<(string | undefined)[]>;
  /** Entries with `from` ≤ key < `to`, in key order, as they were at the first step of the iteration. */
  entries(from: string, to: string): AsyncIterable<readonly [string, string]>;
  /**
   * All changes or none; of two changes to one key the last counts. Commits take effect in the order of their calls.
   * Resolves when the write is durable (`sync`) or handed to the system. Rejects with `StoreError`; after `io` or
   * `disk-full` it is unknown whether the batch was written, and the store refuses every further commit (`failed`)
   * until it is opened again.
   */
  commit(changes: readonly StoreChange[], options: { readonly sync: boolean }): Promise<void>;
  /**
   * An empty batch, for commits that are large: a change added to it need not be kept by the caller. A store may do without;
   * then the changes are gathered and committed.
   */
  batch?(): StoreBatch;
  /** Of a store that retains checkpoints. */
  retention?(): RetentionStatus;
  close(): Promise<void>;
}

/**
 * The store failed or refuses to open. Nothing was deleted.
 *
 * Codes: `locked`, `newer-format`, `not-weir`, `damaged`, `gone`, `not-needed`, `disk-full`, `io`, `failed`, `closed`.
 */
export class StoreError extends CodedError {
  override readonly name = 'StoreError';
}
