import { pino, type DestinationStream } from 'pino';
import type { Log, LogFields } from '../../ports/log.js';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface PinoLogOptions {
  /** Lines below it are not written; default `info`. */
  readonly level?: LogLevel;
  /** Where lines go, default `stderr`; a stream for tests. */
  readonly to?: 'stderr' | 'stdout' | DestinationStream;
  /** Fields of every line. */
  readonly base?: LogFields;
}

/** Names the log itself writes; a field of the same name gets an underscore, so that no line has a key twice. */
const ownKeys: ReadonlySet<string> = new Set(['level', 'time', 'msg']);

/** Causes of an error that are followed; deeper ones are left out. */
const causesMax = 8;

function describeError(error: Error, depth = 0): Record<string, unknown> {
  const { name, message, stack, cause, ...own } = error as Error & Record<string, unknown>;
  const described: Record<string, unknown> = { name, message, ...own, stack };
  if (cause !== undefined && depth < causesMax)
    described['cause'] = cause instanceof Error ? describeError(cause, depth + 1) : cause;
  return described;
}

function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    plain[ownKeys.has(key) ? `${key}_` : key] = value instanceof Error ? describeError(value) : value;
  }
  return plain;
}

/**
 * One JSON object a line: `level` (a word), `time` (ISO 8601, UTC), `msg`, then the fields; errors with their code,
 * fields, stack and causes. Written before the call returns, so that the last line before a crash is not lost.
 */
export function createPinoLog(options: PinoLogOptions = {}): Log {
  const { to = 'stderr' } = options;
  const destination = typeof to === 'string' ? pino.destination({ fd: to === 'stdout' ? 1 : 2, sync: true }) : to;
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: options.base === undefined ? null : plainFields({ ...options.base }),
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: plainFields },
    },
    destination,
  );
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
