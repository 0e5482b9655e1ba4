import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { EngineStatus } from '../../ports/control.js';
import { DiagnosticDto } from '../documents/diagnostic-dto.js';
import { CheckpointStatusDto, ReasonDto, RuleStatusDto, ShardStatusDto, SourceStatusDto } from './status-parts-dto.js';

/** The engine's status, with the lag of each source added. */
export class LeaseStatusDto {
  @ApiProperty({ type: 'integer', description: 'Rises with every process that takes the lease.' })
  readonly epoch!: number;

  @ApiProperty({ description: 'It may publish now.' })
  readonly held!: boolean;
}

export class StatusDto implements EngineStatus {
  @ApiProperty({ enum: ['starting', 'running', 'stopping', 'stopped', 'failed'] })
  readonly state!: EngineStatus['state'];

  @ApiPropertyOptional({ description: 'Why it failed.' })
  readonly failure?: ReasonDto;

  @ApiProperty()
  readonly namespace!: string;

  @ApiProperty({ format: 'date-time' })
  readonly startedAt!: string;

  @ApiProperty({ type: 'integer', description: 'Revision in force.' })
  readonly revision!: number;

  @ApiProperty({ type: [SourceStatusDto] })
  readonly sources!: readonly SourceStatusDto[];

  @ApiProperty({ type: [RuleStatusDto] })
  readonly rules!: readonly RuleStatusDto[];

  @ApiProperty({ type: [ShardStatusDto] })
  readonly shards!: readonly ShardStatusDto[];

  @ApiProperty()
  readonly checkpoints!: CheckpointStatusDto;

  @ApiProperty({
    nullable: true,
    type: LeaseStatusDto,
    description: 'Of the lease under which it works; null without one.',
  })
  readonly lease!: LeaseStatusDto | null;

  @ApiProperty({
    type: [DiagnosticDto],
    description: 'Documents on disk refused at the last reload; the set before still runs.',
  })
  readonly refusedDocuments!: readonly DiagnosticDto[];
}
