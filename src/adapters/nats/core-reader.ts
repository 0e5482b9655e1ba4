import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import { SourceError } from '../../ports/source.js';
import type { SourceBatch, SourceIdentity, SourceReader } from '../../ports/source.js';
import { EpisodeLog } from './backoff.js';
import { BatchBuffer } from './batch-buffer.js';
import type { NatsLink } from './connection.js';
import { natsLimits } from './limits.js';
import { toSourceMessage } from './source-message.js';
import { matchesSubject, minimalPatterns } from './subjects.js';

export interface CoreReaderOptions {
  readonly link: NatsLink;
  readonly log: Log;
  readonly source: string;
  readonly subjects: readonly string[];
  /** Local sequence to continue after. */
  readonly afterSeq: number;
}

/**
 * Reads core NATS: at most once. What is published while we are away, or while the buffer is full, is lost; the latter is counted and
 * reported as gaps, the former nobody can count. Sequences are a local count that goes on from the checkpoint; `arrival` is our own
 * clock at reception, because no server stamps these messages, so a replay does not exist for such a source.
 */
export class CoreReader implements SourceReader {
  readonly identity: SourceIdentity;
  readonly #buffer: BatchBuffer;
  readonly #patterns: readonly string[];
  readonly #overflow: EpisodeLog;
  readonly #offs: readonly (() => void)[];
  #lastSeq: number;
  #dropped = 0;
  #failure: SourceError | undefined;

  constructor(private readonly options: CoreReaderOptions) {
    const { afterSeq, link } = options;
    this.identity = { kind: 'core', id: 'core', firstSeq: afterSeq + 1, lastSeq: afterSeq };
    this.#lastSeq = afterSeq;
    this.#buffer = new BatchBuffer(afterSeq);
    this.#patterns = minimalPatterns(options.subjects);
    this.#overflow = new EpisodeLog(options.log, 'warn');
    this.#offs = [link.onUp((connection) => this.#subscribe(connection)), link.onDown(() => this.#lose())];
  }

  async nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    await this.#buffer.wait(waitMsMax, () => this.#failure !== undefined);
    if (this.#failure !== undefined && this.#buffer.messages === 0) throw this.#failure;
    const batch = this.#buffer.take(messagesMax, this.options.link.current() === undefined ? undefined : 0);
    return batch;
  }

  close(): Promise<void> {
    for (const off of this.#offs) off();
    this.#subscriptions.splice(0).forEach((unsubscribe) => unsubscribe());
    this.#fail();
    return Promise.resolve();
  }

  readonly #subscriptions: (() => void)[] = [];

  #subscribe(connection: NatsConnection): void {
    this.#subscriptions.length = 0;
    this.#patterns.forEach((pattern, index) => {
      const before = this.#patterns.slice(0, index);
      const subscription = connection.subscribe(pattern, {
        callback: (error, message) => {
          if (error !== null)
            this.options.log.error('Cannot subscribe', {
              source: this.options.source,
              subject: pattern,
              reason: error.message,
            });
          // A message that matches several patterns comes once for each: the first one counts.
          else if (!before.some((other) => matchesSubject(other, message.subject))) this.#receive(message);
        },
      });
      this.#subscriptions.push(() => {
        if (!connection.isClosed()) subscription.unsubscribe();
      });
    });
  }

  #receive(message: Msg): void {
    const seq = ++this.#lastSeq;
    const bytes = message.data.length;
    if (
      this.#buffer.messages >= natsLimits.coreBufferMessagesMax ||
      this.#buffer.bytes + bytes > natsLimits.coreBufferBytesMax
    ) {
      this.#dropped += 1;
      this.#buffer.addGap(seq, seq);
      this.#overflow.say('A core NATS source is read too slowly: messages are dropped', {
        source: this.options.source,
        dropped: this.#dropped,
      });
      return;
    }
    this.#buffer.add(toSourceMessage(message, message.subject, { seq, arrival: Date.now() }), bytes);
  }

  #lose(): void {
    const { link, log, source } = this.options;
    if (link.closed) this.#fail();
    else log.warn('A core NATS source missed what is published during this outage', { source });
    this.#buffer.wake();
  }

  #fail(): void {
    this.#failure ??= new SourceError('closed', `The reader of source ${this.options.source} is closed.`);
    this.#buffer.wake();
  }
}
