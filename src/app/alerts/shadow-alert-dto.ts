import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** An alert as CloudEvent: what the rule would have published. `data` is described in docs/language.md. */
export class ShadowAlert {
  @ApiProperty({ enum: ['1.0'] })
  readonly specversion!: '1.0';

  @ApiProperty({ description: 'The same match has the same id in any replay.' })
  readonly id!: string;

  @ApiProperty({ example: '/rules/card-testing-eu' })
  readonly source!: string;

  @ApiProperty({ enum: ['weir.alert.match.v1', 'weir.alert.timeout.v1'] })
  readonly type!: string;

  @ApiPropertyOptional({ description: 'The key as text; absent for a rule without key.' })
  readonly subject?: string;

  @ApiProperty({ format: 'date-time', description: 'Time of the match.' })
  readonly time!: string;

  @ApiProperty({ enum: ['application/json'] })
  readonly datacontenttype!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly data!: Readonly<Record<string, unknown>>;
}
