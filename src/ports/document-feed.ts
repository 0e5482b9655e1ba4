import type { PlacedDocument } from '../core/document/documents.js';
import type { Checked } from '../core/model/diagnostic.js';

/** Documents read from files, whole set at a time. */
export interface DocumentFeed {
  /** Reads every file now. */
  read(): Promise<Checked<readonly PlacedDocument[]>>;
  /** Calls after every settled change of the files (debounced); the result stops watching. */
  watch(onChange: () => void): () => Promise<void>;
}
