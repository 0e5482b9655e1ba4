import { Inject, Injectable } from '@nestjs/common';
import type { EngineControl } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import { ProblemError } from '../problem/problem.js';
import { readLimit, refuseUnknown } from '../request-parameters.js';
import type { Parameters } from '../request-parameters.js';
import type { ShadowAlert } from './shadow-alert-dto.js';

@Injectable()
export class ShadowAlertsService {
  constructor(@Inject(tokens.control) private readonly control: EngineControl) {}

  /** The newest `limit` recorded alerts of a rule, newest last. */
  async list(rule: string, parameters: Parameters): Promise<readonly ShadowAlert[]> {
    refuseUnknown(parameters, ['limit']);
    const limit = readLimit(parameters['limit']);
    const recorded = await this.control.shadowAlerts(rule);
    if (recorded === undefined) throw new ProblemError('not-found', { detail: `There is no rule '${rule}'.` });
    return recorded.slice(-limit).map((text) => JSON.parse(text) as ShadowAlert);
  }
}
