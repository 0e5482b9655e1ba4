import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { requireText } from '../documents/document-text.js';
import { ApiProblems } from '../http/api-problems.js';
import type { HttpRequest } from '../http/http-types.js';
import { SavepointDto, SavepointRequestDto } from './savepoint-dto.js';
import { SavepointsService } from './savepoints-service.js';

@ApiTags('operation')
@Controller('api/v1/savepoints')
export class SavepointsController {
  constructor(@Inject(SavepointsService) private readonly service: SavepointsService) {}

  @Post()
  @ApiOperation({
    summary: 'Export the state while events flow',
    description:
      'To a directory of the service, or to a bucket of a JetStream object store. Answers once it is complete.',
  })
  @ApiBody({ type: SavepointRequestDto })
  @ApiResponse({ status: 201, type: SavepointDto })
  @ApiProblems('malformed', 'conflict', 'unavailable')
  take(@Req() request: HttpRequest): Promise<SavepointDto> {
    return this.service.take(requireText(request.body));
  }
}
