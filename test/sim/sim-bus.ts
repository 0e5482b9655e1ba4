/** Streams that are read and written over a simulated wire. */
import type { MemoryStream } from '../../src/adapters/memory/memory-sink.js';
import { MemorySink } from '../../src/adapters/memory/memory-sink.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../src/ports/sink.js';
import { SinkError } from '../../src/ports/sink.js';
import type { SourceOpener } from '../../src/ports/source.js';
import type { ScriptedStream } from '../runtime/scripted-source.js';
import { scriptedOpener } from '../runtime/scripted-source.js';
import type { SimProcess } from './sim-process.js';

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
  readonly streams: ReadonlyMap<string, ScriptedStream>;
  readonly process: SimProcess;
  /** Messages a reader may give at its n-th turn; 0: the wire is silent. */
  readonly pace?: (turn: number) => number;
}

export function simOpener({ streams, process, pace }: SimSourceOptions): SourceOpener {
  const habits = { clock: process, isDead: () => process.dead, ...(pace === undefined ? {} : { pace }) };
  const inner = scriptedOpener(streams, habits);
  return {
    async open(source, start) {
      const reader = await process.later(() => inner.open(source, start));
      return {
        get identity() {
          return reader.identity;
        },
        nextBatch: async (messagesMax, waitMsMax) => {
          await process.yield();
          return reader.nextBatch(messagesMax, waitMsMax);
        },
        close: () => reader.close(),
      };
    },
  };
}
