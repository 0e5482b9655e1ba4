import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { SavepointView } from '../../ports/control.js';
import type { SavepointRequest } from '../../ports/savepoint.js';

export class SavepointRequestDto implements SavepointRequest {
  @ApiProperty({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$', example: 'before-upgrade' })
  readonly name!: string;

  @ApiPropertyOptional({ description: 'Bucket of a JetStream object store; without it, a directory of the service.' })
  readonly bucket?: string;
}

export class SavepointDto implements SavepointView {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ example: 'object:weir-savepoints/before-upgrade', description: 'What `weir restore` takes.' })
  readonly place!: string;

  @ApiProperty({ format: 'date-time', description: 'When the checkpoint in it was taken.' })
  readonly at!: string;

  @ApiProperty()
  readonly namespace!: string;

  @ApiProperty({ type: 'integer' })
  readonly revision!: number;

  @ApiProperty({ type: 'integer', description: 'Entries of the store.' })
  readonly entries!: number;

  @ApiProperty({ type: 'integer' })
  readonly characters!: number;

  @ApiProperty({ type: 'integer', description: 'Parts, each with its checksum.' })
  readonly parts!: number;

  @ApiProperty({ description: 'Of the manifest, which has those of the parts.' })
  readonly sha256!: string;
}
