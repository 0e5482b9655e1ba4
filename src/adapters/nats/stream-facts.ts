import type { StreamInfo } from '@nats-io/jetstream';
import { SourceError } from '../../ports/source.js';
import type { SourceIdentity, SourceStart } from '../../ports/source.js';
import { subjectsOverlap } from './subjects.js';

/**
 * What the adapter needs to know of a stream, and the refusals that follow from it. Pure functions.
 *
 * Why so strict: a position is only a number. On another stream of the same name, or on one that was cut back, it would silently mean
 * other messages, or a silent hole.
 */
export interface StreamFacts {
  readonly name: string;
  /** As the server writes it, ns. */
  readonly createdAt: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  /** When the first and the last message were stored, ms; meaningless while there are none. */
  readonly firstStoredAtMs: number;
  readonly lastStoredAtMs: number;
  readonly retention: string;
  readonly subjects: readonly string[];
  /** Fed by other streams, so its own subjects do not tell what it holds. */
  readonly fedByStreams: boolean;
}

export function factsOf(info: StreamInfo): StreamFacts {
  const { config, state } = info;
  return {
    name: config.name,
    createdAt: String(info.created),
    firstSeq: state.first_seq,
    lastSeq: state.last_seq,
    messages: state.messages,
    firstStoredAtMs: Date.parse(state.first_ts),
    lastStoredAtMs: Date.parse(state.last_ts),
    retention: config.retention,
    subjects: config.subjects ?? [],
    fedByStreams: config.mirror !== undefined || (config.sources ?? []).length > 0,
  };
}

/** Stream and creation time: a stream created anew under the same name is another one. */
export function streamId(facts: StreamFacts): string {
  return `${facts.name}@${facts.createdAt}`;
}

/**
 * What a reader that starts so knows the stream by. At a position the anchor stays the message that was read last: one further on would
 * say nothing of what was read.
 */
export function identityOf(facts: StreamFacts, start: SourceStart): SourceIdentity {
  const { firstSeq, lastSeq, messages, lastStoredAtMs } = facts;
  const last = messages > 0 ? { seq: lastSeq, storedAtMs: lastStoredAtMs } : undefined;
  const anchor = start.kind === 'position' ? (start.identity.anchor ?? last) : last;
  const identity: SourceIdentity = { kind: 'jetstream', id: streamId(facts), firstSeq, lastSeq };
  return anchor === undefined ? identity : { ...identity, anchor };
}

/** Throws `stream-retention`: only limits retention keeps messages whoever reads them. */
export function refuseRetention(facts: StreamFacts): void {
  if (facts.retention === 'limits') return;
  const why =
    facts.retention === 'workqueue'
      ? 'it deletes a message once one consumer has it, and admits no second reader'
      : 'it deletes messages nobody waits for, so nothing could be read again after a restart';
  throw new SourceError(
    'stream-retention',
    `Stream ${facts.name} has ${facts.retention} retention: ${why}. ` +
      `Choose: set its retention to limits, or create a stream with limits retention that sources from ${facts.name} and name that one in the source.`,
    { stream: facts.name, retention: facts.retention },
  );
}

const startAgain = 'start the source without its checkpoint (`start: all` or `start: new` under another source name)';

const KEEP_MESSAGES = 'With `sync_interval: always` or three replicas the server does not lose acknowledged messages.';

/** Throws `stream-recreated`. */
export function refuseOtherStream(facts: StreamFacts, expected: SourceIdentity, afterSeq: number): never {
  throw new SourceError(
    'stream-recreated',
    `Stream ${facts.name} is not the one the checkpoint knows (${expected.id}): it was created anew at ${facts.createdAt}, and no message shows otherwise, so position ${afterSeq} means other messages. ` +
      `Choose: restore the stream from its backup, or ${startAgain}.`,
    { stream: facts.name, position: afterSeq, expected: expected.id, found: streamId(facts) },
  );
}

/** Throws `stream-behind`: the message that was read at a sequence is not the one that stands there. */
export function refuseOtherMessages(
  facts: StreamFacts,
  anchor: NonNullable<SourceIdentity['anchor']>,
  foundStoredAtMs: number,
): never {
  const [read, found] = [anchor.storedAtMs, foundStoredAtMs].map((ms) => new Date(ms).toISOString());
  throw new SourceError(
    'stream-behind',
    `Stream ${facts.name} has another message at ${anchor.seq} than the one that was read there (stored ${found}, not ${read}): the server lost messages it had stored (a crash without sync, or an old backup), and new ones got the numbers of those read. ` +
      `Choose: restore the stream, or ${startAgain}. ${KEEP_MESSAGES}`,
    { stream: facts.name, position: anchor.seq, firstSeq: facts.firstSeq, lastSeq: facts.lastSeq },
  );
}

export interface ReadPosition {
  /** Reading goes on after this sequence. */
  readonly afterSeq: number;
  /** Everything up to it was read once; at least `afterSeq`. */
  readonly readTo: number;
  readonly onGap: 'refuse' | 'continue';
}

/** Throws `stream-behind` or, unless `onGap` is `continue`, `stream-purged`. */
export function refusePosition(facts: StreamFacts, { afterSeq, readTo, onGap }: ReadPosition): void {
  const fields = { stream: facts.name, position: readTo, firstSeq: facts.firstSeq, lastSeq: facts.lastSeq };
  if (facts.lastSeq < readTo) {
    throw new SourceError(
      'stream-behind',
      `Stream ${facts.name} ends at ${facts.lastSeq}, but ${readTo} was already read: the server lost messages it had stored (a crash without sync, or an old backup), and new ones would get the numbers of those read. ` +
        `Choose: restore the stream, or ${startAgain}. ${KEEP_MESSAGES}`,
      fields,
    );
  }
  if (facts.firstSeq > afterSeq + 1 && onGap !== 'continue') {
    throw new SourceError(
      'stream-purged',
      `Stream ${facts.name} begins at ${facts.firstSeq}, but reading stood at ${afterSeq}: ${facts.firstSeq - afterSeq - 1} messages in between are gone (purged, or beyond the stream's limits). ` +
        `Choose: restore them, set \`nats.onGap: continue\` in the source to go on without them (they are reported and counted), or raise the stream's limits for the next time.`,
      fields,
    );
  }
}

/** Do the source's subjects have anything in common with what the stream captures? Unknown counts as yes. */
export function subjectsMeet(facts: StreamFacts, subjects: readonly string[]): boolean {
  if (facts.fedByStreams || facts.subjects.length === 0) return true;
  return subjects.some((subject) => facts.subjects.some((captured) => subjectsOverlap(captured, subject)));
}
