/** A sink that publishes only while the process holds its lease. */
import type { AlertSink, OutboundMessage, PublishAck } from '../ports/sink.js';
import type { LeaseHold } from './lease.js';

export class LeasedSink implements AlertSink {
  constructor(
    private readonly sink: AlertSink,
    private readonly lease: LeaseHold,
  ) {}

  lastSeq(): Promise<number> {
    return this.sink.lastSeq();
  }

  publishedSince(afterSeq: number): Promise<ReadonlySet<string>> {
    return this.sink.publishedSince(afterSeq);
  }

  async publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    await this.lease.whenHeld();
    return this.sink.publish(messages);
  }

  close(): Promise<void> {
    return this.sink.close();
  }
}
