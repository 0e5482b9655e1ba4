import type { SourceMessage } from '../../ports/source.js';

/** Turns the bytes of a file, in order, into messages. Holds at most one unfinished record. */
export interface RecordFramer {
  /** Appends the messages that these bytes complete. Fails with `SourceError` when the file cannot be read at all. */
  feed(bytes: Buffer, into: SourceMessage[]): void | Promise<void>;
  /** The file is at its end: appends what is left. */
  finish(into: SourceMessage[]): void | Promise<void>;
}

export interface FramerOptions {
  /** Records up to this number were delivered before: not built again. */
  readonly afterSeq: number;
  readonly recordBytesMax: number;
}

/** The one place a message of a file is made, so that all have one shape. */
export function fileMessage(seq: number, text: string | undefined, value: unknown, problem?: string): SourceMessage {
  return { seq, arrival: undefined, subject: '', headers: undefined, text, value, problem };
}
