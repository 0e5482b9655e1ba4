import { CodedError } from '../core/coded-error.js';

/**
 * Where a savepoint is written: texts under names, then `finish` with the one that says what they are. Before `finish` took
 * effect there is no savepoint; what was written until then is nobody's.
 */
export interface SavepointWriter {
  /** For people, and for `weir restore`. */
  readonly place: string;
  put(name: string, text: string): Promise<void>;
  /** Durable when it resolves. */
  finish(manifest: string): Promise<void>;
  /** Takes back what was written. Never rejects. */
  abandon(): Promise<void>;
}

/** A savepoint that is there. Reading may be repeated. */
export interface SavepointReader {
  readonly place: string;
  manifest(): Promise<string>;
  read(name: string): Promise<string>;
}

/** What a savepoint may be asked to be called, and where it may be written. */
export interface SavepointRequest {
  readonly name: string;
  /** Bucket of a JetStream object store; absent: a directory. */
  readonly bucket?: string;
}

/** Opens places for savepoints. Rejects with `SavepointError`. */
export type SavepointPlaces = (request: SavepointRequest) => Promise<SavepointWriter>;

/**
 * A savepoint cannot be written, or read. Nothing else was changed.
 *
 * Codes: `savepoint-name`, `savepoint-exists`, `savepoint-missing`, `savepoint-damaged`, `savepoint-format`, `savepoint-place`,
 * `savepoint-busy`, `savepoint-cut-short`, `state-not-empty`.
 */
export class SavepointError extends CodedError {
  override readonly name = 'SavepointError';
}
