import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectNats } from '../../../src/adapters/nats/connection.js';
import type { NatsLink } from '../../../src/adapters/nats/connection.js';
import type { NatsOptions } from '../../../src/adapters/nats/connection-options.js';
import { natsSourceOpener } from '../../../src/adapters/nats/source-opener.js';
import type { SourceDocument } from '../../../src/core/document/documents.js';
import type { Log, LogFields } from '../../../src/ports/log.js';
import type { SourceBatch, SourceMessage, SourceOpener, SourceReader } from '../../../src/ports/source.js';
import { TestNatsServer } from '../../support/nats-server.js';
import type { TestServerOptions } from '../../support/nats-server.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what was said. */
export class CollectedLog implements Log {
  readonly lines: LogLine[] = [];
  debug = (message: string, fields: LogFields = {}): void => void this.lines.push({ level: 'debug', message, fields });
  info = (message: string, fields: LogFields = {}): void => void this.lines.push({ level: 'info', message, fields });
  warn = (message: string, fields: LogFields = {}): void => void this.lines.push({ level: 'warn', message, fields });
  error = (message: string, fields: LogFields = {}): void => void this.lines.push({ level: 'error', message, fields });

  said(part: string): readonly LogLine[] {
    return this.lines.filter((line) => JSON.stringify(line).includes(part));
  }
}

/** A server, a link to it, and an administrator's connection beside the link. */
export class NatsFixture {
  readonly opener: SourceOpener;
  #admin: NatsConnection | undefined;
  #adminUrl: string | undefined;

  private constructor(
    readonly server: TestNatsServer,
    readonly link: NatsLink,
    readonly log: CollectedLog,
  ) {
    this.opener = natsSourceOpener(link, {}, log);
  }

  static async start(options: TestServerOptions = {}): Promise<NatsFixture> {
    return NatsFixture.on(await TestNatsServer.start(options));
  }

  static async on(server: TestNatsServer, options: Partial<NatsOptions> = {}): Promise<NatsFixture> {
    const log = new CollectedLog();
    const link = await connectNats({ servers: server.url, ...options }, log);
    return new NatsFixture(server, link, log);
  }

  async admin(): Promise<NatsConnection> {
    if (this.#admin === undefined || this.#admin.isClosed()) {
      this.#admin = await connect({ servers: this.#adminUrl ?? this.server.url, reconnect: false });
    }
    return this.#admin;
  }

  /** Stops the server and administers its directory through another one. */
  async behindItsBack(work: () => Promise<void>): Promise<void> {
    await this.server.stop();
    await this.server.elsewhere(async (url) => {
      this.#adminUrl = url;
      await work();
      await this.#admin?.close();
      this.#adminUrl = undefined;
    });
  }

  async manager(): Promise<JetStreamManager> {
    return jetstreamManager(await this.admin());
  }

  async addStream(name: string, subjects: string[], config: Partial<StreamConfig> = {}): Promise<void> {
    await (await this.manager()).streams.add({ name, subjects, ...config });
  }

  /** Stores messages with the bodies `0`, `1`, … from `from` on, acknowledged by the stream. */
  async store(stream: string, subject: string, count: number, from = 0): Promise<readonly string[]> {
    const admin = await this.admin();
    const manager = await this.manager();
    const before = (await manager.streams.info(stream)).state.last_seq;
    const bodies = Array.from({ length: count }, (_, i) => String(from + i));
    for (const body of bodies) admin.publish(subject, body);
    await admin.flush();
    await until(async () => (await manager.streams.info(stream)).state.last_seq >= before + count);
    return bodies;
  }

  async dispose(): Promise<void> {
    await this.#admin?.close();
    await this.link.close();
    await this.server.dispose();
  }
}

export function natsSource(
  stream: string | undefined,
  subjects: readonly string[],
  onGap?: 'refuse' | 'continue',
): SourceDocument {
  return { kind: 'source', name: 'under-test', nats: { stream, subjects, onGap }, event: { time: 'arrival' } };
}

/** Polls until the condition holds; throws after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Reading {
  readonly messages: SourceMessage[];
  readonly gaps: (readonly [number, number])[];
  last: SourceBatch | undefined;
}

/** Reads until `done`; throws after `timeoutMs`, and with what the reader rejects with. */
export async function read(
  reader: SourceReader,
  done: (reading: Reading) => boolean,
  timeoutMs = 20_000,
): Promise<Reading> {
  const reading: Reading = { messages: [], gaps: [], last: undefined };
  const end = performance.now() + timeoutMs;
  while (!done(reading)) {
    if (performance.now() > end) throw new Error(`only ${reading.messages.length} messages came`);
    const batch = await reader.nextBatch(1_000, 100);
    reading.messages.push(...batch.messages);
    reading.gaps.push(...batch.gaps);
    reading.last = batch;
  }
  return reading;
}

export const texts = (reading: Reading): (string | undefined)[] => reading.messages.map((message) => message.text);
