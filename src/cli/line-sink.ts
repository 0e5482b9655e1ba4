import type { AlertSink, OutboundMessage, PublishAck } from '../ports/sink.js';

/** Alerts as lines on an output: the sink of `weir run`. */
export class LineSink implements AlertSink {
  alerts = 0;
  private seq = 0;

  constructor(private readonly write: (message: OutboundMessage) => Promise<void> | void) {}

  lastSeq(): Promise<number> {
    return Promise.resolve(this.seq);
  }

  publishedSince(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set());
  }

  async publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    const acks: PublishAck[] = [];
    for (const message of messages) {
      await this.write(message);
      acks.push({ id: message.id, seq: ++this.seq, duplicate: false });
    }
    return acks;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
