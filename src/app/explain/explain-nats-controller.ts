import { Controller, Inject, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, NatsContext, Transport } from '@nestjs/microservices';
import type { RuleExplanation } from '../../core/document/explain-rule.js';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import { ExplainService } from './explain-service.js';

@Controller()
@UseFilters(NatsProblemFilter)
export class ExplainNatsController {
  constructor(@Inject(ExplainService) private readonly service: ExplainService) {}

  @MessagePattern<string>('rules.explain.*', Transport.NATS)
  explain(@Ctx() context: NatsContext): RuleExplanation {
    return this.service.explain(context.getSubject().split('.').at(-1) ?? '');
  }
}
