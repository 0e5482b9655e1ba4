/**
 * Documents as their authors write them, after their shape was checked (unknown fields refused, types right) and
 * before any meaning was given to them. The shape itself is defined once, in adapters/document, together with
 * the JSON Schemas; these are the TypeScript types of the same thing.
 */
import type { Diagnostic } from '../model/diagnostic.js';

/** `500ms 5s 10m 1h 7d`, composed (`1h30m`), or milliseconds. */
export type DurationText = string | number;

export interface SourceDocument {
  readonly kind: 'source';
  readonly name: string;
  readonly nats?: {
    readonly stream?: string;
    readonly subjects: readonly string[];
    readonly onGap?: 'refuse' | 'continue';
    /** Each subject has keys of its own: several shards share the subjects out, and each reads its own. */
    readonly partitioned?: boolean;
  };
  readonly file?: {
    readonly path: string;
    readonly format?: 'csv' | 'ndjson';
    readonly columns?: Readonly<Record<string, 'number' | 'string' | 'boolean' | 'json'>>;
  };
  readonly start?: 'new' | 'all' | { readonly time: string | number };
  readonly event: {
    readonly body?: string;
    readonly each?: string;
    readonly time: string;
    readonly arrival?: string;
    readonly id?: string;
    readonly type?: string;
    readonly order?: string;
  };
  readonly watermark?: {
    readonly maxOutOfOrderness?: DurationText;
    readonly by?: string | readonly string[];
    readonly idleAfter?: DurationText;
    readonly maxFuture?: DurationText;
  };
  readonly late?: 'drop' | 'sideOutput';
  readonly schema?: unknown;
}

export type Relation = 'begin' | 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy';

/** A step names its stage with the word that relates it to the step before: exactly one of the six is present. */
export interface StepDocument {
  readonly begin?: string;
  readonly next?: string;
  readonly followedBy?: string;
  readonly followedByAny?: string;
  readonly notNext?: string;
  readonly notFollowedBy?: string;
  readonly where?: string;
  readonly times?: number | string | { readonly min?: number | string; readonly max?: number | string };
  readonly optional?: boolean;
  readonly greedy?: boolean;
  readonly consecutive?: boolean;
  readonly allowCombinations?: boolean;
  readonly until?: string;
  readonly within?: DurationText;
  readonly sequence?: readonly StepDocument[];
  readonly anyOf?: readonly StepDocument[];
  readonly allOf?: readonly StepDocument[];
}

export type SkipDocument =
  'noSkip' | 'skipToNext' | 'skipPastLastEvent' | { readonly skipToFirst: string } | { readonly skipToLast: string };

export interface ParameterDocument {
  readonly type: 'number' | 'integer' | 'string' | 'boolean' | 'duration';
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly description?: string;
}

/** What an inline pattern of a rule may contain. */
export interface PatternBody {
  readonly parameters?: Readonly<Record<string, ParameterDocument>>;
  readonly within?: DurationText;
  readonly skip?: SkipDocument;
  readonly sequence: readonly StepDocument[];
}

export interface PatternDocument extends PatternBody {
  readonly kind: 'pattern';
  readonly name: string;
  readonly description?: string;
}

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';

export interface AlertDocument {
  readonly severity?: Severity;
  readonly subject?: string;
  readonly title?: string;
  readonly payload?: string;
  readonly throttle?: DurationText;
  readonly include?: 'events' | 'ids';
}

/** One event of a test, or `repeat` of them `every` so often: the fields besides these are its payload. */
export interface TestEventDocument {
  /** Event time, from the start of the test. */
  readonly at: DurationText;
  readonly repeat?: number;
  readonly every?: DurationText;
  readonly [field: string]: unknown;
}

/** One alert a test expects: only the fields that are written are compared. */
export interface TestExpectDocument {
  readonly at: DurationText;
  readonly key?: unknown;
  readonly kind?: 'match' | 'timeout';
  readonly severity?: Severity;
  readonly subject?: string;
  readonly title?: string;
  readonly payload?: unknown;
  readonly suppressed?: number;
}

export interface TestDocument {
  readonly name: string;
  readonly events: readonly TestEventDocument[];
  readonly expect: readonly TestExpectDocument[];
  readonly until?: DurationText;
}

export interface RuleDocument {
  readonly kind: 'rule';
  readonly name: string;
  readonly description?: string;
  readonly source: string | readonly string[];
  readonly key?: string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;
  readonly where?: string;
  readonly pattern: string | PatternBody;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly alert?: AlertDocument;
  readonly onTimeout?: { readonly alert?: AlertDocument; readonly unmatchedOnly?: boolean };
  readonly emit?: 'ordered' | 'eager';
  readonly mode?: 'active' | 'shadow' | 'paused';
  readonly onUpdate?: 'drain' | 'keep' | 'restart';
  readonly limits?: { readonly runsPerKey?: number; readonly overflow?: 'dropOldest' | 'dropNewest' };
  readonly tests?: readonly TestDocument[];
}

export type WeirDocument = SourceDocument | PatternDocument | RuleDocument;

export type DocumentKind = WeirDocument['kind'];

/** Line and column, both from 1; columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Who owns a document: a `file`, or the `api`. */
export type DocumentOrigin = 'file' | 'api';

/** A document with the place it came from. */
export interface PlacedDocument<T extends WeirDocument = WeirDocument> {
  readonly document: T;
  /** `file` for documents owned by a file, `api` for those sent over the API. */
  readonly origin: DocumentOrigin;
  readonly file?: string;
  /**
   * Position of the value at a JSON Pointer of this document, or of the nearest value around it; of the character at
   * `offset` (UTF-16 units, from 0) when the value is text. Undefined when unknown.
   */
  locate(pointer: string, offset?: number): Position | undefined;
}

/** A document that could not be read, by the name others may refer to it with. */
export interface BrokenDocument {
  readonly kind: string;
  readonly name: string;
  /** What is left of it without the fields whose shape is wrong, if that is a document. */
  readonly sound?: SoundPart | undefined;
}

/** Part of a document; it is no document of the set, but its expressions can be checked. */
export interface SoundPart {
  readonly placed: PlacedDocument;
  /** Every stage of the document is in it, under its name. */
  readonly stagesKnown: boolean;
}

/**
 * What reading texts gives. When some of it is wrong, what could be read is there too: the rest of the set can still
 * be checked, so that every diagnostic is reported at once.
 */
export type ParsedDocuments =
  | { readonly ok: true; readonly value: readonly PlacedDocument[]; readonly warnings: readonly Diagnostic[] }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      readonly readable: readonly PlacedDocument[];
      readonly broken: readonly BrokenDocument[];
    };

/** Where a text comes from. */
export interface DocumentPlace {
  readonly origin: DocumentOrigin;
  readonly file?: string;
}

/** Reads the documents of one text; implemented in adapters/document. */
export type DocumentParser = (text: string, place: DocumentPlace) => ParsedDocuments;
