import type { Log } from '../../ports/log.js';
import { SinkError } from '../../ports/sink.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../ports/sink.js';
import { expired, readAlertIds } from './alert-reading.js';
import { alertStreamName, ensureAlertStream, warnOfAlertStream } from './alert-stream.js';
import type { AlertStreamFacts, AlertStreamOptions } from './alert-stream.js';
import { EpisodeLog, reasonOf, retryDelayMs } from './backoff.js';
import { NatsClosedError } from './connection.js';
import type { NatsLink } from './connection.js';
import { PublishWindow, processTiming } from './publish-window.js';
import { openManager } from './stream-access.js';

/** Publishes to the alert stream, creating it if absent, while `mayPublish`. Closing the sink leaves the link open. */
export function natsAlertSink(
  link: NatsLink,
  options: AlertStreamOptions,
  log: Log,
  mayPublish: () => boolean = () => true,
): AlertSink {
  return new NatsAlertSink(link, options, log, mayPublish);
}

class NatsAlertSink implements AlertSink {
  readonly #window: PublishWindow;
  readonly #trouble: EpisodeLog;
  readonly #offs: readonly (() => void)[];
  #asking: Promise<AlertStreamFacts> | undefined;
  #warned = false;
  #closed = false;

  constructor(
    private readonly link: NatsLink,
    private readonly options: AlertStreamOptions,
    private readonly log: Log,
    mayPublish: () => boolean,
  ) {
    this.#trouble = new EpisodeLog(log, 'error');
    this.#window = new PublishWindow({
      timing: processTiming,
      connection: () => link.current(),
      prepare: () => this.#tryFacts(),
      mayPublish,
      published: (afterSeq) => this.#publishedForResend(afterSeq),
      onTrouble: (reason) => this.#say('Alerts cannot be published; trying again', reason),
      onRecovered: () => this.#trouble.clear(),
    });
    this.#offs = [
      link.onUp((connection) => this.#window.connected(connection)),
      link.onDown(() => (link.closed ? void this.close() : this.#window.disconnected())),
    ];
  }

  async lastSeq(): Promise<number> {
    return (await this.#awaitFacts()).lastSeq;
  }

  async publishedSince(afterSeq: number): Promise<ReadonlySet<string>> {
    return new Set((await this.#publishedAfter(afterSeq)).keys());
  }

  publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    return this.#window.publish(messages);
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const off of this.#offs ?? []) off();
    this.#window.close();
    return Promise.resolve();
  }

  async #publishedAfter(afterSeq: number): Promise<ReadonlyMap<string, number>> {
    const stream = alertStreamName(this.options);
    const { firstSeq, lastSeq } = await this.#awaitFacts();
    if (lastSeq < afterSeq) throw behind(stream, afterSeq, lastSeq);
    if (lastSeq === afterSeq) return new Map();
    if (firstSeq > afterSeq + 1) throw expired({ stream, afterSeq, firstSeq });
    return readAlertIds({ link: this.link, log: this.log, stream, afterSeq, lastSeq });
  }

  /** While running nobody can be asked: better an alert twice than none, and said. */
  async #publishedForResend(afterSeq: number): Promise<ReadonlyMap<string, number>> {
    try {
      return await this.#publishedAfter(afterSeq);
    } catch (error) {
      if (!(error instanceof SinkError) || error.code === 'closed') throw error;
      this.log.error(
        'Alerts whose acknowledgement is missing are published again without knowing whether they are there',
        { reason: error.message },
      );
      return new Map();
    }
  }

  /** The alert stream, waiting for the server. Rejects with `SinkError` when the stream cannot serve, or the sink is closed. */
  async #awaitFacts(): Promise<AlertStreamFacts> {
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        await this.link.ready();
        return await this.#tryFacts();
      } catch (error) {
        if (error instanceof SinkError) throw error;
        if (error instanceof NatsClosedError) break;
        this.#say('The alert stream cannot be reached; trying again', reasonOf(error));
      }
      await this.link.pause(retryDelayMs(attempt)).catch(() => undefined);
    }
    throw new SinkError('closed', 'The alert sink is closed.');
  }

  /** Asked once however many wait for it. */
  #tryFacts(): Promise<AlertStreamFacts> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<AlertStreamFacts> {
    const connection = this.link.current();
    if (connection === undefined) throw new Error('NATS is not connected');
    const facts = await ensureAlertStream(await openManager(connection), this.options, this.log);
    if (!this.#warned) warnOfAlertStream(facts, this.options, this.log);
    this.#warned = true;
    return facts;
  }

  #say(message: string, reason: string): void {
    if (!this.#closed) this.#trouble.say(message, { stream: alertStreamName(this.options), reason });
  }
}

function behind(stream: string, afterSeq: number, lastSeq: number): SinkError {
  return new SinkError(
    'alerts-behind',
    `Alert stream ${stream} ends at ${lastSeq}, but ${afterSeq} was acknowledged: it was created anew, or the server lost what it had stored. ` +
      'Choose: restore the stream, or start once with --accept-lost-alerts (what it lost stays lost).',
    { stream, afterSeq, lastSeq },
  );
}
