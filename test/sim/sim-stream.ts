/**
 * A stream on the simulated server, which may be damaged while nobody reads it: made anew, without messages it had, or with another
 * time of creation although it is the same. Whether a position in it still means something is decided by the adapter's own functions.
 */
import { identityOf, refusePosition } from '../../src/adapters/nats/stream-facts.js';
import type { StreamFacts } from '../../src/adapters/nats/stream-facts.js';
import { refuseUnlessSame } from '../../src/adapters/nats/stream-identity.js';
import type { SourceDocument } from '../../src/core/document/documents.js';
import type { Clock } from '../../src/ports/clock.js';
import { SourceError } from '../../src/ports/source.js';
import type { SourceBatch, SourceIdentity, SourceMessage, SourceReader, SourceStart } from '../../src/ports/source.js';
import type { SimProcess } from './sim-process.js';
import { silentLog } from './silence.js';

/** What a server holds under the name of a stream. */
interface Content {
  readonly createdAtMs: number;
  readonly firstSeq: number;
  readonly messages: SourceMessage[];
}

function lastSeqOf({ firstSeq, messages }: Content): number {
  return firstSeq - 1 + messages.length;
}

export class SimStream {
  /** As it would be had nothing happened to it. */
  private whole: Content;
  private damaged: Content | undefined;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly clock: Clock,
  ) {
    this.whole = { createdAtMs: clock.now(), firstSeq: 1, messages: [] };
  }

  /** What readers get to see. */
  get content(): Content {
    return this.damaged ?? this.whole;
  }

  get lastSeq(): number {
    return lastSeqOf(this.content);
  }

  /** Messages from a sequence on. */
  from(seq: number): readonly SourceMessage[] {
    const { firstSeq, messages } = this.content;
    return messages.slice(Math.max(0, seq - firstSeq));
  }

  facts(): StreamFacts {
    const { createdAtMs, firstSeq, messages } = this.content;
    return {
      name: this.name,
      createdAt: new Date(createdAtMs).toISOString(),
      firstSeq,
      lastSeq: this.lastSeq,
      messages: messages.length,
      firstStoredAtMs: messages[0]?.arrival ?? 0,
      lastStoredAtMs: messages.at(-1)?.arrival ?? 0,
      retention: 'limits',
      subjects: ['in.>'],
      fedByStreams: false,
    };
  }

  add(payload: unknown): void {
    const text = JSON.stringify(payload);
    const rest = { arrival: this.clock.now(), subject: `in.${this.name}`, headers: undefined, text, value: undefined };
    for (const content of [this.whole, this.damaged]) {
      content?.messages.push({ seq: lastSeqOf(content) + 1, ...rest });
    }
    this.wake();
  }

  /** Another stream of the same name. */
  recreate(): void {
    this.damaged = { createdAtMs: this.clock.now(), firstSeq: 1, messages: [] };
  }

  /** Without what stands at or below a sequence. */
  purge(through: number): void {
    const { createdAtMs } = this.whole;
    const messages = this.whole.messages.filter(({ seq }) => seq > through);
    this.damaged = { createdAtMs, firstSeq: through + 1, messages };
  }

  /** As a server that had not synced: its end is gone, and what comes next gets the same sequences. */
  cutBack(lastSeq: number): void {
    const messages = this.whole.messages.filter(({ seq }) => seq <= lastSeq);
    this.damaged = { ...this.whole, messages };
  }

  /** The same, but for when it says it was created. */
  forgetCreation(): void {
    this.whole = { ...this.whole, createdAtMs: this.clock.now() };
  }

  /** From its backup: with what it had, and what came since behind it. */
  restore(): void {
    this.damaged = undefined;
  }

  /** Nothing will be restored: what there is now is the stream. */
  accept(): void {
    this.whole = this.content;
    this.damaged = undefined;
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

export interface SimReading {
  readonly stream: SimStream;
  readonly source: SourceDocument;
  readonly process: SimProcess;
  /** Messages a reader may give at its n-th turn; 0: the wire is silent. */
  readonly pace?: (turn: number) => number;
}

/** Rejects with the refusals of the real adapter. */
export async function openReader(reading: SimReading, start: SourceStart): Promise<SourceReader> {
  const { stream, source } = reading;
  const facts = stream.facts();
  if (start.kind === 'position') {
    const { afterSeq, readTo = afterSeq, identity: expected } = start;
    const storedAt = (seq: number): Promise<number | undefined> =>
      Promise.resolve(stream.from(seq).find((message) => message.seq === seq)?.arrival);
    await refuseUnlessSame({ facts, storedAt, expected, afterSeq, log: silentLog });
    refusePosition(facts, { afterSeq, readTo, onGap: source.nats?.onGap ?? 'refuse' });
  }
  return new SimReader(reading, { at: positionOf(stream, start), identity: identityOf(facts, start) });
}

function positionOf(stream: SimStream, start: SourceStart): number {
  const { firstSeq } = stream.content;
  if (start.kind === 'position') return start.afterSeq;
  if (start.kind === 'new') return stream.lastSeq;
  if (start.kind === 'all') return firstSeq - 1;
  const first = stream.from(firstSeq).find(({ arrival = 0 }) => arrival >= start.timeMs);
  return (first?.seq ?? stream.lastSeq + 1) - 1;
}

class SimReader implements SourceReader {
  private known: SourceIdentity;
  private at: number;
  private closed = false;
  private turns = 0;

  constructor(
    private readonly reading: SimReading,
    { at, identity }: { readonly at: number; readonly identity: SourceIdentity },
  ) {
    this.at = at;
    this.known = identity;
  }

  get identity(): SourceIdentity {
    return this.known;
  }

  async nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    const { stream, process, pace } = this.reading;
    await process.yield();
    const room = Math.min(messagesMax, pace?.(this.turns++) ?? messagesMax);
    if (room === 0 || this.at === stream.lastSeq) await this.wait(waitMsMax);
    if (process.dead) return new Promise(() => undefined);
    if (this.closed) throw new SourceError('closed', 'The reader was closed.');
    const { firstSeq } = stream.content;
    const gaps = room > 0 && this.at + 1 < firstSeq ? [[this.at + 1, firstSeq - 1] as const] : [];
    const messages = stream.from(this.at + 1).slice(0, room);
    if (room > 0) this.at = messages.at(-1)?.seq ?? Math.max(this.at, firstSeq - 1);
    this.moveAnchor(messages.at(-1));
    const pending = stream.lastSeq - this.at;
    return { messages, caughtUp: pending === 0, ended: false, pending, gaps, scannedTo: this.at };
  }

  close(): Promise<void> {
    this.closed = true;
    this.reading.stream.wake();
    return Promise.resolve();
  }

  private moveAnchor(last: SourceMessage | undefined): void {
    if (last?.arrival === undefined) return;
    this.known = { ...this.known, anchor: { seq: last.seq, storedAtMs: last.arrival } };
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stopListening = this.reading.stream.onMore(() => {
        cancel();
        resolve();
      });
      const cancel = this.reading.process.after(ms, () => {
        stopListening();
        resolve();
      });
    });
  }
}
