/** What the process asks of a shard in a thread of its own, and what it answers. Plain data: it is copied. */
import type { EngineStatus, SavepointResult } from '../../ports/control.js';
import type { SavepointRequest } from '../../ports/savepoint.js';
import type { DocumentPatch, StoredDocument } from '../document-set.js';
import type { Acquired } from '../lease.js';

/** What a shard's state held when it was opened. */
export interface OpenedState {
  readonly documents: readonly StoredDocument[];
  /** 0: nothing was there. */
  readonly revision: number;
  readonly epoch: number;
}

/** Each call with what it is given and what it answers. */
export interface ShardCalls {
  open: { readonly given: undefined; readonly answer: OpenedState };
  start: {
    readonly given: {
      readonly documents: readonly StoredDocument[];
      readonly revision: number;
      /** The lease the process took; absent: it works without. */
      readonly acquired?: Acquired;
    };
    readonly answer: undefined;
  };
  apply: { readonly given: { readonly patch: DocumentPatch; readonly revision: number }; readonly answer: undefined };
  status: { readonly given: undefined; readonly answer: EngineStatus };
  shadow: { readonly given: string; readonly answer: readonly string[] };
  /** Writes it but for its manifest. */
  draftSavepoint: { readonly given: SavepointRequest; readonly answer: SavepointResult };
  /** Of one that was drafted: completes it. */
  finishSavepoint: { readonly given: undefined; readonly answer: SavepointResult };
  /** Or takes it back. */
  abandonSavepoint: { readonly given: undefined; readonly answer: undefined };
  metrics: { readonly given: undefined; readonly answer: unknown };
  stop: { readonly given: undefined; readonly answer: undefined };
}

export type CallName = keyof ShardCalls;

/** An error as it crosses threads. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type ToShard =
  | { readonly kind: 'call'; readonly id: number; readonly name: CallName; readonly given: unknown }
  /** The process stops at once: nothing more is to be published. */
  | { readonly kind: 'fail'; readonly error: ToldError };

export type FromShard =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ToldError }
  /** The engine failed. */
  | { readonly kind: 'ended'; readonly error: ToldError };
