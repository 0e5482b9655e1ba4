import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../ports/log.js';
import { EpisodeLog, backoffMs, reasonOf } from './backoff.js';
import { planDialing } from './connection-options.js';
import type { DialPlan, NatsOptions } from './connection-options.js';
import { natsLimits } from './limits.js';

/**
 * A link to NATS: a succession of connections, one at a time. When one is lost the next is made, for ever, with a growing pause.
 * A `NatsConnection` taken from it therefore ends with its outage: what belongs to it (subscriptions, requests, KV handles) is made anew in `onUp`.
 */
export interface NatsLink {
  /** The connection, waiting for one if need be. Rejects with `NatsClosedError` once the link is closed. */
  ready(): Promise<NatsConnection>;
  /** The connection now, if there is one. */
  current(): NatsConnection | undefined;
  status(): NatsStatus;
  /** Called at every new connection, and at once if there is one; the result stops it. */
  onUp(listener: (connection: NatsConnection) => void): () => void;
  /** Called when a connection is lost, and when the link is closed. */
  onDown(listener: () => void): () => void;
  /** Waits. Rejects with `NatsClosedError` as soon as the link is closed. */
  pause(ms: number): Promise<void>;
  readonly closed: boolean;
  /** Flushes what was published, then closes; never takes longer than `closeTimeoutMs`. */
  close(): Promise<void>;
}

/** For health. */
export interface NatsStatus {
  /** `waiting`: never connected yet. */
  readonly state: 'waiting' | 'connected' | 'reconnecting' | 'closed';
  readonly connected: boolean;
  /** Of the server connected to, now or last. */
  readonly serverVersion: string | undefined;
  readonly url: string | undefined;
  /** ms since the epoch: when this state began. */
  readonly sinceMs: number;
  /** Connections lost so far. */
  readonly outages: number;
  /** Why the last attempt to connect failed, while not connected. */
  readonly lastError: string | undefined;
}

/** The link was closed while something waited for it. */
export class NatsClosedError extends Error {
  override readonly name = 'NatsClosedError';
  readonly code = 'closed';
  constructor() {
    super('The NATS link is closed.');
  }
}

/**
 * Opens a link. Rejects with `NatsOptionsError` when the options cannot be used as written; an absent server, or one that refuses us,
 * is waited for: the link is returned at once, and `ready()` resolves when it is connected.
 */
export function connectNats(options: NatsOptions, log: Log): Promise<NatsLink> {
  return new Promise((resolve) => resolve(new Link(planDialing(options), log)));
}

/** A connection that lived shorter than this does not reset the pause between attempts. */
const stableConnectionMs = 5_000;

class Link implements NatsLink {
  #connection: NatsConnection | undefined;
  #closed = false;
  #state: NatsStatus['state'] = 'waiting';
  #sinceMs = Date.now();
  #serverVersion: string | undefined;
  #url: string | undefined;
  #outages = 0;
  #lastError: string | undefined;
  /** Servers a cluster told us of, tried beside those configured. */
  #gossiped: readonly string[] = [];
  readonly #waiting = new Set<{ resolve(connection: NatsConnection): void; reject(error: Error): void }>();
  readonly #upListeners = new Set<(connection: NatsConnection) => void>();
  readonly #downListeners = new Set<() => void>();
  readonly #pauses = new Set<() => void>();
  readonly #trouble: EpisodeLog;

  constructor(
    private readonly plan: DialPlan,
    private readonly log: Log,
  ) {
    this.#trouble = new EpisodeLog(log, 'warn');
    void this.#run();
  }

  get closed(): boolean {
    return this.#closed;
  }

  current(): NatsConnection | undefined {
    return this.#connection;
  }

