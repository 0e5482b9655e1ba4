import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Transport } from '@nestjs/microservices';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import type { StatusDto } from './status-dto.js';
import { StatusService } from './status-service.js';

@Controller()
@UseFilters(NatsProblemFilter)
export class StatusNatsController {
  constructor(@Inject(StatusService) private readonly service: StatusService) {}

  @MessagePattern<string>('status', Transport.NATS)
  status(): Promise<StatusDto> {
    return this.service.status();
  }
}
