/**
 * What the reply subject of a delivered JetStream message says:
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<stored at, ns>.<pending>`, or, from servers that name domains,
 * `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<stored at, ns>.<pending>[.<token>]`.
 * Read once per message: no splitting, no intermediate strings.
 */
export interface Delivery {
  /** Sequence in the stream. */
  readonly streamSeq: number;
  /** Sequence among the deliveries of this consumer, from 1, without holes unless a delivery was lost. */
  readonly consumerSeq: number;
  /** When the stream stored it, ms since the epoch. */
  readonly storedAtMs: number;
  /** Messages of the stream behind this one. */
  readonly pending: number;
}

const replyPrefix = '$JS.ACK.';
/** Dots of the short form, and the fewest of the form with a domain; the token that holds the stream sequence in each. */
const shortForm = { dots: 8, seqToken: 5 };
const domainForm = { dotsMin: 10, seqToken: 7 };
const tokensMax = 16;
const nanosecondDigits = 6;
const dotCode = 46;
const zeroCode = 48;

/** Where token n begins; reused by every call (the parser is synchronous). */
const tokenStarts = new Int32Array(tokensMax + 1);

/** Undefined when the reply subject is not that of a delivered message (then it is a status message). */
export function parseDelivery(reply: string | undefined): Delivery | undefined {
  if (reply === undefined || !reply.startsWith(replyPrefix)) return undefined;
  const dots = findTokens(reply);
  const first = dots === shortForm.dots ? shortForm.seqToken : dots >= domainForm.dotsMin ? domainForm.seqToken : -1;
  if (first < 0) return undefined;
  return {
    streamSeq: readNumber(reply, first, 0),
    consumerSeq: readNumber(reply, first + 1, 0),
    storedAtMs: readNumber(reply, first + 2, nanosecondDigits),
    pending: readNumber(reply, first + 3, 0),
  };
}

/** Fills `tokenStarts`; the number of dots. */
function findTokens(reply: string): number {
  let dots = 0;
  for (let i = 0; i < reply.length && dots < tokensMax - 1; i++) {
    if (reply.charCodeAt(i) === dotCode) tokenStarts[++dots] = i + 1;
  }
  tokenStarts[dots + 1] = reply.length + 1;
  return dots;
}

function readNumber(reply: string, token: number, digitsCut: number): number {
  const end = (tokenStarts[token + 1] ?? 0) - 1 - digitsCut;
  let value = 0;
  for (let i = tokenStarts[token] ?? 0; i < end; i++) value = value * 10 + (reply.charCodeAt(i) - zeroCode);
  return value;
}
