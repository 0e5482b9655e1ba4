/** Parameters of a request, from a query string or the JSON body of a NATS request: what is unknown or out of range is refused. */
import { apiLimits } from './app-limits.js';
import { ProblemError } from './problem/problem.js';

export type Parameters = Readonly<Record<string, unknown>>;

/** From the body of a NATS request; an empty one asks for everything. */
export function readParameters(text: string): Parameters {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed('The body is empty, or a JSON object: {"limit": 10}.');
}

export function refuseUnknown(parameters: Parameters, known: readonly string[]): void {
  for (const name of Object.keys(parameters)) {
    if (!known.includes(name)) throw malformed(`There is no parameter '${name}', only ${known.join(', ')}.`);
  }
}

/** How many to answer with at most; all that one answer may hold if nothing is said. */
export function readLimit(value: unknown): number {
  if (value === undefined) return apiLimits.pageSizeMax;
  const limit = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= apiLimits.pageSizeMax)
    return limit;
  throw malformed(`\`limit\` is a whole number from 1 to ${apiLimits.pageSizeMax}.`);
}

export function malformed(detail: string): ProblemError {
  return new ProblemError('malformed', { detail });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
