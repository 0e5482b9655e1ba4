/** Streams in memory, read as a test wants: in pieces of any size, with pauses, by readers that can die. */
import type { SourceDocument } from '../../src/core/document/documents.js';
import type { Clock } from '../../src/ports/clock.js';
import { SourceError } from '../../src/ports/source.js';
import type {
  SourceBatch,
  SourceIdentity,
  SourceMessage,
  SourceOpener,
  SourceReader,
  SourceStart,
} from '../../src/ports/source.js';

/** What a stream holds; it outlives its readers. */
export class ScriptedStream {
  readonly messages: SourceMessage[] = [];
  /** A bounded source: its readers end. */
  ends = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly clock: Clock,
  ) {}

  add(payload: unknown, arrival = this.clock.now()): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const seq = this.messages.length + 1;
    this.messages.push({ seq, arrival, subject: `in.${this.name}`, headers: undefined, text, value: undefined });
    this.wake();
  }

  /** Calls once when something was added. */
  onMore(call: () => void): () => void {
    this.waiting.add(call);
    return () => void this.waiting.delete(call);
  }

  wake(): void {
    for (const call of [...this.waiting]) call();
    this.waiting.clear();
  }
}

export interface ReadingHabits {
  readonly clock: Clock;
  /** Messages a reader may give at its n-th turn, counted from 0; 0 lets it wait. Default: all it is asked for. */
  readonly pace?: (turn: number) => number;
  /** True when the process is dead: nothing is answered any more. */
  readonly isDead: () => boolean;
}

const never = new Promise<never>(() => undefined);

function positionOf({ messages }: ScriptedStream, start: SourceStart): number {
  if (start.kind === 'position') return start.afterSeq;
  if (start.kind === 'new') return messages.length;
  if (start.kind === 'all') return 0;
  const first = messages.findIndex(({ arrival }) => arrival !== undefined && arrival >= start.timeMs);
  return first < 0 ? messages.length : first;
}

class ScriptedReader implements SourceReader {
  private at: number;
  private closed = false;
  private turns = 0;

  constructor(
    private readonly stream: ScriptedStream,
    start: SourceStart,
    private readonly habits: ReadingHabits,
  ) {
    this.at = positionOf(stream, start);
  }

  get identity(): SourceIdentity {
    const { name, messages } = this.stream;
    return { kind: 'jetstream', id: name, firstSeq: 1, lastSeq: messages.length };
  }

  async nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    const { stream, habits } = this;
    const room = Math.min(messagesMax, habits.pace?.(this.turns++) ?? messagesMax);
    if (!stream.ends && (room === 0 || this.at === stream.messages.length)) await this.wait(waitMsMax);
    if (habits.isDead()) return never;
    if (this.closed) throw new SourceError('closed', 'The reader was closed.');
    const messages = stream.messages.slice(this.at, this.at + room);
    this.at += messages.length;
    const caughtUp = this.at === stream.messages.length;
    const pending = stream.messages.length - this.at;
    return { messages, caughtUp, ended: caughtUp && stream.ends, pending, gaps: [], scannedTo: this.at };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stream.wake();
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stopListening = this.stream.onMore(() => {
        cancel();
        resolve();
      });
      const cancel = this.habits.clock.after(ms, () => {
        stopListening();
        resolve();
      });
    });
  }
}

/** Opens `nats` sources on scripted streams. */
export function scriptedOpener(streams: ReadonlyMap<string, ScriptedStream>, habits: ReadingHabits): SourceOpener {
  return {
    async open(source: SourceDocument, start: SourceStart): Promise<SourceReader> {
      const name = source.nats?.stream ?? '';
      const stream = streams.get(name);
      if (stream === undefined) throw new SourceError('stream-not-found', `There is no stream ${name}.`);
      if (start.kind === 'position' && start.identity.id !== name) {
        throw new SourceError('stream-recreated', `The position is one in ${start.identity.id}, not in ${name}.`);
      }
      return new ScriptedReader(stream, start, habits);
    },
  };
}
