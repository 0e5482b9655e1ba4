/**
 * Nest's NATS transport, for an API that must outlive NATS.
 * **Invariants**: starting never waits for NATS; as long as the API runs, it is connected or trying to be; a
 * request is answered exactly once; a message without a reply subject is never acted upon.
 */
import { ServerNats } from '@nestjs/microservices';
import type { NatsContext } from '@nestjs/microservices';
import type { Msg, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import { apiLimits } from '../app-limits.js';
import { problemDocument, ProblemError } from '../problem/problem.js';
import { decodeRequest, encodeAnswer, encodeProblem } from './nats-bodies.js';
import type { OutgoingAnswer } from './nats-bodies.js';

export interface NatsApiSettings {
  readonly connection: NodeConnectionOptions;
  readonly prefix: string;
  readonly log: Log;
}

export class NatsApiServer extends ServerNats {
  private connection: NatsConnection | undefined;
  private reachable = false;
  /** The server knows of the subscriptions: a request finds somebody. */
  private attached = false;
  private closing = false;
  private stopWaiting: () => void = () => undefined;
  private lastFailure = '';
  private readonly underway = new Set<Promise<unknown>>();

  constructor(private readonly settings: NatsApiSettings) {
    super({
      name: 'weir-api',
      ...settings.connection,
      // Said even when undefined: Nest's default would contradict a `port`.
      servers: settings.connection.servers,
      reconnect: true,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: false,
      ignoreAuthErrorAbort: true,
      queue: settings.prefix,
      deserializer: {
        deserialize: (message: Msg, options?: { channel?: string }) => decodeRequest(message, options?.channel ?? ''),
      },
      serializer: { serialize: encodeAnswer },
    });
    this.status.subscribe((status) => {
      this.reachable = false;
      if (status === 'connected') void this.confirmReachable();
    });
  }

  get connected(): boolean {
    return this.reachable && this.attached && !this.closing;
  }

  /** Handlers name their subjects without the prefix, which is known only here. */
  override addHandler(...[pattern, ...rest]: Parameters<ServerNats['addHandler']>): void {
    super.addHandler(`${this.settings.prefix}.${String(pattern)}`, ...rest);
  }

  override async listen(callback: (error?: unknown) => void): Promise<void> {
    void this.keepAttached();
    callback();
  }

  override async createNatsClient(): Promise<NatsConnection> {
    const connection = (await super.createNatsClient()) as NatsConnection;
    this.connection = connection;
    if (this.closing) await connection.close();
    return connection;
  }

  /** A refused subscription is logged with the connection's status, so not here again. */
  override getMessageHandler(channel: string): (error: Error | null, message: Msg) => Promise<void> {
    return async (error, message) => {
      if (error === null) await this.handleMessage(channel, message).catch((failure) => this.handleError(failure));
    };
  }

  override async handleMessage(channel: string, message: Msg): Promise<void> {
    if (message.reply === undefined || message.reply === '' || this.closing) return;
    const work = super.handleMessage(channel, message);
    this.underway.add(work);
    try {
      await work;
    } finally {
      this.underway.delete(work);
    }
  }

  override getPublisher(message: Msg, _id: string, _context: NatsContext): (answer: OutgoingAnswer) => void {
    return (answer) => {
      if (answer.response === undefined && answer.err === undefined) return;
      this.respond(message, answer);
    };
  }

  /** Never waits for a server that does not answer: a connection that still comes about is closed at once. */
  override async close(): Promise<void> {
    this.closing = true;
    this.stopWaiting();
    if (this.reachable) await this.finishUnderway();
    await super.close();
  }

  private respond(message: Msg, answer: OutgoingAnswer): void {
    const encoded = encodeAnswer(answer);
    const bytesMax = this.connection?.info?.max_payload ?? Infinity;
    if (encoded.data.length + encoded.headers.toString().length <= bytesMax) {
      message.respond(encoded.data, { headers: encoded.headers });
      return;
    }
    const detail = `The answer has ${encoded.data.length} bytes, the NATS server takes ${bytesMax}: ask over HTTP.`;
    const problem = encodeProblem(problemDocument(new ProblemError('answer-too-large', { detail }), message.subject));
    message.respond(problem.data, { headers: problem.headers });
  }

  /** Connects, and connects anew should the client ever give up, until closed. */
  private async keepAttached(): Promise<void> {
    for (let failures = 0; !this.closing;) {
      const failure = await this.attach();
      if (failure === undefined) {
        failures = 0;
        this.lastFailure = '';
        await this.confirmReachable();
        this.attached = true;
        this.settings.log.info('API over NATS attached', { component: 'api', prefix: this.settings.prefix });
        await this.connection?.closed();
        this.attached = false;
        this.reachable = false;
      } else {
        failures += 1;
        this.noteFailure(failure);
      }
      if (!this.closing) await this.pause(Math.min(apiLimits.natsRetryMsMin * 2 ** failures, apiLimits.natsRetryMsMax));
    }
  }

  /** Reachable once the server has answered after our subscriptions, which a reconnect makes anew. */
  private async confirmReachable(): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return;
    await connection.flush().then(
      () => (this.reachable = true),
      () => undefined,
    );
  }

  private attach(): Promise<unknown> {
    return new Promise((resolve) => void super.listen(resolve));
  }

  /** Logged once for each new reason, not once for each attempt. */
  private noteFailure(failure: unknown): void {
    const reason = failure instanceof Error ? failure.message : String(failure);
    if (reason === this.lastFailure || this.closing) return;
    this.lastFailure = reason;
    this.settings.log.warn('API over NATS not attached, trying on', { component: 'api', reason });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Requests already taken are answered and their answers sent, within a limit. */
  private async finishUnderway(): Promise<void> {
    const sent = Promise.allSettled(this.underway).then(() => this.connection?.flush());
    await Promise.race([sent.catch(() => undefined), this.pause(apiLimits.closeMsMax)]);
    this.stopWaiting();
  }
}
