/** The server that keeps the alert stream. It outlives the services, and knows for a while which ids it has. */
import type { MemoryStream } from '../../src/adapters/memory/memory-sink.js';
import { memoryStream } from '../../src/adapters/memory/memory-sink.js';
import type { OutboundMessage } from '../../src/ports/sink.js';

export interface AlertServerOptions {
  readonly nowMs: () => number;
  /** What it says it recognises duplicates for. */
  readonly duplicateWindowMs: number;
  /** A server that does not do so: for a planted bug. */
  readonly forgetful?: boolean;
  /** Told before a message is stored. */
  readonly onStore?: (message: OutboundMessage) => void;
}

export interface Stored {
  readonly seq: number;
  readonly duplicate: boolean;
}

export class AlertServer {
  readonly stream: MemoryStream = memoryStream();
  private readonly known = new Map<string, { readonly seq: number; readonly atMs: number }>();

  constructor(private readonly options: AlertServerOptions) {}

  get duplicateWindowMs(): number {
    return this.options.duplicateWindowMs;
  }

  store(message: OutboundMessage): Stored {
    const { nowMs, duplicateWindowMs, forgetful, onStore } = this.options;
    const known = this.known.get(message.id);
    if (known !== undefined && forgetful !== true && nowMs() - known.atMs <= duplicateWindowMs) {
      return { seq: known.seq, duplicate: true };
    }
    onStore?.(message);
    const seq = ++this.stream.lastSeq;
    this.stream.messages.push({ ...message, seq });
    this.known.set(message.id, { seq, atMs: nowMs() });
    return { seq, duplicate: false };
  }
}