  ready(): Promise<NatsConnection> {
    if (this.#closed) return Promise.reject(new NatsClosedError());
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  status(): NatsStatus {
    return {
      state: this.#state,
      connected: this.#state === 'connected',
      serverVersion: this.#serverVersion,
      url: this.#url,
      sinceMs: this.#sinceMs,
      outages: this.#outages,
      lastError: this.#lastError,
    };
  }

  onUp(listener: (connection: NatsConnection) => void): () => void {
    this.#upListeners.add(listener);
    if (this.#connection !== undefined) listener(this.#connection);
    return () => this.#upListeners.delete(listener);
  }

  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  pause(ms: number): Promise<void> {
    if (this.#closed) return Promise.reject(new NatsClosedError());
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(wake);
        if (this.#closed) reject(new NatsClosedError());
        else resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#pauses.add(wake);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const connection = this.#connection;
    this.#lose('closed');
    for (const wake of [...this.#pauses]) wake();
    for (const waiter of this.#waiting) waiter.reject(new NatsClosedError());
    this.#waiting.clear();
    if (connection !== undefined) await closeWithin(connection, natsLimits.closeTimeoutMs);
  }

  /** One connection after the other until closed. */
  async #run(): Promise<void> {
    let attempt = 0;
    while (!this.#closed) {
      const connection = await this.#dial();
      if (connection !== undefined) {
        const startedAt = performance.now();
        this.#gain(connection);
        await this.#watch(connection);
        if (this.#closed) return;
        this.#outages += 1;
        this.#lose('reconnecting');
        this.#trouble.say('NATS connection lost; connecting again', { url: this.#url });
        attempt = performance.now() - startedAt > stableConnectionMs ? 0 : attempt + 1;
      } else {
        attempt += 1;
      }
      const delay = backoffMs(attempt, {
        minMs: natsLimits.reconnectDelayMsMin,
        maxMs: natsLimits.reconnectDelayMsMax,
      });
      await this.pause(delay).catch(() => undefined);
    }
  }

  /** Every server once, in any order. */
  async #dial(): Promise<NatsConnection | undefined> {
    const servers = [...new Set([...this.plan.servers, ...this.#gossiped])];
    for (const server of shuffled(servers)) {
      if (this.#closed) return undefined;
      try {
        const connection = await connect(this.plan.optionsFor(server));
        if (!this.#closed) return connection;
        await closeWithin(connection, natsLimits.closeTimeoutMs);
      } catch (error) {
        this.#lastError = reasonOf(error);
      }
    }
    if (!this.#closed) this.#trouble.say('NATS is not reachable; waiting for it', { servers, reason: this.#lastError });
    return undefined;
  }

  #gain(connection: NatsConnection): void {
    const downMs = Date.now() - this.#sinceMs;
    const again = this.#state === 'reconnecting';
    this.#enter('connected');
    this.#connection = connection;
    this.#lastError = undefined;
    this.#serverVersion = connection.info?.version;
    this.#url = connection.getServer();
    this.#trouble.clear();
    const fields = { url: this.#url, serverVersion: this.#serverVersion };
    this.log.info(again ? 'NATS connected again' : 'NATS connected', again ? { ...fields, outageMs: downMs } : fields);
    for (const waiter of this.#waiting) waiter.resolve(connection);
    this.#waiting.clear();
    for (const listener of [...this.#upListeners]) listener(connection);
  }

  #lose(state: 'reconnecting' | 'closed'): void {
    this.#connection = undefined;
    this.#enter(state);
    for (const listener of [...this.#downListeners]) listener();
  }

  #enter(state: NatsStatus['state']): void {
    this.#state = state;
    this.#sinceMs = Date.now();
  }

  /** Settles when the connection is gone. What the server complains about meanwhile (permissions above all) is logged. */
  async #watch(connection: NatsConnection): Promise<void> {
    const complaints = new EpisodeLog(this.log, 'error');
    for await (const status of connection.status()) {
      if (status.type === 'error') complaints.say('NATS server error', { reason: reasonOf(status.error) });
      if (status.type === 'ldm') this.log.info('NATS server is shutting down gracefully', { url: this.#url });
      if (status.type === 'disconnect' && connection === this.#connection) this.#connection = undefined;
    }
    this.#gossiped = connection.info?.connect_urls ?? this.#gossiped;
    const error = await connection.closed();
    if (error instanceof Error) this.#lastError = reasonOf(error);
  }
}

/** Drains, then closes; closes anyway when draining takes too long. */
async function closeWithin(connection: NatsConnection, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  const drained = connection.isClosed() ? Promise.resolve() : connection.drain().catch(() => undefined);
  await Promise.race([drained, late]);
  clearTimeout(timer);
  if (!connection.isClosed()) await Promise.race([connection.close().catch(() => undefined), Promise.resolve()]);
}

/** In random order, so that many clients spread over the servers. */
function shuffled(servers: readonly string[]): readonly string[] {
  return servers
    .map((server) => ({ server, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ server }) => server);
}
