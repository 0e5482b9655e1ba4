import { CodedError } from '../core/coded-error.js';

/** One message to publish: durable in the outbox before it gets here. */
export interface OutboundMessage {
  /** Message id (`Nats-Msg-Id`): deterministic, so that publishing again is safe. */
  readonly id: string;
  readonly subject: string;
  readonly contentType: string;
  readonly body: string;
}

/** The sink's answer for one message. */
export interface PublishAck {
  readonly id: string;
  /** Sequence in the alert stream; 0 when refused. */
  readonly seq: number;
  readonly duplicate: boolean;
  /** This message can never be published as it is (too large above all): it is not in the stream, and publishing it again is useless. */
  readonly refused?: { readonly code: 'too-large' | 'malformed'; readonly message: string };
}

/** Where alerts go. */
export interface AlertSink {
  /** Last sequence of the alert stream now. Waits for an absent server. */
  lastSeq(): Promise<number>;
  /**
   * Ids already in the alert stream after `afterSeq`, for recovery. Rejects with code `alerts-expired` if the stream no
   * longer holds what follows `afterSeq`, and with `alerts-behind` if it ends before `afterSeq` (recreated, or it lost data).
   */
  publishedSince(afterSeq: number): Promise<ReadonlySet<string>>;
  /**
   * Publishes in order, up to a window in flight; resolves with one ack per message in their order, retrying until each is acknowledged or
   * refused. Rejects with code `closed` when the sink is closed first. A message that had to be retried may stand behind later ones.
   */
  publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]>;
  close(): Promise<void>;
}

/**
 * The sink refuses.
 *
 * Codes: `alerts-expired`, `alerts-behind`, `alert-stream`, `alert-stream-subjects`, `alert-stream-retention`, `closed`, …
 */
export class SinkError extends CodedError {
  override readonly name = 'SinkError';
}
