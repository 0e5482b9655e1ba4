import { Controller, Inject, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, NatsContext, Payload, Transport } from '@nestjs/microservices';
import { decodeBody } from '../documents/document-text.js';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import { readParameters } from '../request-parameters.js';
import type { ShadowAlert } from './shadow-alert-dto.js';
import { ShadowAlertsService } from './shadow-alerts-service.js';

@Controller()
@UseFilters(NatsProblemFilter)
export class ShadowAlertsNatsController {
  constructor(@Inject(ShadowAlertsService) private readonly service: ShadowAlertsService) {}

  @MessagePattern<string>('rules.shadow-alerts.*', Transport.NATS)
  list(@Payload() body: Uint8Array, @Ctx() context: NatsContext): Promise<readonly ShadowAlert[]> {
    const name = context.getSubject().split('.').at(-1) ?? '';
    return this.service.list(name, readParameters(decodeBody(body)));
  }
}
