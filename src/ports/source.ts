import { CodedError } from '../core/coded-error.js';
import type { SourceDocument } from '../core/document/documents.js';
import type { StreamEvent } from '../core/model/event.js';
import type { SourceInterest } from '../core/shard/source-interest.js';

/** One record of a source, not yet decoded. Sequences grow; a gap is reported by the reader, never silent. */
export interface SourceMessage {
  /** Stream sequence, from 1. An NDJSON file: line number (blank lines count, so it may skip). A CSV file: number of the row after the header. */
  readonly seq: number;
  /** When the stream stored it, ms; undefined for a file without an arrival column. */
  readonly arrival: number | undefined;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The payload as UTF-8 text; undefined when `value` carries it. */
  readonly text: string | undefined;
  /** The payload already parsed (a CSV row). */
  readonly value: unknown;
  /**
   * The record could not be read as declared (a CSV cell that is not of its type, a line beyond the limit): why, in a
   * sentence. Such a message goes to the dead letter; `text` or `value` holds what there was.
   */
  readonly problem?: string;
  /** True: what is late or dead of it is told by another shard, which has it, too. Whoever routes it says so. */
  isToldElsewhere?: boolean;
  /** What `text` says, if somebody in this thread parsed it before. */
  parsed?: unknown;
}

/** Events that another shard has, in order of their sequence: columns of one length. */
export interface EventsElsewhere {
  /** Of the first of them. */
  readonly firstSeq: number;
  /** The last sequence an entry stands for. */
  readonly seqs: Float64Array;
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  /** Undefined: all of the one unit of a source without `by`. */
  readonly units: readonly string[] | undefined;
}

/** What a stream is, so that a recreated or shrunk one is noticed. */
export interface SourceIdentity {
  /** `jetstream`, `core` or `file`. */
  readonly kind: 'jetstream' | 'core' | 'file';
  /** A stream: its name and creation time; a file: its path, size and the hash of its first bytes. */
  readonly id: string;
  readonly firstSeq: number;
  /** 0 for a file: its records are not counted before they are read. */
  readonly lastSeq: number;
  /** One message of it and when it was stored: tells the same stream from another one should its creation time become doubtful. Kept with the rest in the checkpoint. */
  readonly anchor?: { readonly seq: number; readonly storedAtMs: number };
}

export interface SourceBatch {
  readonly messages: readonly SourceMessage[];
  /** The reader has delivered everything that is there now. */
  readonly caughtUp: boolean;
  /** A bounded source gave its last record: the watermark goes to +∞. */
  readonly ended: boolean;
  /** Messages behind this batch still in the source, when known. */
  readonly pending: number | undefined;
  /** Sequences that are no longer there although they should be: [first, last], reported and counted. */
  readonly gaps: readonly (readonly [number, number])[];
  /**
   * Highest sequence looked at so far, all of it: messages given, foreign subjects passed over and gaps alike. The position moves here once
   * this batch is committed, also when `messages` is empty. Before the first message it is the sequence the reader began after, so it may be
   * committed at once. Absent: the last message's sequence is the position.
   */
  readonly scannedTo?: number;
  /** Of a shard that is given what concerns its keys: what else there was, which moves its event time all the same. */
  readonly elsewhere?: EventsElsewhere;
  /**
   * The same of the one shard that tells what is late of events nobody else tells of, which has them whole. Without what only rules
   * ask for (`order`, `id`).
   */
  readonly told?: readonly StreamEvent[];
}

/** An open source. One reader at a time; `nextBatch` is not called again before it settled. */
export interface SourceReader {
  /** Read anew for every checkpoint: its `anchor` moves along with what was given. */
  readonly identity: SourceIdentity;
  /**
   * Waits until there is at least one message, the end, or `waitMsMax` has passed (then `messages` may be empty).
   * The prefetch behind it is bounded: a slow caller slows the source. Rejects with `SourceError`.
   */
  nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch>;
  /** Versions of rules left, or came whose events all of those here had asked for: what the interest says is another. */
  interestChanged?(): void;
  close(): Promise<void>;
}

/**
 * Where to begin. `position`: after `afterSeq`, with the identity the checkpoint knew; `readTo` is the highest sequence that was
 * already read (some of it is read again), below which the source may not have gone back.
 */
export type SourceStart =
  | { readonly kind: 'new' }
  | { readonly kind: 'all' }
  | { readonly kind: 'time'; readonly timeMs: number }
  | {
      readonly kind: 'position';
      readonly afterSeq: number;
      readonly readTo?: number;
      readonly identity: SourceIdentity;
    };

/** Opens sources of one kind (`nats`, `file`). Waits for an absent server, says so in the log, and goes on. */
export interface SourceOpener {
  open(source: SourceDocument, start: SourceStart, options?: SourceOpenOptions): Promise<SourceReader>;
}

/** For the caller of an `open` that has to wait. */
export interface SourceOpenOptions {
  /** Told why the source cannot be opened yet (`connection`, `stream-not-found`, …), each time the reason changes. */
  readonly onWaiting?: (reason: { readonly code: string; readonly message: string }) => void;
  /** Asked while waiting; true makes `open` reject with code `cancelled`. */
  readonly isCancelled?: () => boolean;
  /** Canonical texts of the keys that rules read the source by: for an opener that gives each shard what concerns it. */
  readonly keys?: readonly string[];
  /** What the rules ask of the source: for an opener that need not give what they have no use for. */
  readonly interest?: SourceInterest;
  /** The subjects of the document are a part of those of a partitioned source: others are not to be read, and not missed. */
  readonly isPart?: boolean;
}

/**
 * The source cannot be read as asked: a refusal that names the choices, or the world failing.
 *
 * Codes: `stream-not-found`, `stream-retention`, `stream-recreated`, `stream-purged`, `stream-behind`, `cancelled`, `closed`, `file-not-found`, `file-changed`, `file-damaged`, `file-header`, `connection`, …
 */
export class SourceError extends CodedError {
  override readonly name = 'SourceError';
}
