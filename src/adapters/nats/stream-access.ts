import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import { nuid } from '@nats-io/transport-node';
import { reasonOf, retryDelayMs } from './backoff.js';
import { NatsClosedError } from './connection.js';
import type { NatsLink } from './connection.js';
import { natsLimits } from './limits.js';
import { factsOf } from './stream-facts.js';
import type { StreamFacts } from './stream-facts.js';

/** The JetStream API over the connection there is now. */
export async function openManager(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout: natsLimits.apiTimeoutMs });
}

/** Why something has to wait. */
export interface WaitReason {
  /** `stream-not-found`, `jetstream` (the API does not answer, or refuses), `connection`. */
  readonly code: string;
  readonly message: string;
}

export interface AwaitOptions {
  readonly link: NatsLink;
  readonly stream: string;
  /** Told at every failed attempt. May throw, to stop waiting. */
  onWaiting(reason: WaitReason): void;
}

/** The stream's facts now, waiting for the server and for the stream, for ever. Rejects with `NatsClosedError` when the link is closed. */
export async function awaitStream(options: AwaitOptions): Promise<StreamFacts> {
  for (let attempt = 0; ; attempt++) {
    const found = await tryStream(options.link, options.stream);
    if ('facts' in found) return found.facts;
    options.onWaiting(found.reason);
    await options.link.pause(
      found.reason.code === 'connection' ? natsLimits.reconnectDelayMsMin : retryDelayMs(attempt),
    );
  }
}

type StreamAttempt = { readonly facts: StreamFacts } | { readonly reason: WaitReason };

/** One look at the stream; not waiting for a connection. */
async function tryStream(link: NatsLink, stream: string): Promise<StreamAttempt> {
  if (link.closed) throw new NatsClosedError();
  const connection = link.current();
  if (connection === undefined) {
    return {
      reason: { code: 'connection', message: `NATS is not connected: ${link.status().lastError ?? 'waiting for it'}` },
    };
  }
  try {
    const manager = await openManager(connection);
    return { facts: factsOf(await manager.streams.info(stream)) };
  } catch (error) {
    return { reason: waitReasonOf(error, stream) };
  }
}

export function waitReasonOf(error: unknown, stream: string): WaitReason {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) {
    return { code: 'stream-not-found', message: `Stream ${stream} does not exist: waiting for it to be created.` };
  }
  return { code: 'jetstream', message: `JetStream does not answer for stream ${stream}: ${reasonOf(error)}` };
}

export interface ConsumerWish {
  readonly stream: string;
  /** Begins the consumer's name, for whoever lists them. */
  readonly prefix: string;
  readonly start: { readonly seq: number } | { readonly timeMs: number };
  readonly headersOnly: boolean;
  /** Subjects the server is to give alone; empty: all of the stream. */
  readonly filter: readonly string[];
}

/** A server from 2.10 on filters by several subjects. */
const SEVERAL_FILTERS = [2, 10] as const;

/** The subjects a consumer of this server can be limited to: what was wished, or none. */
export function possibleFilter(connection: NatsConnection, wished: readonly string[]): readonly string[] {
  if (wished.length < 2) return wished;
  const [major = 0, minor = 0] = (connection.info?.version ?? '').split('.').map(Number);
  const [wantedMajor, wantedMinor] = SEVERAL_FILTERS;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? wished : [];
}

function filterOf([first, ...others]: readonly string[]): object {
  if (first === undefined) return {};
  return others.length === 0 ? { filter_subject: first } : { filter_subjects: [first, ...others] };
}

/** A consumer without acknowledgements, in memory, that the server drops when nobody asks. */
export async function createConsumer(manager: JetStreamManager, wish: ConsumerWish): Promise<ConsumerInfo> {
  const begin =
    'seq' in wish.start
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, wish.start.seq) }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(wish.start.timeMs).toISOString() };
  return manager.consumers.add(wish.stream, {
    name: `${wish.prefix}_${nuid.next()}`,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: natsLimits.consumerInactiveMs * 1_000_000,
    ...(wish.headersOnly ? { headers_only: true } : {}),
    ...filterOf(wish.filter),
    ...begin,
  });
}

/** Tidies up; the server does it by itself after a while, so a failure does not matter. */
export function dropConsumer(connection: NatsConnection, stream: string, consumer: string): void {
  if (connection.isClosed()) return;
  openManager(connection)
    .then((manager) => manager.consumers.delete(stream, consumer))
    .catch(() => undefined);
}
