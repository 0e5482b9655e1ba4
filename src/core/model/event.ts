/**
 * An event: one decoded record with its event time.
 *
 * Its identity is (source, seq, index); two events with the same identity are the same event, in any replay.
 * Times are milliseconds since the epoch. Created in one place (decode) so that every event has the same shape.
 */
export interface StreamEvent {
  /** Name of the source document it came from. */
  readonly source: string;
  /** Stream sequence (a file: record number), from 1. */
  readonly seq: number;
  /** Index within its message, from 0 (`event.each`). */
  readonly index: number;
  /** Event time, ms. */
  readonly time: number;
  /** Arrival clock, ms: when the stream stored the message. */
  readonly arrival: number;
  /** `event.order`: orders events of equal time before source order. */
  readonly order: number | string | undefined;
  /** `event.id`, for display only. */
  readonly id: string | undefined;
  /** `event.type`, `$eventType` in expressions. */
  readonly type: string | undefined;
  /** Subject of the message; empty for a file. */
  readonly subject: string;
  /** Headers of the message. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The payload. */
  readonly body: unknown;
}

function compareOrder(a: number | string | undefined, b: number | string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : 1;
}

/** The total order of events: (event time, `event.order`, source name, stream sequence, index in message). */
export function compareEvents(a: StreamEvent, b: StreamEvent): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.order !== b.order) {
    const byOrder = compareOrder(a.order, b.order);
    if (byOrder !== 0) return byOrder;
  }
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  if (a.seq !== b.seq) return a.seq - b.seq;
  return a.index - b.index;
}

/** Identity of an event as text: `source/seq/index`. */
export function eventIdentity(event: StreamEvent): string {
  return `${event.source}/${event.seq}/${event.index}`;
}
