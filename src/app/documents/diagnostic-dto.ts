import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Diagnostic } from '../../core/model/diagnostic.js';

export class DiagnosticDto implements Diagnostic {
  @ApiProperty({ description: 'Stable, kebab-case.', example: 'unknown-field' })
  readonly code!: string;

  @ApiProperty({
    description: 'What is wrong and how to mend it.',
    example: "There is no field 'wher' in a step: `where` is meant?",
  })
  readonly message!: string;

  @ApiProperty({
    description: "JSON Pointer into the document; '' is the document itself.",
    example: '/sequence/0/wher',
  })
  readonly pointer!: string;

  @ApiPropertyOptional({ description: 'File it stands in, when read from one.' })
  readonly file?: string;

  @ApiPropertyOptional({ description: 'From 1, when the text is known.', example: 5, type: 'integer' })
  readonly line?: number;

  @ApiPropertyOptional({ description: 'From 1, when the text is known.', example: 5, type: 'integer' })
  readonly column?: number;

  @ApiProperty({ enum: ['error', 'warning'] })
  readonly severity!: 'error' | 'warning';

  @ApiPropertyOptional({ description: '`kind/name` of the document, when known.', example: 'pattern/card-testing' })
  readonly document?: string;
}
