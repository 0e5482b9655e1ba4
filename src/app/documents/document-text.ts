import { apiLimits } from '../app-limits.js';
import { ProblemError, tooLarge } from '../problem/problem.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a body; throws a problem for one too large or not UTF-8. */
export function decodeBody(body: Uint8Array): string {
  if (body.length > apiLimits.bodyBytesMax) throw tooLarge();
  try {
    return utf8.decode(body);
  } catch {
    throw new ProblemError('malformed', { detail: 'The body is not UTF-8.' });
  }
}

/** The text of a document that must be there. */
export function requireText(body: unknown): string {
  if (typeof body === 'string' && body.trim() !== '') return body;
  throw new ProblemError('malformed', { detail: 'The body is empty: send the document as YAML or JSON.' });
}
