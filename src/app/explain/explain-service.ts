import { Inject, Injectable } from '@nestjs/common';
import type { RuleExplanation } from '../../core/document/explain-rule.js';
import type { EngineControl } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import { ProblemError } from '../problem/problem.js';

@Injectable()
export class ExplainService {
  constructor(@Inject(tokens.control) private readonly control: EngineControl) {}

  explain(rule: string): RuleExplanation {
    const explanation = this.control.explain(rule);
    if (explanation === undefined) throw new ProblemError('not-found', { detail: `There is no rule '${rule}'.` });
    return explanation;
  }
}
