import type { LoggerService } from '@nestjs/common';
import type { Log, LogFields } from '../ports/log.js';

/** Nest tells every route and module it wires: of interest to a developer of the API, not to its operator. */
const wiringContexts: ReadonlySet<string> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'NestMicroservice',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Nest's logger, written to the service's log. */
export class NestLog implements LoggerService {
  constructor(private readonly log_: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    const fields = fieldsOf(rest);
    const level = wiringContexts.has(String(fields.context)) ? 'debug' : 'info';
    this.log_[level](textOf(message), fields);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.log_.error(textOf(message), fieldsOf(rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.log_.warn(textOf(message), fieldsOf(rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.log_.debug(textOf(message), fieldsOf(rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.debug(message, ...rest);
  }
}

/** Nest passes its context last, and a stack or further values before it. */
function fieldsOf(rest: readonly unknown[]): LogFields {
  const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
  const details = (context === undefined ? rest : rest.slice(0, -1)).filter((value) => value !== undefined);
  return { component: 'api', ...(context === undefined ? {} : { context }), ...(details.length ? { details } : {}) };
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? message.message : JSON.stringify(message);
}
