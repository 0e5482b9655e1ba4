import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Transport } from '@nestjs/microservices';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import type { HealthReport } from './health-dto.js';
import { HealthService } from './health-service.js';

@Controller()
@UseFilters(NatsProblemFilter)
export class HealthNatsController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  /** Readiness; that there is an answer at all says it is alive. */
  @MessagePattern<string>('health', Transport.NATS)
  ready(): Promise<HealthReport> {
    return this.health.ready();
  }
}
