import type { NatsConnection } from '@nats-io/transport-node';
import type { SourceDocument } from '../../core/document/documents.js';
import type { Log } from '../../ports/log.js';
import { SourceError } from '../../ports/source.js';
import type { SourceOpenOptions, SourceOpener, SourceReader, SourceStart } from '../../ports/source.js';
import { EpisodeLog, retryDelayMs } from './backoff.js';
import type { NatsLink } from './connection.js';
import { CoreReader } from './core-reader.js';
import { awaitStream, createConsumer, dropConsumer, openManager, waitReasonOf } from './stream-access.js';
import type { WaitReason } from './stream-access.js';
import { refusePosition, refuseRetention, subjectsMeet } from './stream-facts.js';
import type { StreamFacts } from './stream-facts.js';
import { refuseUnlessSame, storedAtIn } from './stream-identity.js';
import { StreamReader, toSourceError } from './stream-reader.js';

export interface NatsSourceOptions {
  /** Begins the names of the consumers, for whoever lists them on the server; default `weir`. */
  readonly consumerPrefix?: string;
}

/** Opens `nats` sources: JetStream streams, and core NATS where no stream is named. One link serves any number of readers. */
export function natsSourceOpener(link: NatsLink, options: NatsSourceOptions, log: Log): SourceOpener {
  const consumerPrefix = options.consumerPrefix ?? 'weir';
  return {
    open: (source, start, openOptions = {}) =>
      new Opening({ link, log, consumerPrefix, source, options: openOptions }).open(start).catch((error: unknown) => {
        throw toSourceError(error, source.name);
      }),
  };
}

interface OpeningContext {
  readonly link: NatsLink;
  readonly log: Log;
  readonly consumerPrefix: string;
  readonly source: SourceDocument;
  readonly options: SourceOpenOptions;
}

type PositionStart = Extract<SourceStart, { kind: 'position' }>;

/** One `open`: waits for what is absent, refuses what cannot be read, resolves the start to a sequence. */
class Opening {
  readonly #waiting: EpisodeLog;
  #sawNoStream = false;
  #waitingCode: string | undefined;

  constructor(private readonly context: OpeningContext) {
    this.#waiting = new EpisodeLog(context.log, 'warn');
  }

  async open(start: SourceStart): Promise<SourceReader> {
    const { nats, name } = this.context.source;
    if (nats === undefined)
      throw new SourceError('not-nats', `Source ${name} has no \`nats\` section.`, { source: name });
    if (nats.stream === undefined) return this.#openCore(nats.subjects, start);
    const facts = await this.#awaitStream(nats.stream);
    refuseRetention(facts);
    const onGap = nats.onGap ?? 'refuse';
    if (start.kind === 'position') await this.#checkPosition(facts, start, onGap);
    if (!subjectsMeet(facts, nats.subjects)) this.#warnOfSubjects(facts, nats.subjects);
    const afterSeq = await this.#resolveStart(facts, start);
    const { link, log, consumerPrefix } = this.context;
    log.info('A source reads its stream', { source: name, stream: nats.stream, afterSeq, lastSeq: facts.lastSeq });
    return new StreamReader({
      link,
      log,
      consumerPrefix: `${consumerPrefix}_${name}`,
      source: name,
      subjects: nats.subjects,
      isPart: this.context.options.isPart === true,
      onGap,
      facts,
      start,
      afterSeq,
    });
  }

  async #openCore(subjects: readonly string[], start: SourceStart): Promise<SourceReader> {
    while (this.context.link.current() === undefined) {
      this.#wait({
        code: 'connection',
        message: `NATS is not connected: ${this.context.link.status().lastError ?? 'waiting for it'}`,
      });
      await this.context.link.pause(retryDelayMs(0));
    }
    const afterSeq = start.kind === 'position' ? start.afterSeq : 0;
    return new CoreReader({
      link: this.context.link,
      log: this.context.log,
      source: this.context.source.name,
      subjects,
      afterSeq,
    });
  }

  async #checkPosition(facts: StreamFacts, start: PositionStart, onGap: 'refuse' | 'continue'): Promise<void> {
    const { log } = this.context;
    const { afterSeq, identity } = start;
    await this.#retrying(facts.name, (connection) =>
      refuseUnlessSame({ facts, storedAt: storedAtIn(connection, facts.name), expected: identity, afterSeq, log }),
    );
    refusePosition(facts, { afterSeq, readTo: start.readTo ?? afterSeq, onGap });
  }

  #awaitStream(stream: string): Promise<StreamFacts> {
    return awaitStream({ link: this.context.link, stream, onWaiting: (reason) => this.#wait(reason) });
  }

  async #resolveStart(facts: StreamFacts, start: SourceStart): Promise<number> {
    if (start.kind === 'position') return start.afterSeq;
    // A stream that was made while we waited for it holds nothing that is not new.
    if (start.kind === 'new') return this.#sawNoStream ? Math.max(0, facts.firstSeq - 1) : facts.lastSeq;
    if (start.kind === 'all') return Math.max(0, facts.firstSeq - 1);
    return this.#findTime(facts.name, start.timeMs);
  }

  /** The sequence before the first message stored at or after the time: the server's own search, asked through a consumer. */
  #findTime(stream: string, timeMs: number): Promise<number> {
    return this.#retrying(stream, async (connection) => {
      const manager = await openManager(connection);
      const prefix = `${this.context.consumerPrefix}_time`;
      const info = await createConsumer(manager, { stream, prefix, start: { timeMs }, headersOnly: true, filter: [] });
      dropConsumer(connection, stream, info.name);
      return info.delivered.stream_seq;
    });
  }

  /** Asks the server until it answers. A refusal ends it. */
  async #retrying<T>(stream: string, ask: (connection: NatsConnection) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const connection = await this.context.link.ready();
      try {
        return await ask(connection);
      } catch (error) {
        if (error instanceof SourceError) throw error;
        this.#wait(waitReasonOf(error, stream));
      }
      await this.context.link.pause(retryDelayMs(attempt));
    }
  }

  #wait(reason: WaitReason): void {
    const source = this.context.source.name;
    if (reason.code === 'stream-not-found') this.#sawNoStream = true;
    if (this.context.options.isCancelled?.() === true)
      throw new SourceError('cancelled', `Opening source ${source} was cancelled.`, { source });
    if (reason.code !== this.#waitingCode) {
      this.#waitingCode = reason.code;
      this.#waiting.clear();
      this.context.options.onWaiting?.(reason);
    }
    this.#waiting.say('A source is waiting', { source, reason: reason.message });
  }

  #warnOfSubjects(facts: StreamFacts, subjects: readonly string[]): void {
    this.context.log.warn('None of the subjects of a source can be in its stream: it will see nothing', {
      source: this.context.source.name,
      stream: facts.name,
      subjects,
      streamSubjects: facts.subjects,
    });
  }
}
