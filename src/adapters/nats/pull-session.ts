import { createInbox } from '@nats-io/transport-node';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { parseDelivery } from './delivery.js';
import type { Delivery } from './delivery.js';
import { natsLimits } from './limits.js';

/**
 * Pulls messages from one consumer over one connection until something ends it. It never repairs itself: whoever made it makes the next one.
 *
 * Invariants: every message is handed over in the consumer's order, without a hole (a hole ends the session first); after `end` nothing is
 * handed over; what is asked for never exceeds the room there is, but for one request when nothing is held.
 */
export interface PullSessionOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** What the caller still holds, so that no more is asked for than fits. */
  held(): { readonly messages: number; readonly bytes: number };
  deliver(message: Msg, delivery: Delivery): void;
  /** The server has nothing to deliver now. */
  idle(): void;
  /** Called once, with why. */
  end(reason: string): void;
}

/** One pull request at a time, on a subscription of its own so that what belongs to it is told apart. */
interface Slot {
  readonly inbox: string;
  subscription: Subscription | undefined;
  /** Requests made so far; the last token of the reply subject, so that a late status of an earlier one is known as such. */
  requests: number;
  messagesLeft: number;
  bytesAsked: number;
  received: number;
  expiresAtMs: number;
  /** The next message is larger than a whole request: ask for it alone and without a byte limit. */
  alone: boolean;
}

const nanosPerMs = 1_000_000;

export class PullSession {
  readonly #slots: Slot[] = [];
  #ended = false;
  #consumerSeq = 0;
  #heard = true;
  #heardAtMs = performance.now();
  #silentLooks = 0;
  readonly #watch: NodeJS.Timeout;

  constructor(private readonly options: PullSessionOptions) {
    for (let i = 0; i < natsLimits.pullRequestsMax; i++) this.#slots.push(this.#openSlot());
    this.#watch = setInterval(() => this.#look(), natsLimits.heartbeatCheckMs);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Asks for more where there is room. To be called at the start and whenever the caller took something. */
  fill(): void {
    if (this.#ended) return;
    for (const slot of this.#slots) {
      if (slot.messagesLeft > 0) continue;
      if (!this.#hasRoom()) return;
      this.#request(slot);
    }
  }

  /** Stops without a word to `end`. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#watch);
    if (this.options.connection.isClosed()) return;
    for (const slot of this.#slots) slot.subscription?.unsubscribe();
  }

  #openSlot(): Slot {
    const inbox = createInbox();
    const slot: Slot = {
      inbox,
      subscription: undefined,
      requests: 0,
      messagesLeft: 0,
      bytesAsked: 0,
      received: 0,
      expiresAtMs: 0,
      alone: false,
    };
    slot.subscription = this.options.connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (this.#ended) return;
        if (error !== null) this.#end(`subscription failed: ${error.message}`);
        else this.#tryReceive(slot, message);
      },
    });
    return slot;
  }

  #requestBytes(): number {
    const largest = (this.options.connection.info?.max_payload ?? 0) + natsLimits.messageOverheadBytes;
    return Math.max(natsLimits.pullBytesMin, largest);
  }

  #hasRoom(): boolean {
    let { messages, bytes } = this.options.held();
    for (const slot of this.#slots) {
      messages += slot.messagesLeft;
      if (slot.messagesLeft > 0) bytes += slot.bytesAsked;
    }
    if (messages + natsLimits.pullMessages > natsLimits.prefetchMessagesMax) return false;
    return messages === 0 || bytes + this.#requestBytes() <= natsLimits.prefetchBytesMax;
  }

  #request(slot: Slot): void {
    slot.requests += 1;
    slot.received = 0;
    slot.messagesLeft = slot.alone ? 1 : natsLimits.pullMessages;
    slot.bytesAsked = this.#requestBytes();
    slot.expiresAtMs = performance.now() + natsLimits.pullExpiresMs;
    const request = {
      batch: slot.messagesLeft,
      expires: natsLimits.pullExpiresMs * nanosPerMs,
      idle_heartbeat: natsLimits.idleHeartbeatMs * nanosPerMs,
      ...(slot.alone ? {} : { max_bytes: slot.bytesAsked }),
    };
    slot.alone = false;
    const { connection, stream, consumer } = this.options;
    try {
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), {
        reply: `${slot.inbox}.${slot.requests}`,
      });
    } catch (error) {
      this.#end(`pull request failed: ${String(error)}`);
    }
  }

  /** Nothing may escape into the client: it would stop reading the connection altogether. */
  #tryReceive(slot: Slot, message: Msg): void {
    try {
      this.#receive(slot, message);
    } catch (error) {
      this.#end(`a message could not be taken: ${String(error)}`);
    }
  }

  #receive(slot: Slot, message: Msg): void {
    this.#heard = true;
    const delivery = parseDelivery(message.reply);
    if (delivery === undefined) {
      this.#receiveStatus(slot, message);
      return;
    }
    if (delivery.consumerSeq !== this.#consumerSeq + 1) {
      this.#end(`a delivery was lost: expected ${this.#consumerSeq + 1} of the consumer, got ${delivery.consumerSeq}`);
      return;
    }
    this.#consumerSeq = delivery.consumerSeq;
    slot.received += 1;
    slot.messagesLeft -= 1;
    this.options.deliver(message, delivery);
    if (slot.messagesLeft === 0) this.fill();
  }

  /** No message but word of the request: its end, the consumer's, or only a sign of life. */
  #receiveStatus(slot: Slot, message: Msg): void {
    const code = message.headers?.code ?? 0;
    const description = (message.headers?.description ?? '').toLowerCase();
    if (code === 100) {
      this.#receiveHeartbeat(message);
      return;
    }
    if (message.subject !== `${slot.inbox}.${slot.requests}`) return;
    if (code === 409 && description.startsWith('message size exceeds')) {
      slot.alone = slot.received === 0;
    } else if (code !== 404 && code !== 408 && !(code === 409 && description === 'batch completed')) {
      this.#end(code === 503 ? 'the consumer is gone' : `the server ended the request: ${code} ${description}`);
      return;
    }
    slot.messagesLeft = 0;
    this.fill();
  }

  /** Idle: all is delivered. Should the server have sent more than came here, the last of it was lost. */
  #receiveHeartbeat(message: Msg): void {
    const sent = Number(message.headers?.get('Nats-Last-Consumer') ?? '');
    if (sent > this.#consumerSeq)
      this.#end(`deliveries were lost: the server sent ${sent} of the consumer, ${this.#consumerSeq} came`);
    else this.options.idle();
  }

  /** Silence while something was asked for means that the consumer, or the way to it, is gone. */
  #look(): void {
    const now = performance.now();
    const asking = this.#slots.some((slot) => slot.messagesLeft > 0);
    if (this.#heard || !asking) this.#heardAtMs = now;
    this.#heard = false;
    const silent = now - this.#heardAtMs > natsLimits.heartbeatTimeoutMs;
    this.#silentLooks = silent ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks >= 2) {
      this.#end(`nothing heard for ${Math.round(now - this.#heardAtMs)} ms`);
      return;
    }
    for (const slot of this.#slots) {
      // The server's word of the end got lost: the request is over all the same.
      if (slot.messagesLeft > 0 && now > slot.expiresAtMs + natsLimits.heartbeatTimeoutMs) slot.messagesLeft = 0;
    }
    this.fill();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.close();
    this.options.end(reason);
  }
}
