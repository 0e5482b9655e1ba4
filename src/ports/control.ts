import type { RuleExplanation } from '../core/document/explain-rule.js';
import type { WeirDocument } from '../core/document/documents.js';
import type { Diagnostic } from '../core/model/diagnostic.js';
import type { SavepointRequest } from './savepoint.js';

export type DocumentKind = WeirDocument['kind'];

/** A document as the service holds it. */
export interface DocumentView {
  readonly kind: DocumentKind;
  readonly name: string;
  /** `file`: owned by a file, read-only over the API (409). */
  readonly origin: 'file' | 'api';
  readonly file?: string;
  readonly hash: string;
  /** Revision in which it last changed. */
  readonly revision: number;
  readonly document: WeirDocument;
}

/** The answer to a change of documents. A refused change leaves everything as it was. */
export type ChangeResult =
  | {
      readonly ok: true;
      readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
      readonly revision: number;
      readonly warnings: readonly Diagnostic[];
      readonly view: DocumentView | undefined;
    }
  | {
      readonly ok: false;
      /** `malformed`: not readable at all (400). `invalid`: readable, wrong (422). `conflict`: owned by a file, or still used (409). `not-found` (404). `unavailable`: the engine cannot apply it now (503). */
      readonly reason: 'malformed' | 'invalid' | 'conflict' | 'not-found' | 'unavailable';
      readonly detail: string;
      readonly diagnostics: readonly Diagnostic[];
    };

export interface SourceStatus {
  readonly name: string;
  readonly state:
    'starting' | 'running' | 'caught-up' | 'held-back' | 'waiting' | 'refused' | 'ended' | 'stopped' | 'unused';
  /** Why it is refused, waiting or held back, when it is. */
  readonly reason?: { readonly code: string; readonly message: string };
  /** Last sequence taken in, and the last one a durable checkpoint covers. */
  readonly position: number;
  readonly checkpointedPosition: number;
  readonly watermark: string | null;
  readonly watermarkMs: number | null;
  /** Messages in the stream not taken in yet, when known. */
  readonly pending: number | null;
  readonly buffered: number;
  readonly events: number;
  readonly late: number;
  readonly dead: number;
  readonly units: number;
  readonly gaps: number;
  /** Times the watermark was pushed because too many events waited for it. */
  readonly forced: number;
}

export interface RuleStatus {
  readonly name: string;
  readonly mode: string;
  readonly versions: readonly { readonly version: number; readonly hash: string; readonly draining: boolean }[];
  readonly liveRuns: number;
  readonly matches: number;
  readonly timeouts: number;
  readonly alerts: number;
  readonly suppressed: number;
  readonly keyMissing: number;
  readonly conditionErrors: number;
  /** A sample of the last condition that failed on an event. */
  readonly lastConditionError?: { readonly code: string; readonly message: string; readonly event: string };
  readonly overflows: number;
  readonly stateBound: {
    readonly bounded: boolean;
    readonly runsPerKeyMax: number;
    readonly eventsPerRunMax: number | null;
    readonly bytesPerKeyMax: number | null;
  };
}

/** Keys in memory; the others are in the store alone. */
export interface MemoryStatus {
  readonly residentKeys: number;
  /** Estimates: what keys in memory take, and what they may. */
  readonly residentBytes: number;
  readonly bytesMax: number;
  /** Since the start: events that were more than noise and found their key in memory or had none; keys fetched; keys let go. */
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

export interface ShardStatus {
  readonly shard: number;
  readonly keys: number;
  readonly liveRuns: number;
  /** Of keys in memory. */
  readonly timers: number;
  readonly memory: MemoryStatus;
}

export interface CheckpointReport {
  readonly at: string;
  /** From the cut to durability. */
  readonly durationMs: number;
  readonly bytes: number;
  readonly dirtyKeys: number;
  /** Time no event was processed because of it: in all, and at once. */
  readonly blockedMs: number;
  readonly blockedAtOnceMs: number;
  /** Time since the one before ended. */
  readonly pauseMs: number;
}

export interface CheckpointStatus {
  readonly count: number;
  readonly failed: number;
  readonly last: CheckpointReport | null;
  /** The newest last. */
  readonly history: readonly CheckpointReport[];
  readonly outboxWaiting: number;
  readonly published: number;
  /** Null for a store that retains no checkpoints. */
  readonly retention: RetentionReport | null;
}

/** Checkpoints kept beside the newest state, oldest first, and how the state was put right at the start, if it had to be. */
export interface RetentionReport {
  readonly retained: readonly { readonly number: number; readonly at: string }[];
  readonly journalBytes: number;
  readonly pauseMs: number;
  readonly recovered: {
    readonly from: number;
    readonly at: string;
    readonly batches: number;
    readonly lost: string | null;
    readonly kept: string;
    readonly reason: string;
  } | null;
}

export interface EngineStatus {
  readonly state: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';
  readonly failure?: { readonly code: string; readonly message: string };
  readonly namespace: string;
  readonly startedAt: string;
  readonly revision: number;
  readonly sources: readonly SourceStatus[];
  readonly rules: readonly RuleStatus[];
  readonly shards: readonly ShardStatus[];
  readonly checkpoints: CheckpointStatus;
  /** Of the lease under which it works; null without one. Held: it may publish now. */
  readonly lease: { readonly epoch: number; readonly held: boolean } | null;
  /** Diagnostics of documents on disk that were refused at the last reload; the set before still runs. */
  readonly refusedDocuments: readonly Diagnostic[];
}

/** A savepoint that was written. */
export interface SavepointView {
  readonly name: string;
  /** What `weir restore` and `weir state` take. */
  readonly place: string;
  readonly at: string;
  readonly namespace: string;
  readonly revision: number;
  readonly entries: number;
  readonly characters: number;
  readonly parts: number;
  readonly sha256: string;
}

export type SavepointResult =
  | { readonly ok: true; readonly view: SavepointView }
  /** `malformed`: the name or bucket (400). `conflict`: there is one of that name (409). `unavailable`: not now, or not there (503). */
  | { readonly ok: false; readonly reason: 'malformed' | 'conflict' | 'unavailable'; readonly detail: string };

/** What the API, over HTTP and over NATS, may ask of the engine. */
export interface EngineControl {
  documents(kind: DocumentKind | undefined): readonly DocumentView[];
  document(kind: DocumentKind, name: string): DocumentView | undefined;
  /** Creates or replaces one document from its text (YAML or JSON, exactly one document). Resolves when it is durable and in force. */
  put(kind: DocumentKind, name: string, text: string): Promise<ChangeResult>;
  remove(kind: DocumentKind, name: string): Promise<ChangeResult>;
  /** Checks documents (several, `---` between) together with those in force; changes nothing. */
  validate(text: string): readonly Diagnostic[];
  /** Recorded alerts of a rule, as texts of CloudEvents, oldest first: those of its time as a shadow. Undefined for an unknown rule. */
  shadowAlerts(rule: string): readonly string[] | undefined | Promise<readonly string[] | undefined>;
  /** How a rule in force is evaluated; undefined if there is none of that name. */
  explain(rule: string): RuleExplanation | undefined;
  /** Exports the state while events go on. Resolves when the savepoint is complete, or there is none. */
  savepoint(request: SavepointRequest): Promise<SavepointResult>;
  status(): EngineStatus | Promise<EngineStatus>;
}
