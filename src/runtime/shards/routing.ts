/** What the router of sources and a shard say to each other. `id` names a subscription; a shard gives each a new one. */
import type { SourceDocument } from '../../core/document/documents.js';
import type { SourceInterest } from '../../core/shard/source-interest.js';
import type { SourceIdentity, SourceStart } from '../../ports/source.js';
import type { RoutedBatch } from './routed-batch.js';

/** What a shard's rules ask of a source (`SourceInterest`). */
export interface WhatRulesAsk {
  readonly keys: readonly string[];
  readonly versions: readonly string[];
}

/** From a shard. */
export type RouterRequest =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly source: SourceDocument;
      readonly start: SourceStart;
      readonly asks: WhatRulesAsk;
      /** The same as it is from moment to moment; only within a thread. */
      readonly interest?: SourceInterest | undefined;
    }
  /** What it asks is another. */
  | { readonly kind: 'ask'; readonly id: number; readonly asks: WhatRulesAsk }
  /** So many more batches may be sent. */
  | { readonly kind: 'take'; readonly id: number; readonly batches: number }
  | { readonly kind: 'close'; readonly id: number };

/** To a shard. */
export type RouterReply =
  | { readonly kind: 'waiting'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'opened'; readonly id: number; readonly identity: SourceIdentity }
  | { readonly kind: 'batch'; readonly id: number; readonly batch: RoutedBatch }
  /** The source was looked at, and there was nothing new. */
  | { readonly kind: 'turn'; readonly id: number; readonly caughtUp: boolean; readonly pending: number | undefined }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

export const routingLimits = {
  /** Shards of a service: a mask of them is one small number. */
  shardsMax: 16,
  /** Batches a shard may be sent before it has taken one. */
  batchesAhead: 2,
  /** Batches of a source that wait for its slowest shard; then the source is not read on. */
  batchesWaitingMax: 4,
  /** How long a source that a first shard opens waits for the others, so that it is opened once, and each late event told by one. */
  gatherMs: 5_000,
} as const;
