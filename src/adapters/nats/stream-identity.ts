import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import type { SourceIdentity } from '../../ports/source.js';
import { openManager } from './stream-access.js';
import { refuseOtherMessages, refuseOtherStream, streamId } from './stream-facts.js';
import type { StreamFacts } from './stream-facts.js';

export interface SameStreamQuestion {
  readonly facts: StreamFacts;
  /** When a message of the stream was stored, ms; undefined when it is not there. */
  readonly storedAt: (seq: number) => Promise<number | undefined>;
  readonly expected: SourceIdentity;
  /** Where reading stands, for the refusal. */
  readonly afterSeq: number;
  readonly log: Log;
}

/**
 * Is this the stream of `expected`? The same name and creation time say yes. Another creation time alone does not say no: nats-server
 * 2.9.10 forgets when a stream was created once its configuration was updated and the server started again. Then a message decides:
 * the one at the anchor was stored when the checkpoint says, or, should it be gone, some message is older than the stream claims to be.
 */
async function isSameStream({ facts, expected, storedAt }: SameStreamQuestion): Promise<boolean> {
  if (streamId(facts) === expected.id) return true;
  if (!expected.id.startsWith(`${facts.name}@`) || facts.messages === 0) return false;
  const { anchor } = expected;
  if (anchor !== undefined && anchor.seq >= facts.firstSeq && anchor.seq <= facts.lastSeq) {
    const storedAtMs = await storedAt(anchor.seq);
    if (storedAtMs !== undefined) return storedAtMs === anchor.storedAtMs;
  }
  // What a mirror or a sourcing stream holds may well be older than itself.
  return !facts.fedByStreams && facts.firstStoredAtMs < Date.parse(facts.createdAt);
}

/**
 * Throws `stream-behind` where other messages stand under sequences that were read: a stream that lost its end and went on is as long
 * as it was. One message tells, the one at the anchor.
 */
async function refuseWrittenAnew({ facts, expected, storedAt }: SameStreamQuestion): Promise<void> {
  const { anchor } = expected;
  if (anchor === undefined || anchor.seq < facts.firstSeq || anchor.seq > facts.lastSeq) return;
  const storedAtMs = await storedAt(anchor.seq);
  if (storedAtMs !== undefined && storedAtMs !== anchor.storedAtMs) refuseOtherMessages(facts, anchor, storedAtMs);
}

/** Throws `stream-recreated` or `stream-behind`; says so when the creation time changed and the stream is the same nevertheless. */
export async function refuseUnlessSame(question: SameStreamQuestion): Promise<void> {
  const { facts, expected, afterSeq, log } = question;
  if (streamId(facts) === expected.id) return refuseWrittenAnew(question);
  if (!(await isSameStream(question))) refuseOtherStream(facts, expected, afterSeq);
  log.info('The server reports another creation time for a stream, but its messages are the same: going on', {
    stream: facts.name,
    expected: expected.id,
    found: streamId(facts),
  });
}

/** Asks the server. */
export function storedAtIn(connection: NatsConnection, stream: string): SameStreamQuestion['storedAt'] {
  return async (seq) => {
    const manager = await openManager(connection);
    const message = await manager.streams.getMessage(stream, { seq });
    return message === null ? undefined : Date.parse(message.timestamp);
  };
}
