import { createInbox, headers } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { SinkError } from '../../ports/sink.js';
import type { OutboundMessage, PublishAck } from '../../ports/sink.js';
import { reasonOf, retryDelayMs } from './backoff.js';
import { natsLimits } from './limits.js';
import { readPubAck, refusalOf } from './pub-ack.js';

/** What it knows of time, injected so that a simulator can own it. */
export interface WindowTiming {
  /** Milliseconds, for durations. */
  monotonic(): number;
  /** Calls once after `ms`; the result cancels. */
  after(ms: number, call: () => void): () => void;
  /** The pause before the next attempt, by how many failed before. */
  delayMs(attempt: number): number;
}

/** Of this process. */
export const processTiming: WindowTiming = {
  monotonic: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  delayMs: retryDelayMs,
};

/** What it needs of a connection. */
export type PublishConnection = Pick<NatsConnection, 'publish' | 'subscribe'>;

/**
 * Publishes into a stream with a sliding window and one reply inbox for all acknowledgements: several times faster than a promise, a timer
 * and a subscription entry per message.
 *
 * Invariants: what is in flight is in the order of publication; nothing leaves the window but by an acknowledgement, a refusal or `close`;
 * a message first sent longer ago than the server is sure to remember its id is never sent again before the stream was asked for it.
 */
export interface PublishWindowOptions {
  readonly timing: WindowTiming;
  /** The connection now, if there is one. */
  connection(): PublishConnection | undefined;
  /**
   * Before anything is sent, and before anything is sent again: makes sure of the stream. Resolves with its last sequence, and for how long
   * the server recognises duplicates. Rejecting means: try later.
   */
  prepare(): Promise<{ readonly lastSeq: number; readonly duplicateWindowMs: number }>;
  /** Ids the stream holds after a sequence, with their sequences. */
  published(afterSeq: number): Promise<ReadonlyMap<string, number>>;
  /** False while this process is not sure that it may publish: what waits or is to be sent again waits on. */
  mayPublish(): boolean;
  /** Something is being tried again. */
  onTrouble(reason: string): void;
  /** Acknowledged as it should be. */
  onRecovered(): void;
}

interface Batch {
  readonly acks: PublishAck[];
  missing: number;
  resolve(acks: PublishAck[]): void;
  reject(error: Error): void;
}

interface Entry {
  readonly message: OutboundMessage;
  readonly bytes: number;
  readonly batch: Batch;
  readonly index: number;
  /** Last token of its reply subject; the same each time it is sent, so that an old acknowledgement still counts. */
  token: number;
  firstSentAtMs: number;
  /** When to send it again if nothing was heard. */
  dueAtMs: number;
  /** The stream cannot hold it at or below this sequence. */
  floorSeq: number;
  attempts: number;
}

export class PublishWindow {
  readonly #inbox = createInbox();
  readonly #inFlight = new Map<number, Entry>();
  #inFlightBytes = 0;
  #waiting: Entry[] = [];
  #waitingFrom = 0;
  #tokens = 0;
  #ackedSeq: number | undefined;
  /** Sending is allowed: the stream was made sure of on this connection, and nothing failed since. */
  #open = false;
  /** The connection is new: all in flight has to be sent again. */
  #resendAll = true;
  #recovering = false;
  #recoverAtMs = 0;
  /** Failures since the last acknowledgement. */
  #troubles = 0;
  #closed = false;
  /** Ends the wait for the next look; undefined while the window is open and nothing is under way. */
  #watch: (() => void) | undefined;

  constructor(private readonly options: PublishWindowOptions) {
    this.#watchOn();
  }

  publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    if (this.#closed) return Promise.reject(closedError());
    if (messages.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const batch: Batch = { acks: new Array<PublishAck>(messages.length), missing: messages.length, resolve, reject };
      messages.forEach((message, index) => this.#waiting.push(newEntry(message, batch, index)));
      this.#pump();
      this.#watchOn();
    });
  }

