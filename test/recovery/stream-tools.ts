/** What recovery tests do to a NATS server from outside: make streams, fill them, read what was published. */
import { DiscardPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';

const NANOS_PER_MS = 1_000_000;
const FETCH_MAX = 2_000;

export interface Published {
  readonly id: string;
  readonly subject: string;
  readonly body: string;
}

export class StreamTools {
  private constructor(
    private readonly connection: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  static async connect(url: string): Promise<StreamTools> {
    const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    return new StreamTools(connection, await jetstreamManager(connection));
  }

  /** `bytesMax`: beyond it the oldest messages go. */
  async addStream(name: string, subjects: string[], duplicateWindowMs = 100, bytesMax = -1): Promise<void> {
    await this.manager.streams.add({
      name,
      subjects,
      max_bytes: bytesMax,
      discard: DiscardPolicy.Old,
      // The shortest there is: what is published twice shows.
      duplicate_window: duplicateWindowMs * NANOS_PER_MS,
    });
  }

  /** Sends payloads without waiting for the stream to have them. */
  async send(subject: string, payloads: readonly string[]): Promise<void> {
    for (const payload of payloads) this.connection.publish(subject, payload);
    await this.connection.flush();
  }

  async count(stream: string): Promise<number> {
    return (await this.manager.streams.info(stream)).state.last_seq;
  }

  /** Stores payloads in order; resolves when the stream has them. */
  async store(stream: string, subject: string, payloads: readonly (string | Uint8Array)[]): Promise<void> {
    if (payloads.length === 0) return;
    const wanted = (await this.count(stream)) + payloads.length;
    for (const payload of payloads) this.connection.publish(subject, payload);
    await this.connection.flush();
    while ((await this.count(stream)) < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Every message of a stream, in order. */
  async read(stream: string): Promise<Published[]> {
    const found: Published[] = [];
    const { state } = await this.manager.streams.info(stream);
    const consumer = await jetstream(this.connection).consumers.get(stream);
    while (found.length < state.messages) {
      const wanted = Math.min(FETCH_MAX, state.messages - found.length);
      for await (const message of await consumer.fetch({ max_messages: wanted, expires: 5_000 })) {
        found.push({
          id: message.headers?.get('Nats-Msg-Id') ?? '',
          subject: message.subject,
          body: message.string(),
        });
      }
    }
    return found;
  }

  /** Resolves when the connection is there again and the streams answer. */
  async connected(): Promise<void> {
    for (;;) {
      const answered = await this.manager.getAccountInfo().then(
        () => true,
        () => false,
      );
      if (answered) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
