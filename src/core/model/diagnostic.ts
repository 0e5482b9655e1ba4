/**
 * One thing wrong with a document: where, what, and how to mend it. Bad documents are values, never thrown.
 */
export interface Diagnostic {
  /** Stable kebab-case code, e.g. `unknown-field`, `not-supported`, `unknown-pattern`. */
  readonly code: string;
  /** One sentence: what is wrong and how to mend it. */
  readonly message: string;
  /** JSON Pointer into the document (RFC 6901), e.g. `/sequence/0/where`; '' is the document itself. */
  readonly pointer: string;
  /** File it stands in, when read from one. */
  readonly file?: string;
  /** Line and column from 1, when the text is known. */
  readonly line?: number;
  readonly column?: number;
  readonly severity: 'error' | 'warning';
  /** `kind/name` of the document, when known. */
  readonly document?: string;
}

/** A value, or every reason why there is none. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };
