import { Catch, Inject } from '@nestjs/common';
import type { ArgumentsHost, RpcExceptionFilter } from '@nestjs/common';
import { NatsContext } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Log } from '../../ports/log.js';
import { tokens } from '../app-dependencies.js';
import { foreseenProblem, internalProblem, problemDocument } from './problem.js';

/** Every error of the NATS side leaves through here, as the problem document itself. */
@Catch()
export class NatsProblemFilter implements RpcExceptionFilter {
  constructor(@Inject(tokens.log) private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> {
    const subject = host.switchToRpc().getContext<NatsContext>().getSubject();
    let problem = foreseenProblem(error);
    if (problem === undefined) {
      this.log.error('request failed', { component: 'api', subject, error });
      problem = internalProblem();
    }
    const document = problemDocument(problem, subject);
    return throwError(() => document);
  }
}
