import { CodedError } from '../../core/coded-error.js';
import type { ToldError } from './shard-calls.js';

/** A shard in another thread could not do what it was asked, or failed; `code` and fields are those of its error. */
export class ShardError extends CodedError {
  override readonly name = 'ShardError';
}

export function tellError(error: unknown): ToldError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CodedError) return { code: error.code, message, fields: { ...error.fields } };
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  return { code, message, fields: {} };
}

export function readError({ code, message, fields }: ToldError): ShardError {
  return new ShardError(code, message, fields);
}
