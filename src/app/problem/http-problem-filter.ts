import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Log } from '../../ports/log.js';
import type { HttpReply, HttpRequest } from '../http/http-types.js';
import { foreseenProblem, internalProblem, problemDocument, problemMediaType } from './problem.js';

/** Every error of the HTTP side, unknown routes included, leaves through here. */
@Catch()
export class HttpProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem({
      error,
      request: http.getRequest<HttpRequest>(),
      reply: http.getResponse<HttpReply>(),
      log: this.log,
    });
  }
}

export interface FailedRequest {
  readonly error: unknown;
  readonly request: HttpRequest;
  readonly reply: HttpReply;
  readonly log: Log;
}

export function sendProblem({ error, request, reply, log }: FailedRequest): void {
  if (reply.sent) return;
  const path = request.url.split('?', 1)[0] ?? request.url;
  let problem = foreseenProblem(error);
  if (problem === undefined) {
    log.error('request failed', { component: 'api', method: request.method, path, error });
    problem = internalProblem();
  }
  const document = problemDocument(problem, path);
  reply
    .code(document.status)
    .headers(problem.details.headers ?? {})
    .type(problemMediaType)
    .send(JSON.stringify(document));
}
