import { Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import type { HttpRequest } from '../http/http-types.js';
import { documentExamples } from './document-examples.js';
import { documentKinds } from './document-kinds.js';
import { requireText } from './document-text.js';
import { ApiListDocuments } from './documents-openapi.js';
import { DocumentPage, Validation } from './documents-dto.js';
import { DocumentsService } from './documents-service.js';
import { parseListRequest } from './list-request.js';

@ApiTags('documents')
@Controller('api/v1')
export class DocumentsController {
  constructor(@Inject(DocumentsService) private readonly documents: DocumentsService) {}

  @Get('documents')
  @ApiListDocuments('Documents of all kinds')
  @ApiQuery({ name: 'kind', required: false, enum: documentKinds })
  list(@Query() query: Record<string, unknown>): DocumentPage {
    return this.documents.list(parseListRequest(query));
  }

  @Post('validate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Check documents without applying them',
    description: 'Several documents with `---` between, checked together with those in force. Changes nothing.',
    requestBody: {
      required: true,
      content: { 'application/yaml': { schema: { type: 'string' }, example: documentExamples.rule } },
    },
  })
  @ApiResponse({ status: 200, type: Validation })
  @ApiProblems('malformed', 'too-large', 'unsupported-media-type')
  validate(@Req() request: HttpRequest): Validation {
    return this.documents.validate(requireText(request.body));
  }
}
