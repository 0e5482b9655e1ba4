import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import type { WeirDocument } from '../../core/document/documents.js';
import type { DocumentKind, DocumentView } from '../../ports/control.js';
import { DiagnosticDto } from './diagnostic-dto.js';
import { documentKinds } from './document-kinds.js';

export class DocumentViewDto implements DocumentView {
  @ApiProperty({ enum: documentKinds, enumName: 'DocumentKind' })
  readonly kind!: DocumentKind;

  @ApiProperty({ pattern: '^[a-z0-9][a-z0-9-]*$', example: 'card-testing-eu' })
  readonly name!: string;

  @ApiProperty({ enum: ['file', 'api'], description: '`file`: owned by a file, and read-only over the API.' })
  readonly origin!: 'file' | 'api';

  @ApiPropertyOptional({ description: 'The file that owns it.', example: 'rules/fraud.yaml' })
  readonly file?: string;

  @ApiProperty({ description: 'Hash of the document; its ETag.', example: '5f0c9b1e' })
  readonly hash!: string;

  @ApiProperty({ type: 'integer', description: 'Revision in which it last changed.', example: 12 })
  readonly revision!: number;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The document itself.' })
  readonly document!: WeirDocument;
}

export class DocumentSummary extends OmitType(DocumentViewDto, ['document'] as const) {}

export class DocumentPage {
  @ApiProperty({ type: [DocumentSummary], description: 'By kind, then name.' })
  readonly documents!: readonly DocumentSummary[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `after` for the next page; null on the last.',
    example: 'rule/card-testing-eu',
  })
  readonly next!: string | null;
}

export type Outcome = 'created' | 'updated' | 'unchanged' | 'deleted';

export class Change {
  @ApiProperty({ enum: ['created', 'updated', 'unchanged', 'deleted'] })
  readonly outcome!: Outcome;

  @ApiProperty({ type: 'integer', description: 'Revision now in force.', example: 13 })
  readonly revision!: number;

  @ApiProperty({ type: [DiagnosticDto] })
  readonly warnings!: readonly DiagnosticDto[];

  @ApiProperty({ type: DocumentViewDto, nullable: true, description: 'The document now in force; null once deleted.' })
  readonly view!: DocumentViewDto | null;
}

export class Validation {
  @ApiProperty({ description: 'Whether there is no diagnostic of severity `error`.' })
  readonly valid!: boolean;

  @ApiProperty({ type: [DiagnosticDto] })
  readonly diagnostics!: readonly DiagnosticDto[];
}
