/**
 * The publishing side of the real adapter (its window of messages in flight) over a simulated wire to the alert server. What is sent
 * may be lost on the way or answered with a failure; an acknowledgement may be lost, or come when it is not expected any more; the
 * connection may be cut, with all that is under way on it.
 */
import { MemorySink } from '../../src/adapters/memory/memory-sink.js';
import { PublishWindow } from '../../src/adapters/nats/publish-window.js';
import type { PublishConnection } from '../../src/adapters/nats/publish-window.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../src/ports/sink.js';
import { SinkError } from '../../src/ports/sink.js';
import type { AlertServer } from './alert-server.js';
import type { WireFaults } from './sim-plan.js';
import type { Lane, SimProcess } from './sim-process.js';
import { below } from './sim-process.js';

export const CALM_WIRE: WireFaults = { lost: 0, refused: 0, ackLost: 0, ackLate: 0, cut: 0 };
const LATE_MS_MAX = 20_000;
const AWAY_MS_MAX = 3_000;
const DELAY_MS_MIN = 50;
const DELAY_MS_MAX = 5_000;

export interface SimSinkOptions {
  readonly server: AlertServer;
  readonly process: SimProcess;
  readonly random: () => number;
  readonly faults?: WireFaults;
}

type Publish = Parameters<PublishConnection['publish']>;
type Subscribe = NonNullable<Parameters<PublishConnection['subscribe']>[1]>;
type Msg = Parameters<NonNullable<Subscribe['callback']>>[1];

export class SimSink implements AlertSink {
  private readonly window: PublishWindow;
  private connection: SimConnection | undefined;
  private closed = false;

  constructor(private readonly options: SimSinkOptions) {
    const { process, server } = options;
    this.window = new PublishWindow({
      timing: {
        monotonic: () => process.monotonic(),
        after: (ms, call) => process.after(ms, call),
        delayMs: (attempt) => Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(attempt, 10)),
      },
      connection: () => this.connection,
      prepare: () => this.ask(() => ({ lastSeq: server.stream.lastSeq, duplicateWindowMs: server.duplicateWindowMs })),
      published: (afterSeq) =>
        this.ask(() => new Map(server.stream.messages.flatMap(({ id, seq }) => (seq > afterSeq ? [[id, seq]] : [])))),
      mayPublish: () => true,
      onTrouble: () => undefined,
      onRecovered: () => undefined,
    });
    this.connect();
  }

  async lastSeq(): Promise<number> {
    return this.options.process.later(() => this.options.server.stream.lastSeq);
  }

  async publishedSince(afterSeq: number): Promise<ReadonlySet<string>> {
    const { process, server } = this.options;
    return process.later(() => new MemorySink({ stream: server.stream }).publishedSince(afterSeq));
  }

  publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    return this.window.publish(messages);
  }

  close(): Promise<void> {
    this.closed = true;
    this.window.close();
    return Promise.resolve();
  }

  /** Behind all that was sent before on the connection; rejects when that is cut meanwhile. */
  private async ask<T>(effect: () => T): Promise<T> {
    const { connection } = this;
    if (connection === undefined) throw new SinkError('connection', 'The server is not connected.');
    const answer = await this.options.process.inLane(connection.outward, effect);
    if (connection !== this.connection) throw new SinkError('connection', 'The connection was cut.');
    return answer;
  }

  private connect(): void {
    const onCut = (): void => this.cut();
    this.connection = new SimConnection({ ...this.options, onCut });
    this.window.connected(this.connection);
  }

  private cut(): void {
    const { process, random } = this.options;
    this.connection = undefined;
    this.window.disconnected();
    process.after(random() * AWAY_MS_MAX, () => {
      if (!this.closed) this.connect();
    });
  }
}

type ConnectionOptions = SimSinkOptions & { readonly onCut: () => void };

class SimConnection {
  /** To the server, and back. */
  readonly outward: Lane = { freeAtMs: 0 };
  private readonly inward: Lane = { freeAtMs: 0 };
  private answer: ((message: Msg) => void) | undefined;
  private isCut = false;

  constructor(private readonly options: ConnectionOptions) {}

  subscribe(_subject: string, { callback }: Subscribe = {}): ReturnType<PublishConnection['subscribe']> {
    this.answer = (message) => void callback?.(null, message);
    return undefined as unknown as ReturnType<PublishConnection['subscribe']>;
  }

  publish(subject: Publish[0], body: Publish[1], options: Publish[2] = {}): void {
    const { process, random, faults = CALM_WIRE } = this.options;
    const [id, contentType] = ['Nats-Msg-Id', 'content-type'].map((name) => options.headers?.get(name) ?? '');
    const message = { id: id ?? '', subject, contentType: contentType ?? '', body: String(body) };
    const isLost = random() < faults.lost;
    void process.inLane(this.outward, () => {
      if (!isLost && !this.isCut) this.arrive(message, options.reply ?? '');
    });
  }

  private arrive(message: OutboundMessage, reply: string): void {
    const { server, random, faults = CALM_WIRE } = this.options;
    if (random() < faults.refused) return this.reply(answerOf(reply, ''), false);
    const { seq, duplicate } = server.store(message);
    if (random() < faults.cut) {
      this.isCut = true;
      this.options.onCut();
    }
    if (random() >= faults.ackLost) this.reply(answerOf(reply, JSON.stringify({ seq, duplicate })), true);
  }

  /** A late answer comes by itself, others in order. */
  private reply(message: Msg, mayBeLate: boolean): void {
    const { process, random, faults = CALM_WIRE } = this.options;
    const isLate = mayBeLate && random() < faults.ackLate;
    const lane = isLate ? { freeAtMs: 0 } : this.inward;
    const moreMs = isLate ? below(random, LATE_MS_MAX) : 0;
    void process.inLane(lane, () => (this.isCut ? undefined : this.answer?.(message)), moreMs);
  }
}

/** As the client gives it; without text: that nobody answers for the stream now. */
function answerOf(subject: string, text: string): Msg {
  const data = new TextEncoder().encode(text);
  const headers = text === '' ? { code: 503 } : undefined;
  return { subject, data, headers, string: () => text } as unknown as Msg;
}
