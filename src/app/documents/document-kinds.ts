import type { DocumentKind } from '../../ports/control.js';
import { ProblemError } from '../problem/problem.js';

/** Every kind with its collection in the API. The type makes a kind forgotten here an error. */
const collections: Readonly<Record<DocumentKind, string>> = { source: 'sources', pattern: 'patterns', rule: 'rules' };

export const documentKinds = Object.keys(collections) as readonly DocumentKind[];

export function collectionOf(kind: DocumentKind): string {
  return collections[kind];
}

export function parseKind(text: string): DocumentKind {
  const kind = documentKinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new ProblemError('malformed', {
    detail: `There is no kind of document '${text}': ${documentKinds.join(', ')} are.`,
  });
}
