import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import { SourceError } from '../../ports/source.js';
import { EpisodeLog, reasonOf, retryDelayMs } from './backoff.js';
import { NatsClosedError } from './connection.js';
import type { NatsLink } from './connection.js';
import type { Delivery } from './delivery.js';
import { PullSession } from './pull-session.js';
import { awaitStream, createConsumer, dropConsumer, openManager, possibleFilter } from './stream-access.js';
import type { WaitReason } from './stream-access.js';
import type { StreamFacts } from './stream-facts.js';

/**
 * The messages of one stream from a sequence on, each exactly once and in order, through outages and restarts of the server: a
 * succession of pull sessions, each on an ephemeral consumer of its own that begins at the next sequence expected.
 *
 * A hole in the stream's sequence is a deletion if the consumer's own sequence has none (the server had nothing to deliver there), and is
 * reported; a hole in the consumer's sequence is a lost delivery, and the consumer is made anew at the sequence expected.
 */
export interface StreamFeedOptions {
  readonly link: NatsLink;
  readonly log: Log;
  readonly stream: string;
  readonly consumerPrefix: string;
  readonly headersOnly: boolean;
  /** Subjects to be given alone, if the server can: then what else is in the stream, or was, is not seen. Default: all. */
  readonly filter?: readonly string[];
  /** First sequence wanted. */
  readonly firstSeq: number;
  held(): { readonly messages: number; readonly bytes: number };
  onMessage(message: Msg, delivery: Delivery): void;
  /** Sequences `first` to `last` are not in the stream. */
  onGap(first: number, last: number): void;
  /** Something changed that a waiting caller should look at. */
  onChange(): void;
  /** Before every consumer: rejects with `SourceError` when the stream must not be read on. `afterSeq`: everything up to it was received. */
  check(facts: StreamFacts, afterSeq: number, connection: NatsConnection): Promise<void>;
  /** The feed stopped for good: `check` refused, or the link was closed. */
  onFailure(error: unknown): void;
}

export class StreamFeed {
  #nextSeq: number;
  #session: PullSession | undefined;
  #endSession: ((reason: string) => void) | undefined;
  #pending: number | undefined;
  #closed = false;
  #isFiltered = false;
  readonly #trouble: EpisodeLog;
  readonly #absence: EpisodeLog;

  constructor(private readonly options: StreamFeedOptions) {
    this.#nextSeq = options.firstSeq;
    this.#trouble = new EpisodeLog(options.log, 'warn');
    this.#absence = new EpisodeLog(options.log, 'warn');
  }

  /** Everything up to it was received or is known to be gone. */
  get receivedSeq(): number {
    return this.#nextSeq - 1;
  }

  /** Messages of the stream not received yet, as the server said last; undefined while nothing is being read. */
  get pending(): number | undefined {
    return this.#session === undefined ? undefined : this.#pending;
  }

  start(): void {
    this.#run().catch((error: unknown) => {
      if (this.#closed) return;
      this.close();
      this.options.onFailure(error);
    });
  }

  /** To be called when the caller took something. */
  fill(): void {
    this.#session?.fill();
  }

  close(): void {
    this.#closed = true;
    this.#endSession?.('closed');
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      const from = this.#nextSeq;
      await this.#openAndRead();
      if (this.#closed) return;
      if (this.#nextSeq > from) attempt = 0;
      await this.options.link.pause(retryDelayMs(attempt));
    }
  }

  /** One session, from the check of the stream to its end. */
  async #openAndRead(): Promise<void> {
    const { link, stream } = this.options;
    await link.ready();
    const facts = await awaitStream({ link, stream, onWaiting: (reason) => this.#sayWaiting(reason) });
    const connection = link.current();
    this.#absence.clear();
    if (this.#closed || connection === undefined || !(await this.#check(facts, connection))) return;
    this.#skipTo(facts.firstSeq);
    const consumer = await this.#createConsumer(connection);
    if (consumer === undefined) return;
    const reason = await this.#read(connection, consumer);
    dropConsumer(connection, stream, consumer);
    if (!this.#closed && link.current() === connection) this.#say(`the consumer is made anew: ${reason}`);
  }

  /** False: could not be checked now. */
  async #check(facts: StreamFacts, connection: NatsConnection): Promise<boolean> {
    try {
      await this.options.check(facts, this.receivedSeq, connection);
      return !this.#closed;
    } catch (error) {
      if (error instanceof SourceError) throw error;
      this.#say(`cannot check the stream: ${reasonOf(error)}`);
      return false;
    }
  }

  async #createConsumer(connection: NatsConnection): Promise<string | undefined> {
    const { stream, consumerPrefix, headersOnly } = this.options;
    try {
      const manager = await openManager(connection);
      const filter = possibleFilter(connection, this.options.filter ?? []);
      this.#isFiltered = filter.length > 0;
      const info = await createConsumer(manager, {
        filter,
        stream,
        prefix: consumerPrefix,
        headersOnly,
        start: { seq: this.#nextSeq },
      });
      this.#pending = info.num_pending;
      return info.name;
    } catch (error) {
      this.#say(`cannot create a consumer: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** Reads until the session ends; resolves with why. */
  #read(connection: NatsConnection, consumer: string): Promise<string> {
    if (this.#closed) return Promise.resolve('closed');
    return new Promise((resolve) => {
      const offDown = this.options.link.onDown(() => finish('the connection was lost'));
      const session = new PullSession({
        connection,
        stream: this.options.stream,
        consumer,
        held: () => this.options.held(),
        deliver: (message, delivery) => this.#deliver(message, delivery),
        idle: () => this.#idle(),
        end: (reason) => finish(reason),
      });
      const finish = (reason: string): void => {
        offDown();
        session.close();
        this.#session = undefined;
        this.#endSession = undefined;
        this.options.onChange();
        resolve(reason);
      };
      this.#session = session;
      this.#endSession = finish;
      session.fill();
      this.options.onChange();
    });
  }

  #deliver(message: Msg, delivery: Delivery): void {
    const { streamSeq } = delivery;
    if (streamSeq < this.#nextSeq) return;
    if (streamSeq > this.#nextSeq && !this.#isFiltered) this.options.onGap(this.#nextSeq, streamSeq - 1);
    this.#nextSeq = streamSeq + 1;
    this.#pending = delivery.pending;
    if (delivery.pending === 0) this.#trouble.clear();
    this.options.onMessage(message, delivery);
  }

  #idle(): void {
    this.#trouble.clear();
    if (this.#pending === 0) return;
    this.#pending = 0;
    this.options.onChange();
  }

  /** The stream begins later than expected, and going on was allowed. */
  #skipTo(firstSeq: number): void {
    if (firstSeq <= this.#nextSeq) return;
    this.options.onGap(this.#nextSeq, firstSeq - 1);
    this.#nextSeq = firstSeq;
    this.options.onChange();
  }

  /** The link itself says that NATS is away. A closed feed waits no longer. */
  #sayWaiting(reason: WaitReason): void {
    if (this.#closed) throw new NatsClosedError();
    if (reason.code === 'connection') return;
    this.#absence.say('A stream is waited for', { stream: this.options.stream, reason: reason.message });
  }

  #say(reason: string): void {
    this.#trouble.say('Reading a stream is interrupted; trying again', {
      stream: this.options.stream,
      nextSeq: this.#nextSeq,
      reason,
    });
  }
}
