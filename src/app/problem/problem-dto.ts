import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { DiagnosticDto } from '../documents/diagnostic-dto.js';
import { problemKinds } from './problem.js';
import type { ProblemKind } from './problem.js';

/** RFC 9457. */
export class ProblemDto {
  @ApiProperty({ enum: Object.keys(problemKinds).map((kind) => `urn:weir:problem:${kind}`) })
  readonly type!: `urn:weir:problem:${ProblemKind}`;

  @ApiProperty({ example: 'Invalid document' })
  readonly title!: string;

  @ApiProperty({ type: 'integer', example: 422 })
  readonly status!: number;

  @ApiProperty({ example: 'The document has 2 errors; the one in force stays.' })
  readonly detail!: string;

  @ApiPropertyOptional({ description: 'Path or subject of the request.', example: '/api/v1/rules/card-testing-eu' })
  readonly instance?: string;

  @ApiProperty({ type: [DiagnosticDto], description: 'Everything found wrong, not just the first; may be empty.' })
  readonly diagnostics!: readonly DiagnosticDto[];
}
