import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../app-options.js';
import { ProblemError } from '../problem/problem.js';
import type { HttpInstance, HttpRequest } from './http-types.js';

/** Routes (as registered, never the request's own path) that answer without a token. */
const openRoutes: ReadonlySet<string> = new Set([
  '/health/live',
  '/health/ready',
  '/api/openapi.json',
  '/api/docs',
  '/api/docs/',
]);

/**
 * Checks the token before a body is read and before Nest sees the request, so that the static files, unknown
 * routes and errors of the framework are covered too.
 *
 * Without a token (loopback only) it asks for a loopback `Host` instead: else any web page could reach the API
 * through a name of its own that resolves to 127.0.0.1.
 */
export function guardRequests(instance: HttpInstance, token: string | undefined): void {
  const expected = token === undefined ? undefined : digest(token);
  instance.addHook('onRequest', (request, _reply, done) => {
    const problem = expected === undefined ? hostProblem(request) : tokenProblem(request, expected);
    if (problem === undefined) done();
    else done(problem);
  });
}

function tokenProblem(request: HttpRequest, expected: Buffer): ProblemError | undefined {
  const route = request.routeOptions.url;
  if (route !== undefined && (openRoutes.has(route) || route.startsWith('/api/docs/'))) return undefined;
  const header = request.headers.authorization;
  const given = /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
  const challenge = header === undefined ? 'Bearer realm="weir"' : 'Bearer realm="weir", error="invalid_token"';
  return new ProblemError('unauthorized', {
    detail: 'Send the API token as `Authorization: Bearer <token>`.',
    headers: { 'www-authenticate': challenge },
  });
}

function hostProblem(request: HttpRequest): ProblemError | undefined {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (isLoopback(host)) return undefined;
  return new ProblemError('forbidden-host', {
    detail: 'Without a token the API answers only requests addressed to localhost, 127.0.0.1 or [::1].',
  });
}

/** Digests have one length, so that comparing them tells nothing about the token's. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
