/**
 * Errors of the API as problem documents (RFC 9457), the same over HTTP and over NATS.
 */
import { HttpException } from '@nestjs/common';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import { apiLimits } from '../app-limits.js';

/** Every problem the API answers with, by the last part of its `type`. */
export const problemKinds = {
  malformed: { status: 400, title: 'Malformed request' },
  unauthorized: { status: 401, title: 'Missing or wrong token' },
  'forbidden-host': { status: 403, title: 'Not addressed to this machine' },
  'not-found': { status: 404, title: 'Not found' },
  'not-acceptable': { status: 406, title: 'No such representation' },
  conflict: { status: 409, title: 'Conflict' },
  'precondition-failed': { status: 412, title: 'Changed in the meantime' },
  'too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  invalid: { status: 422, title: 'Invalid document' },
  internal: { status: 500, title: 'Internal error' },
  'answer-too-large': { status: 500, title: 'Answer too large' },
  unavailable: { status: 503, title: 'Not available now' },
  'not-ready': { status: 503, title: 'Not ready' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemKind = keyof typeof problemKinds;

export const problemMediaType = 'application/problem+json';

/** A problem document. `diagnostics` is always there, so that a client needs no second case. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly [extension: string]: unknown;
}

export interface ProblemDetails {
  readonly detail: string;
  readonly diagnostics?: readonly Diagnostic[];
  /** Further members of the problem document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Headers of the HTTP answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer other than success, thrown where it is known and turned into a problem document by the filters. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly kind: ProblemKind,
    readonly details: ProblemDetails,
  ) {
    super(details.detail);
  }
}

export function problemDocument({ kind, details }: ProblemError, instance?: string): Problem {
  const { status, title } = problemKinds[kind];
  return {
    type: `urn:weir:problem:${kind}`,
    title,
    status,
    detail: details.detail,
    ...(instance === undefined ? {} : { instance }),
    diagnostics: details.diagnostics ?? [],
    ...details.extensions,
  };
}

/** What an error means to a client; undefined for one nobody foresaw. */
export function foreseenProblem(error: unknown): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  const status = error instanceof HttpException ? error.getStatus() : frameworkStatus(error);
  if (status === undefined || status >= 500) return undefined;
  switch (status) {
    case 404:
      return new ProblemError('not-found', { detail: 'There is nothing at this address.' });
    case 413:
      return tooLarge();
    case 415:
      return new ProblemError('unsupported-media-type', {
        detail: 'Send the document as application/yaml, text/yaml, application/json or text/plain.',
        headers: { 'accept-post': 'application/yaml, application/json, text/plain' },
      });
    default:
      return new ProblemError('malformed', { detail: error instanceof Error ? error.message : 'Bad request.' });
  }
}

export function tooLarge(): ProblemError {
  return new ProblemError('too-large', { detail: `A body has at most ${apiLimits.bodyBytesMax} bytes.` });
}

/** The one thing a client learns of an unforeseen error; the log has the rest. */
export function internalProblem(): ProblemError {
  return new ProblemError('internal', { detail: 'The service failed to answer; its log says why.' });
}

/** Fastify's own errors that did not pass through Nest. */
function frameworkStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'FastifyError' || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
