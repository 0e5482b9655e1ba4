import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { decodeBody, requireText } from '../documents/document-text.js';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import type { SavepointDto } from './savepoint-dto.js';
import { SavepointsService } from './savepoints-service.js';

@Controller()
@UseFilters(NatsProblemFilter)
export class SavepointsNatsController {
  constructor(@Inject(SavepointsService) private readonly service: SavepointsService) {}

  @MessagePattern<string>('savepoints.take', Transport.NATS)
  take(@Payload() body: Uint8Array): Promise<SavepointDto> {
    return this.service.take(requireText(decodeBody(body)));
  }
}
