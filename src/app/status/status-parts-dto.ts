import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type {
  CheckpointReport,
  CheckpointStatus,
  MemoryStatus,
  RetentionReport,
  RuleStatus,
  ShardStatus,
  SourceStatus,
} from '../../ports/control.js';

const count = { type: 'integer' as const, minimum: 0 };

export class ReasonDto {
  @ApiProperty({ example: 'first-sequence-beyond-position' })
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;
}

export class SourceStatusDto implements SourceStatus {
  @ApiProperty({ example: 'payments' })
  readonly name!: string;

  @ApiProperty({
    enum: ['starting', 'running', 'caught-up', 'held-back', 'waiting', 'refused', 'ended', 'stopped', 'unused'],
  })
  readonly state!: SourceStatus['state'];

  @ApiPropertyOptional({ description: 'Why it is refused, waiting or held back.' })
  readonly reason?: ReasonDto;

  @ApiProperty({ ...count, description: 'Last sequence taken in.', example: 18_204 })
  readonly position!: number;

  @ApiProperty({ ...count, description: 'Last sequence a durable checkpoint covers.', example: 18_190 })
  readonly checkpointedPosition!: number;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-01-01T12:00:00.000Z' })
  readonly watermark!: string | null;

  @ApiProperty({ type: 'number', nullable: true, example: 1_767_268_800_000 })
  readonly watermarkMs!: number | null;

  @ApiProperty({ ...count, nullable: true, description: 'Messages of the stream not taken in yet, when known.' })
  readonly pending!: number | null;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description: 'Milliseconds the watermark is behind the clock; null without a watermark, or once the source ended.',
    example: 5_040,
  })
  readonly lagMs!: number | null;

  @ApiProperty({ ...count, description: 'Events waiting for the watermark.' })
  readonly buffered!: number;

  @ApiProperty(count)
  readonly events!: number;

  @ApiProperty(count)
  readonly late!: number;

  @ApiProperty({ ...count, description: 'Dead letters.' })
  readonly dead!: number;

  @ApiProperty({ ...count, description: 'Distinct watermark units.' })
  readonly units!: number;

  @ApiProperty({ ...count, description: 'Gaps seen in the stream’s sequence.' })
  readonly gaps!: number;

  @ApiProperty({ ...count, description: 'Times the watermark was pushed because too many events waited for it.' })
  readonly forced!: number;
}

export class RuleVersionDto {
  @ApiProperty(count)
  readonly version!: number;

  @ApiProperty()
  readonly hash!: string;

  @ApiProperty()
  readonly draining!: boolean;
}

export class ConditionErrorDto {
  @ApiProperty({ example: 'T2010' })
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiProperty({ description: 'Identity of the event.' })
  readonly event!: string;
}

export class StateBoundDto {
  @ApiProperty()
  readonly bounded!: boolean;

  @ApiProperty(count)
  readonly runsPerKeyMax!: number;

  @ApiProperty({
    ...count,
    nullable: true,
    description: 'Events of one run; null if a loop without `max` takes as many as `within` holds.',
  })
  readonly eventsPerRunMax!: number | null;

  @ApiProperty({
    ...count,
    nullable: true,
    description: 'Bytes of one key in the state, events of 1,024 bytes; null where events are not bounded.',
  })
  readonly bytesPerKeyMax!: number | null;
}

export class RuleStatusDto implements RuleStatus {
  @ApiProperty({ example: 'card-testing-eu' })
  readonly name!: string;

  @ApiProperty({ example: 'active' })
  readonly mode!: string;

  @ApiProperty({ type: [RuleVersionDto] })
  readonly versions!: readonly RuleVersionDto[];

  @ApiProperty(count)
  readonly liveRuns!: number;

  @ApiProperty(count)
  readonly matches!: number;

  @ApiProperty(count)
  readonly timeouts!: number;

  @ApiProperty(count)
  readonly alerts!: number;

  @ApiProperty({ ...count, description: 'Alerts held back by `throttle`.' })
  readonly suppressed!: number;

  @ApiProperty({
    ...count,
    description: 'Events without a usable key, of those that some rule of the key was found for.',
  })
  readonly keyMissing!: number;

  @ApiProperty(count)
  readonly conditionErrors!: number;

  @ApiPropertyOptional({ description: 'A sample of the last condition that failed on an event.' })
  readonly lastConditionError?: ConditionErrorDto;

