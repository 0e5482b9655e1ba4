import { isUtf8 } from 'node:buffer';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { SourceMessage } from '../../ports/source.js';

/** Begins the text of a payload that is not UTF-8. No JSON text begins with it, so such a payload always fails to parse. */
export const notUtf8Mark = '\uFFFD';

/**
 * The payload as text. A payload that is not UTF-8 is never silently repaired: it becomes `notUtf8Mark` followed by
 * the lossy decoding, for people to read in the dead letter. A byte order mark is kept.
 */
export function decodePayload(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  // The decoder writes U+FFFD for what it cannot read; a valid payload may also contain one, so ask again before judging.
  return text.includes(notUtf8Mark) && !isUtf8(buffer) ? notUtf8Mark + text : text;
}

/** Headers as a plain record; several values of one name are joined by `, `. Undefined when there are none. */
export function plainHeaders(headers: MsgHdrs | undefined): Readonly<Record<string, string>> | undefined {
  if (headers === undefined) return undefined;
  const entries: [string, string][] = [];
  for (const [name, values] of headers) entries.push([name, values.join(', ')]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** A message off the wire as the engine takes it. */
export function toSourceMessage(
  message: Msg,
  subject: string,
  place: { readonly seq: number; readonly arrival: number },
): SourceMessage {
  const text = decodePayload(message.data);
  const base = {
    seq: place.seq,
    arrival: place.arrival,
    subject,
    headers: readHeaders(message),
    text,
    value: undefined,
    // Objects of one shape, whether or not a router has something to say of them.
    isToldElsewhere: false,
    parsed: undefined,
  };
  return text.startsWith(notUtf8Mark) ? { ...base, problem: 'The payload is not UTF-8 text.' } : base;
}

/** Headers nobody can read do not stop the stream: the message then has none. */
export function readHeaders(message: Msg): SourceMessage['headers'] {
  try {
    return plainHeaders(message.headers);
  } catch {
    return undefined;
  }
}
