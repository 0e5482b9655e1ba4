import { Inject, Injectable } from '@nestjs/common';
import type { EngineControl, SavepointView } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import { ProblemError } from '../problem/problem.js';
import { malformed, readParameters, refuseUnknown } from '../request-parameters.js';

@Injectable()
export class SavepointsService {
  constructor(@Inject(tokens.control) private readonly control: EngineControl) {}

  /** Takes a savepoint, as the text of the request asks; answers once it is complete. */
  async take(text: string): Promise<SavepointView> {
    const parameters = readParameters(text);
    refuseUnknown(parameters, ['name', 'bucket']);
    const { name, bucket } = parameters;
    if (typeof name !== 'string') throw malformed('`name` is missing: {"name": "before-upgrade"}.');
    if (bucket !== undefined && typeof bucket !== 'string') throw malformed('`bucket` is a text.');
    const result = await this.control.savepoint({ name, ...(bucket === undefined ? {} : { bucket }) });
    if (result.ok) return result.view;
    const headers = result.reason === 'unavailable' ? { headers: { 'retry-after': '1' } } : {};
    throw new ProblemError(result.reason, { detail: result.detail, ...headers });
  }
}
