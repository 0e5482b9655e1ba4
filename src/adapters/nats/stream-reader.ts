import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import { SourceError } from '../../ports/source.js';
import type { SourceBatch, SourceIdentity, SourceMessage, SourceReader, SourceStart } from '../../ports/source.js';
import { reasonOf } from './backoff.js';
import { BatchBuffer } from './batch-buffer.js';
import { NatsClosedError } from './connection.js';
import type { NatsLink } from './connection.js';
import type { Delivery } from './delivery.js';
import { toSourceMessage } from './source-message.js';
import { StreamFeed } from './stream-feed.js';
import { identityOf, refusePosition, refuseRetention, streamId } from './stream-facts.js';
import type { StreamFacts } from './stream-facts.js';
import { refuseUnlessSame, storedAtIn } from './stream-identity.js';
import { createSubjectFilter } from './subjects.js';

export interface StreamReaderOptions {
  readonly link: NatsLink;
  readonly log: Log;
  readonly source: string;
  readonly consumerPrefix: string;
  readonly subjects: readonly string[];
  /** What else is in the stream is for others: the server need not send it. */
  readonly isPart: boolean;
  readonly onGap: 'refuse' | 'continue';
  /** The stream as it was found at open. */
  readonly facts: StreamFacts;
  readonly start: SourceStart;
  /** Everything up to this sequence was read before. */
  readonly afterSeq: number;
}

/** Reads a JetStream stream: at positions, never acknowledging, foreign subjects passed over. */
export class StreamReader implements SourceReader {
  #identity: SourceIdentity;
  readonly #buffer: BatchBuffer;
  readonly #feed: StreamFeed;
  readonly #accepts: (subject: string) => boolean;
  #failure: SourceError | undefined;

  constructor(private readonly options: StreamReaderOptions) {
    this.#identity = identityOf(options.facts, options.start);
    this.#buffer = new BatchBuffer(options.afterSeq);
    this.#accepts = createSubjectFilter(options.subjects);
    this.#feed = new StreamFeed({
      link: options.link,
      log: options.log,
      stream: options.facts.name,
      consumerPrefix: options.consumerPrefix,
      headersOnly: false,
      filter: options.isPart ? options.subjects : [],
      firstSeq: options.afterSeq + 1,
      held: () => this.#buffer,
      onMessage: (message, delivery) => this.#receive(message, delivery),
      onGap: (first, last) => this.#buffer.addGap(first, last),
      onChange: () => this.#buffer.wake(),
      check: (facts, afterSeq, connection) => this.#check(facts, afterSeq, connection),
      onFailure: (error) => this.#fail(error),
    });
    this.#feed.start();
  }

  get identity(): SourceIdentity {
    return this.#identity;
  }

  async nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    await this.#buffer.wait(waitMsMax, () => this.#failure !== undefined);
    if (this.#failure !== undefined && this.#buffer.messages === 0) throw this.#failure;
    const batch = this.#buffer.take(messagesMax, this.#feed.pending);
    this.#feed.fill();
    this.#moveAnchor(batch.messages.at(-1));
    return batch;
  }

  close(): Promise<void> {
    this.#feed.close();
    this.#fail(new SourceError('closed', `The reader of source ${this.options.source} is closed.`));
    return Promise.resolve();
  }

  #receive(message: Msg, delivery: Delivery): void {
    const subject = message.subject;
    if (this.#accepts(subject))
      this.#buffer.add(
        toSourceMessage(message, subject, { seq: delivery.streamSeq, arrival: delivery.storedAtMs }),
        message.data.length,
      );
    else this.#buffer.pass(delivery.streamSeq);
  }

  /** At every consumer anew: an outage is when streams get recreated, purged or restored. */
  async #check(facts: StreamFacts, afterSeq: number, connection: NatsConnection): Promise<void> {
    refuseRetention(facts);
    const storedAt = storedAtIn(connection, facts.name);
    await refuseUnlessSame({ facts, storedAt, expected: this.#identity, afterSeq, log: this.options.log });
    refusePosition(facts, { afterSeq, readTo: afterSeq, onGap: this.options.onGap });
    this.#identity = { ...this.#identity, id: streamId(facts) };
  }

  #moveAnchor(last: SourceMessage | undefined): void {
    if (last?.arrival === undefined) return;
    this.#identity = { ...this.#identity, anchor: { seq: last.seq, storedAtMs: last.arrival } };
  }

  #fail(error: unknown): void {
    this.#failure ??= toSourceError(error, this.options.source);
    this.#buffer.wake();
  }
}

export function toSourceError(error: unknown, source: string): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof NatsClosedError)
    return new SourceError('closed', `The connection of source ${source} is closed.`, {}, { cause: error });
  return new SourceError('connection', `Source ${source} cannot be read: ${reasonOf(error)}`, {}, { cause: error });
}
