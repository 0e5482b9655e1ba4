import { SinkError, type AlertSink, type OutboundMessage, type PublishAck } from '../../ports/sink.js';

/** A message as the sink holds it. */
export interface StoredMessage extends OutboundMessage {
  readonly seq: number;
}

/** What a memory sink keeps when it is closed: "the stream". Messages in order of their sequence, from `firstSeq`. */
export interface MemoryStream {
  readonly messages: StoredMessage[];
  lastSeq: number;
}

/**
 * What happens to one message. `retry`: stored, its acknowledgement lost, published again and answered as a duplicate.
 * `refuse`: never publishable, answered so. `fail` and `lose-ack` make `publish` reject with `connection`, as if the
 * process had ended there: before the message was stored, or after.
 */
export type SinkFault = 'none' | 'retry' | 'refuse' | 'fail' | 'lose-ack';

export interface MemorySinkOptions {
  /** The stream to go on with; default an empty one. */
  readonly stream?: MemoryStream;
  /**
   * Ids remembered for deduplication, the newest ones; default all of the stream. A real server remembers those of its
   * duplicate window only.
   */
  readonly dedupeIdsMax?: number;
  /** Asked for each message before it is stored; default never a fault. */
  readonly fault?: (message: OutboundMessage) => SinkFault;
}

export function memoryStream(): MemoryStream {
  return { messages: [], lastSeq: 0 };
}

/** Collects what is published. */
export class MemorySink implements AlertSink {
  readonly #stream: MemoryStream;
  readonly #options: MemorySinkOptions;
  /** Sequence by id, oldest first. */
  readonly #seqById = new Map<string, number>();
  #closed = false;

  constructor(options: MemorySinkOptions = {}) {
    this.#options = options;
    this.#stream = options.stream ?? memoryStream();
    for (const message of this.#stream.messages) this.#remember(message.id, message.seq);
  }

  /** What was published and not removed, in order. */
  get messages(): readonly StoredMessage[] {
    return this.#stream.messages;
  }

  async lastSeq(): Promise<number> {
    this.#checkOpen();
    return this.#stream.lastSeq;
  }

  async publishedSince(afterSeq: number): Promise<ReadonlySet<string>> {
    this.#checkOpen();
    const { messages, lastSeq } = this.#stream;
    const firstSeq = messages[0]?.seq ?? lastSeq + 1;
    if (afterSeq + 1 < firstSeq) {
      throw new SinkError(
        'alerts-expired',
        `The alert stream begins at ${firstSeq}; what follows ${afterSeq} is no longer there.`,
        { afterSeq, firstSeq },
      );
    }
    if (afterSeq > lastSeq) {
      throw new SinkError('alerts-behind', `The alert stream ends at ${lastSeq}, before ${afterSeq}.`, {
        afterSeq,
        lastSeq,
      });
    }
    return new Set(messages.filter((message) => message.seq > afterSeq).map((message) => message.id));
  }

  async publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    this.#checkOpen();
    return messages.map((message) => this.#publishOne(message));
  }

  /** Forgets messages up to this sequence, as retention does. */
  expire(throughSeq: number): void {
    const kept = this.#stream.messages.filter((message) => message.seq > throughSeq);
    this.#stream.messages.splice(0, this.#stream.messages.length, ...kept);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #publishOne(message: OutboundMessage): PublishAck {
    const { id } = message;
    const fault = this.#options.fault?.(message) ?? 'none';
    if (fault === 'fail') throw new SinkError('connection', `Message ${id} was not stored.`, { id });
    if (fault === 'refuse')
      return { id, seq: 0, duplicate: false, refused: { code: 'too-large', message: `Message ${id} is too large.` } };
    const known = this.#seqById.get(id);
    const seq = known ?? this.#store(message);
    if (fault === 'lose-ack')
      throw new SinkError('connection', `The acknowledgement of message ${id} was lost.`, { id });
    return { id, seq, duplicate: known !== undefined || fault === 'retry' };
  }

  #store(message: OutboundMessage): number {
    const seq = this.#stream.lastSeq + 1;
    this.#stream.lastSeq = seq;
    this.#stream.messages.push({ ...message, seq });
    this.#remember(message.id, seq);
    return seq;
  }

  #remember(id: string, seq: number): void {
    this.#seqById.set(id, seq);
    if (this.#seqById.size <= (this.#options.dedupeIdsMax ?? Infinity)) return;
    const oldest = this.#seqById.keys().next();
    if (oldest.done !== true) this.#seqById.delete(oldest.value);
  }

  #checkOpen(): void {
    if (this.#closed) throw new SinkError('closed', 'The sink was closed.');
  }
}
