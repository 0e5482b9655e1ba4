import { CodedError } from '../core/coded-error.js';

/** Who is at work under a name. It lies where every process that might be can see it. */
export interface LeaseRecord {
  /** The state that is at work; empty: none, it stopped in order. */
  readonly holder: string;
  /** Rises with every holder. */
  readonly epoch: number;
  /** Which process that is, for people. */
  readonly about: string;
}

/** A record that changes by compare-and-set. Calls reject while the place cannot be reached; what they wrote may be there all the same. */
export interface LeaseStore {
  /** Undefined: nobody ever was. A revision is a number above 0 that every write raises. */
  read(): Promise<{ readonly record: LeaseRecord; readonly revision: number } | undefined>;
  /** Writes if the record is still of this revision (0: there is none) and gives the new one; undefined if it is not. */
  write(record: LeaseRecord, revision: number): Promise<number | undefined>;
}

/**
 * The process may not, or no longer, work under its name.
 *
 * Codes: `lease-held`, `lease-lost`, `closed`.
 */
export class LeaseError extends CodedError {
  override readonly name = 'LeaseError';
}
