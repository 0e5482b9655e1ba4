import type { DocumentKind } from '../../ports/control.js';
import { apiLimits } from '../app-limits.js';
import { ProblemError } from '../problem/problem.js';
import { parseKind } from './document-kinds.js';
import type { ListRequest } from './documents-service.js';

/** Reads the parameters of a list, from a query string or a JSON body; refuses what it does not know. */
export function parseListRequest(parameters: Readonly<Record<string, unknown>>, kind?: DocumentKind): ListRequest {
  const known = kind === undefined ? ['kind', 'limit', 'after'] : ['limit', 'after'];
  for (const name of Object.keys(parameters)) {
    if (!known.includes(name)) throw malformed(`There is no parameter '${name}': ${known.join(', ')} are.`);
  }
  const { limit, after } = parameters;
  if (after !== undefined && typeof after !== 'string') throw malformed('`after` is the `next` of the page before.');
  return {
    kind: kind ?? readKind(parameters['kind']),
    limit: readLimit(limit),
    ...(after === undefined ? {} : { after }),
  };
}

function readKind(value: unknown): DocumentKind | undefined {
  return value === undefined ? undefined : parseKind(String(value));
}

function readLimit(value: unknown): number {
  if (value === undefined) return apiLimits.pageSizeMax;
  const limit = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= apiLimits.pageSizeMax)
    return limit;
  throw malformed(`\`limit\` is a whole number from 1 to ${apiLimits.pageSizeMax}.`);
}

function malformed(detail: string): ProblemError {
  return new ProblemError('malformed', { detail });
}
