import { CodedError } from '../core/coded-error.js';
import type { DocumentParser } from '../core/document/documents.js';
import type { SchemaCheck } from '../core/document/compile-source.js';
import type { ExpressionCompiler } from '../core/expression/expression.js';
import type { Clock } from '../ports/clock.js';
import type { Digest } from '../ports/digest.js';
import type { DocumentFeed } from '../ports/document-feed.js';
import type { Log } from '../ports/log.js';
import type { Meter } from '../ports/meter.js';
import type { SavepointPlaces } from '../ports/savepoint.js';
import type { AlertSink } from '../ports/sink.js';
import type { SourceOpener } from '../ports/source.js';
import type { StateStore } from '../ports/store.js';
import type { StoredDocument } from './document-set.js';
import type { LeaseHold } from './lease.js';
import { runtimeDefaults } from './runtime-limits.js';

/** The world, injected: one process can hold several engines. */
export interface EngineDependencies {
  readonly store: StateStore;
  /** Where savepoints may be written; absent: nowhere. */
  readonly savepoints?: SavepointPlaces;
  readonly sink: AlertSink;
  /** Held while the engine publishes; absent: nobody else is expected under its name. */
  readonly lease?: LeaseHold;
  readonly openers: { readonly nats?: SourceOpener; readonly file?: SourceOpener };
  /** Files that own documents; absent: none do. */
  readonly feed?: DocumentFeed;
  /** The documents to start with, whatever files and state say: a shard of several is told. */
  readonly begin?: { readonly documents: readonly StoredDocument[]; readonly revision: number };
  readonly parse: DocumentParser;
  readonly expressions: ExpressionCompiler;
  readonly schemaCheck: SchemaCheck;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly log: Log;
  readonly meter: Meter;
}

export interface EngineSettings {
  /** Which shard this engine is, of how many under its namespace. */
  readonly shard: number;
  readonly shards: number;
  /** Part of every alert's identity. */
  readonly namespace: string;
  /** Alerts are published below it. */
  readonly alertPrefix: string;
  /** Where relative paths of file sources begin. */
  readonly dataDirectory: string;
  readonly checkpointIntervalMs: number;
  readonly alertDelayMaxMs: number;
  readonly checkpointShareMax: number;
  readonly checkpointPauseMinMs: number;
  readonly checkpointSliceMs: number;
  readonly checkpointHistoryMax: number;
  readonly stateMemoryBytesMax: number;
  readonly dirtyShareMax: number;
  readonly keysPerLoadMax: number;
  readonly evictionStepsMax: number;
  readonly batchMessagesMax: number;
  readonly lateHeldMax: number;
  readonly pollWaitMs: number;
  readonly outboxWaitingMax: number;
  readonly publishBatchMax: number;
  readonly repeatsKeepMs: number;
  readonly stopWaitMaxMs: number;
  /** See `OutboxOptions.acceptLostAlerts`. */
  readonly acceptLostAlerts: boolean;
}

export const defaultSettings: EngineSettings = {
  ...runtimeDefaults,
  shard: 0,
  shards: 1,
  namespace: 'default',
  alertPrefix: 'weir.alerts',
  dataDirectory: '',
  acceptLostAlerts: false,
};

/**
 * The engine cannot start or go on.
 *
 * Codes: `documents-invalid`, `state-inconsistent`, …
 */
export class EngineError extends CodedError {
  override readonly name = 'EngineError';
}
