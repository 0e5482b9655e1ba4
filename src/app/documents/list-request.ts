import type { DocumentKind } from '../../ports/control.js';
import type { Parameters } from '../request-parameters.js';
import { malformed, readLimit, refuseUnknown } from '../request-parameters.js';
import { parseKind } from './document-kinds.js';
import type { ListRequest } from './documents-service.js';

/** Reads the parameters of a list of documents. */
export function parseListRequest(parameters: Parameters, kind?: DocumentKind): ListRequest {
  refuseUnknown(parameters, kind === undefined ? ['kind', 'limit', 'after'] : ['limit', 'after']);
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
