import type { DocumentView } from '../../ports/control.js';
import { ProblemError } from '../problem/problem.js';

/** Conditional headers (RFC 9110, 13.1) of a request, over HTTP or as NATS headers. */
export interface Preconditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

/** The document's hash as a strong entity tag. JSON and YAML show the same document, so they share it. */
export function entityTag(view: DocumentView): string {
  return `"${view.hash}"`;
}

/** Throws 412 if the document in force is not the one the client decided upon. */
export function checkPreconditions(preconditions: Preconditions, current: DocumentView | undefined): void {
  const { ifMatch, ifNoneMatch } = preconditions;
  if (ifMatch !== undefined && !matches(ifMatch, current)) {
    throw preconditionFailed(
      current === undefined
        ? 'If-Match was given, and there is no such document.'
        : `The document in force is ${entityTag(current)}: read it again and decide anew.`,
    );
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, current)) {
    throw preconditionFailed('If-None-Match was given, and the document in force matches it.');
  }
}

/** Whether a reader already has the document (304). */
export function isCurrent(ifNoneMatch: string | undefined, view: DocumentView): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch.replaceAll('W/', ''), view);
}

function matches(header: string, current: DocumentView | undefined): boolean {
  if (current === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim() === entityTag(current));
}

function preconditionFailed(detail: string): ProblemError {
  return new ProblemError('precondition-failed', { detail });
}