  @ApiProperty(count)
  readonly overflows!: number;

  @ApiProperty()
  readonly stateBound!: StateBoundDto;
}

export class MemoryStatusDto implements MemoryStatus {
  @ApiProperty({ ...count, description: 'Keys in memory; the others are in the store alone.' })
  readonly residentKeys!: number;

  @ApiProperty({ ...count, description: 'Estimate of what they take.' })
  readonly residentBytes!: number;

  @ApiProperty({ ...count, description: 'What they may take: `--state-memory`.' })
  readonly bytesMax!: number;

  @ApiProperty({ ...count, description: 'Events since the start for which nothing had to be fetched.' })
  readonly hits!: number;

  @ApiProperty({ ...count, description: 'Keys fetched since the start.' })
  readonly misses!: number;

  @ApiProperty({ ...count, description: 'Keys let go since the start.' })
  readonly evictions!: number;
}

export class ShardStatusDto implements ShardStatus {
  @ApiProperty(count)
  readonly shard!: number;

  @ApiProperty(count)
  readonly keys!: number;

  @ApiProperty(count)
  readonly liveRuns!: number;

  @ApiProperty(count)
  readonly timers!: number;

  @ApiProperty({ type: MemoryStatusDto })
  readonly memory!: MemoryStatusDto;
}

export class CheckpointReportDto implements CheckpointReport {
  @ApiProperty({ format: 'date-time' })
  readonly at!: string;

  @ApiProperty({ type: 'number', description: 'From the cut until it was durable.' })
  readonly durationMs!: number;

  @ApiProperty(count)
  readonly bytes!: number;

  @ApiProperty(count)
  readonly dirtyKeys!: number;

  @ApiProperty({ type: 'number', description: 'Time no event was processed because of it, in all.' })
  readonly blockedMs!: number;

  @ApiProperty({ type: 'number', description: 'The longest part of it without a break.' })
  readonly blockedAtOnceMs!: number;

  @ApiProperty({ type: 'number', description: 'Since the end of the one before.' })
  readonly pauseMs!: number;
}

export class RetainedDto {
  @ApiProperty({ type: 'integer', minimum: 1 })
  readonly number!: number;

  @ApiProperty({ format: 'date-time' })
  readonly at!: string;
}

export class RecoveryDto {
  @ApiProperty({ type: 'integer', description: 'The retained checkpoint it began from.' })
  readonly from!: number;

  @ApiProperty({ format: 'date-time' })
  readonly at!: string;

  @ApiProperty({ ...count, description: 'Batches of the journal on top of it.' })
  readonly batches!: number;

  @ApiProperty({ type: 'string', nullable: true, description: 'What is missing behind them; null for nothing.' })
  readonly lost!: string | null;

  @ApiProperty({ description: 'Where the damaged files are.' })
  readonly kept!: string;

  @ApiProperty()
  readonly reason!: string;
}

export class RetentionDto implements RetentionReport {
  @ApiProperty({ type: [RetainedDto], description: 'The oldest first.' })
  readonly retained!: readonly RetainedDto[];

  @ApiProperty({ ...count, description: 'Of the newest one’s journal.' })
  readonly journalBytes!: number;

  @ApiProperty({ type: 'number', description: 'How long checkpoints waited when the newest was retained.' })
  readonly pauseMs!: number;

  @ApiProperty({ type: RecoveryDto, nullable: true, description: 'How a damaged state was put right at the start.' })
  readonly recovered!: RecoveryDto | null;
}

export class CheckpointStatusDto implements CheckpointStatus {
  @ApiProperty(count)
  readonly count!: number;

  @ApiProperty(count)
  readonly failed!: number;

  @ApiProperty({ type: CheckpointReportDto, nullable: true })
  readonly last!: CheckpointReportDto | null;

  @ApiProperty({ type: [CheckpointReportDto], description: 'The newest checkpoints, the last one last.' })
  readonly history!: readonly CheckpointReportDto[];

  @ApiProperty({ ...count, description: 'Alerts durable, not yet acknowledged.' })
  readonly outboxWaiting!: number;

  @ApiProperty(count)
  readonly published!: number;

  @ApiProperty({
    type: RetentionDto,
    nullable: true,
    description: 'Checkpoints kept beside the newest; null for none.',
  })
  readonly retention!: RetentionDto | null;
}
