import { ApiProperty } from '@nestjs/swagger';
import type { HealthIndicatorResult } from '@nestjs/terminus';

export class HealthReport {
  @ApiProperty({ enum: ['ok'] })
  readonly status!: 'ok';

  @ApiProperty({
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['status'],
      properties: { status: { type: 'string', enum: ['up', 'down'] }, detail: { type: 'string' } },
    },
    example: { engine: { status: 'up', detail: 'running' }, nats: { status: 'up', detail: 'connected' } },
  })
  readonly checks!: HealthIndicatorResult;
}