  /** A new connection: acknowledgements come on it from now on, and what was in flight is sent again. */
  connected(connection: PublishConnection): void {
    this.#open = false;
    this.#resendAll = true;
    this.#recoverAtMs = 0;
    this.#watchOn();
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => (error === null ? this.#receive(message) : undefined),
    });
    this.#look();
  }

  disconnected(): void {
    this.#open = false;
    this.#watchOn();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.();
    const batches = new Set([...this.#inFlight.values(), ...this.#waiting].map((entry) => entry.batch));
    this.#inFlight.clear();
    this.#waiting = [];
    for (const batch of batches) batch.reject(closedError());
  }

  /** Sends what waits, as far as the window goes. */
  #pump(): void {
    if (this.#open && !this.options.mayPublish()) this.#open = false;
    while (this.#open && this.#waitingFrom < this.#waiting.length) {
      const entry = this.#waiting[this.#waitingFrom];
      if (entry === undefined || !this.#fits(entry)) break;
      this.#waitingFrom += 1;
      entry.token = ++this.#tokens;
      entry.firstSentAtMs = this.options.timing.monotonic();
      entry.floorSeq = this.#ackedSeq ?? 0;
      this.#inFlight.set(entry.token, entry);
      this.#inFlightBytes += entry.bytes;
      this.#send(entry);
    }
    if (this.#waitingFrom > natsLimits.publishWindowMessages || this.#waitingFrom === this.#waiting.length) {
      this.#waiting.splice(0, this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  #fits(entry: Entry): boolean {
    if (this.#inFlight.size === 0) return true;
    return (
      this.#inFlight.size < natsLimits.publishWindowMessages &&
      this.#inFlightBytes + entry.bytes <= natsLimits.publishWindowBytes
    );
  }

  #send(entry: Entry): void {
    const { id, subject, contentType, body } = entry.message;
    entry.dueAtMs = this.options.timing.monotonic() + natsLimits.publishAckTimeoutMs;
    entry.attempts += 1;
    try {
      const messageHeaders = headers();
      messageHeaders.set('Nats-Msg-Id', id);
      messageHeaders.set('content-type', contentType);
      this.options
        .connection()
        ?.publish(subject, body, { headers: messageHeaders, reply: `${this.#inbox}.${entry.token}` });
    } catch (error) {
      const refused = refusalOf(error);
      // Anything else is the connection ending: the entry stays in flight, for the next one.
      if (refused !== undefined) this.#settle(entry, { id, seq: 0, duplicate: false, refused });
    }
  }

  #receive(message: Msg): void {
    const entry = this.#inFlight.get(Number(message.subject.slice(this.#inbox.length + 1)));
    if (entry === undefined) return;
    const answer = readPubAck(message);
    const { id } = entry.message;
    if ('seq' in answer) {
      if (answer.seq > (this.#ackedSeq ?? 0)) this.#ackedSeq = answer.seq;
      if (this.#troubles > 0) this.#recovered();
      this.#settle(entry, { id, seq: answer.seq, duplicate: answer.duplicate });
      this.#pump();
    } else if (answer.refused !== undefined) {
      this.#settle(entry, { id, seq: 0, duplicate: false, refused: answer.refused });
      this.#pump();
    } else {
      entry.dueAtMs = 0;
      if (this.#open) this.#delay(answer.failure);
    }
  }

  #settle(entry: Entry, ack: PublishAck): void {
    if (!this.#inFlight.delete(entry.token)) return;
    this.#inFlightBytes -= entry.bytes;
    const { batch } = entry;
    batch.acks[entry.index] = ack;
    batch.missing -= 1;
    if (batch.missing === 0) batch.resolve(batch.acks);
  }

  /** Looks again and again until there is nothing to look after. */
  #watchOn(): void {
    if (this.#closed || this.#watch !== undefined) return;
    this.#watch = this.options.timing.after(natsLimits.publishCheckMs, () => {
      this.#watch = undefined;
      this.#look();
      if (!this.#open || this.#inFlight.size > 0 || this.#waiting.length > 0) this.#watchOn();
    });
  }

  /** Every now and then: is the window to be opened, or something to be sent again? */
  #look(): void {
    const now = this.options.timing.monotonic();
    if (this.#closed || this.#recovering || now < this.#recoverAtMs || this.options.connection() === undefined) return;
    if (this.#open && !this.#inFlightDue(now)) return;
    this.#recovering = true;
    void this.#recover()
      .catch((error: unknown) => this.#delay(reasonOf(error)))
      .finally(() => {
        this.#recovering = false;
      });
  }

  /** In flight is in the order of sending, so the first entry not yet due would end the search, were it not for those sent again. */
  #inFlightDue(now: number): boolean {
    for (const entry of this.#inFlight.values()) if (entry.dueAtMs <= now) return true;
    return false;
  }

  /** Makes sure of the stream, settles what it already holds, sends the rest again, and opens the window. */
  async #recover(): Promise<void> {
    const connection = this.options.connection();
    const { lastSeq, duplicateWindowMs } = await this.options.prepare();
    this.#noteLastSeq(lastSeq);
    await this.#settlePublished(duplicateWindowMs / 2);
    // The next look asks again.
    if (!this.options.mayPublish()) return;
    if (this.#closed || connection === undefined || connection !== this.options.connection()) return;
    const now = this.options.timing.monotonic();
    for (const entry of [...this.#inFlight.values()]) {
      if (this.#resendAll || entry.dueAtMs <= now) this.#send(entry);
    }
    this.#resendAll = false;
    this.#open = true;
    this.#pump();
  }

  /** The first time it tells where our alerts begin. A stream that ends earlier than it did is another one: it may hold anything, from its first message on. */
  #noteLastSeq(lastSeq: number): void {
    if (this.#ackedSeq !== undefined && lastSeq >= this.#ackedSeq) return;
    if (this.#ackedSeq !== undefined) for (const entry of this.#inFlight.values()) entry.floorSeq = 0;
    this.#ackedSeq = lastSeq;
  }

  /** What the server may have forgotten is looked up before it is sent again. */
  async #settlePublished(trustedMs: number): Promise<void> {
    const trustedSince = this.options.timing.monotonic() - trustedMs;
    const old = [...this.#inFlight.values()].filter((entry) => entry.firstSentAtMs < trustedSince);
    if (old.length === 0) return;
    const found = await this.options.published(Math.min(...old.map((entry) => entry.floorSeq)));
    for (const entry of old) {
      const seq = found.get(entry.message.id);
      if (seq !== undefined) this.#settle(entry, { id: entry.message.id, seq, duplicate: true });
    }
  }

  #recovered(): void {
    this.#troubles = 0;
    this.options.onRecovered();
  }

  /** Nothing new is sent until the next attempt, which comes later each time. */
  #delay(reason: string): void {
    if (this.#closed) return;
    this.#open = false;
    this.#recoverAtMs = this.options.timing.monotonic() + this.options.timing.delayMs(this.#troubles);
    this.#troubles += 1;
    this.#watchOn();
    this.options.onTrouble(reason);
  }
}

function newEntry(message: OutboundMessage, batch: Batch, index: number): Entry {
  const bytes = Buffer.byteLength(message.body) + message.id.length + message.subject.length;
  return { message, bytes, batch, index, token: 0, firstSentAtMs: 0, dueAtMs: 0, floorSeq: 0, attempts: 0 };
}

function closedError(): SinkError {
  return new SinkError('closed', 'The alert sink is closed; what was not acknowledged stays in the outbox.');
}
