/** Streams that are read and written over a simulated wire. */
import type { MemoryStream } from '../../src/adapters/memory/memory-sink.js';
import { MemorySink } from '../../src/adapters/memory/memory-sink.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../src/ports/sink.js';
import { SinkError } from '../../src/ports/sink.js';
import type { SourceOpener } from '../../src/ports/source.js';
import { SourceError } from '../../src/ports/source.js';
import type { SimProcess } from './sim-process.js';
import type { SimStream } from './sim-stream.js';
import { openReader } from './sim-stream.js';

export interface SimSinkOptions {
  readonly stream: MemoryStream;
  readonly process: SimProcess;
  /** Ids the server still knows; 0: what is published twice stands twice. */
  readonly dedupeIdsMax?: number;
  /** Told before a message is stored. */
  readonly onPublish?: (message: OutboundMessage) => void;
}

/** Each message is stored at a moment of its own; its acknowledgement may never come. */
export class SimSink implements AlertSink {
  private readonly memory: MemorySink;
  private closed = false;

  constructor(private readonly options: SimSinkOptions) {
    const { stream, dedupeIdsMax } = options;
    this.memory = new MemorySink({ stream, ...(dedupeIdsMax === undefined ? {} : { dedupeIdsMax }) });
  }

  lastSeq(): Promise<number> {
    return this.options.process.later(() => this.memory.lastSeq());
  }

  publishedSince(afterSeq: number): Promise<ReadonlySet<string>> {
    return this.options.process.later(() => this.memory.publishedSince(afterSeq));
  }

  async publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    const acks: PublishAck[] = [];
    for (const message of messages) {
      if (this.closed) throw new SinkError('closed', 'The sink was closed.');
      const stored = await this.options.process.later(() => {
        this.options.onPublish?.(message);
        return this.memory.publish([message]);
      });
      acks.push(...stored);
    }
    return acks;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.memory.close();
  }
}

export interface SimSourceOptions {
  readonly streams: ReadonlyMap<string, SimStream>;
  readonly process: SimProcess;
  /** Messages a reader may give at its n-th turn; 0: the wire is silent. */
  readonly pace?: (turn: number) => number;
}

/** Opens `nats` sources on simulated streams. */
export function simOpener({ streams, process, pace }: SimSourceOptions): SourceOpener {
  return {
    open: (source, start) =>
      process.later(() => {
        const name = source.nats?.stream ?? '';
        const stream = streams.get(name);
        if (stream === undefined) throw new SourceError('stream-not-found', `There is no stream ${name}.`);
        return openReader({ stream, source, process, ...(pace === undefined ? {} : { pace }) }, start);
      }),
  };
}
