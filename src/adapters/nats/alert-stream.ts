import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import type { Log } from '../../ports/log.js';
import { SinkError } from '../../ports/sink.js';
import { reasonOf } from './backoff.js';
import { natsLimits } from './limits.js';
import { coversSubjects } from './subjects.js';

/** The stream alerts, dead letters and late events go to. An existing one is used as it is: never changed, refused if it cannot serve. */
export interface AlertStreamOptions {
  /** Default `WEIR_ALERTS`. */
  readonly stream?: string;
  /** Everything published lies under it; default `weir.alerts`. Nothing may be requested under it: the stream would answer. */
  readonly prefix?: string;
  /** For a stream that has to be created; see `natsLimits` for the defaults. */
  readonly maxAgeMs?: number;
  readonly maxBytes?: number;
  readonly replicas?: number;
}

export const alertStreamDefaults = { stream: 'WEIR_ALERTS', prefix: 'weir.alerts' } as const;

const nanosPerMs = 1_000_000;
const streamNotFound = 10_059;
const subjectsOverlapOther = 10_065;
const nameInUse = 10_058;

export function alertStreamName(options: AlertStreamOptions): string {
  return options.stream ?? alertStreamDefaults.stream;
}

export function alertSubjects(options: AlertStreamOptions): string {
  return `${options.prefix ?? alertStreamDefaults.prefix}.>`;
}

/** What the stream is created with: the oldest go first beyond age or size, duplicates are recognised for two minutes. */
export function alertStreamConfig(options: AlertStreamOptions): Partial<StreamConfig> & { name: string } {
  return {
    name: alertStreamName(options),
    description: 'Alerts, dead letters and late events of Weir',
    subjects: [alertSubjects(options)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: (options.maxAgeMs ?? natsLimits.alertStreamMaxAgeMs) * nanosPerMs,
    max_bytes: options.maxBytes ?? natsLimits.alertStreamMaxBytes,
    duplicate_window: natsLimits.alertDuplicateWindowMs * nanosPerMs,
    num_replicas: options.replicas ?? 1,
  };
}

export interface AlertStreamFacts {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The server recognises a message published twice within this. */
  readonly duplicateWindowMs: number;
}

/**
 * The alert stream as it is, created if absent. Throws `SinkError` when it exists and cannot serve or when the server refuses to create it;
 * whatever else it throws is worth another try.
 */
export async function ensureAlertStream(
  manager: JetStreamManager,
  options: AlertStreamOptions,
  log: Log,
): Promise<AlertStreamFacts> {
  const name = alertStreamName(options);
  try {
    const { config, state } = await manager.streams.info(name);
    refuseUnfit(config, options);
    return {
      firstSeq: state.first_seq,
      lastSeq: state.last_seq,
      duplicateWindowMs: config.duplicate_window / nanosPerMs,
    };
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
  }
  return createAlertStream(manager, options, log);
}

async function createAlertStream(
  manager: JetStreamManager,
  options: AlertStreamOptions,
  log: Log,
): Promise<AlertStreamFacts> {
  const wish = alertStreamConfig(options);
  try {
    const { config, state } = await manager.streams.add(wish);
    log.info('Alert stream created', {
      stream: wish.name,
      subjects: wish.subjects,
      maxBytes: wish.max_bytes,
      maxAgeMs: Number(wish.max_age) / nanosPerMs,
    });
    return {
      firstSeq: state.first_seq,
      lastSeq: state.last_seq,
      duplicateWindowMs: config.duplicate_window / nanosPerMs,
    };
  } catch (error) {
    throw refusedCreation(error, wish);
  }
}

/** A refusal for good becomes a `SinkError`; another service that created it a moment ago, or a server not ready, is worth another try. */
function refusedCreation(error: unknown, wish: Partial<StreamConfig> & { name: string }): unknown {
  if (!(error instanceof JetStreamApiError) || error.code === nameInUse || error.status >= 503) return error;
  const choices =
    error.code === subjectsOverlapOther
      ? `Another stream already captures ${wish.subjects?.join(', ')}: name that stream as the alert stream, or choose another alert prefix.`
      : `Choose: create the stream yourself with subjects ${wish.subjects?.join(', ')}, or lower its size (${wish.max_bytes} bytes asked for).`;
  return new SinkError(
    'alert-stream',
    `The server refuses to create alert stream ${wish.name}: ${reasonOf(error)}. ${choices}`,
    { stream: wish.name },
    { cause: error },
  );
}

/** Throws when recovery, or publishing at all, could not work on the stream. */
function refuseUnfit(config: StreamConfig, options: AlertStreamOptions): void {
  const fields = { stream: config.name };
  const wanted = alertSubjects(options);
  if (!(config.subjects ?? []).some((captured) => coversSubjects(captured, wanted))) {
    throw new SinkError(
      'alert-stream-subjects',
      `Stream ${config.name} does not capture ${wanted} (it captures ${(config.subjects ?? []).join(', ') || 'nothing'}): add the subject to it, or name another alert stream.`,
      fields,
    );
  }
  if (config.retention !== RetentionPolicy.Limits) {
    throw new SinkError(
      'alert-stream-retention',
      `Stream ${config.name} has ${config.retention} retention: alerts could vanish before recovery finds them. Set it to limits, or name another alert stream.`,
      { ...fields, retention: config.retention },
    );
  }
  if (config.no_ack === true || config.sealed === true) {
    throw new SinkError(
      'alert-stream',
      `Stream ${config.name} ${config.sealed === true ? 'is sealed' : 'does not acknowledge'}: name another alert stream.`,
      fields,
    );
  }
}

/** What an operator should know of an existing stream's settings, once. */
export function warnOfAlertStream(facts: AlertStreamFacts, options: AlertStreamOptions, log: Log): void {
  if (facts.duplicateWindowMs >= natsLimits.publishAckTimeoutMs * 2) return;
  log.warn(
    'The duplicate window of the alert stream is short: more often than needed the stream is read before an alert is published again',
    {
      stream: alertStreamName(options),
      duplicateWindowMs: facts.duplicateWindowMs,
    },
  );
}
