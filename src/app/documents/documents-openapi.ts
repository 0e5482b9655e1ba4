import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiProduces, ApiQuery, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { DocumentKind } from '../../ports/control.js';
import { apiLimits } from '../app-limits.js';
import { ApiProblems } from '../http/api-problems.js';
import { documentExamples } from './document-examples.js';
import { Change, DocumentPage, DocumentViewDto } from './documents-dto.js';

const etag = { ETag: { description: 'Hash of the document, for If-Match.', schema: { type: 'string' as const } } };

const nameParameter = ApiParam({ name: 'name', schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' } });

const conditional = applyDecorators(
  ApiHeader({ name: 'If-Match', required: false, description: 'Only if the document in force has this ETag.' }),
  ApiHeader({ name: 'If-None-Match', required: false, description: '`*`: only if there is no such document.' }),
);

export function ApiListDocuments(summary: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary, description: 'One page, by kind, then name, without the documents themselves.' }),
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: apiLimits.pageSizeMax, default: apiLimits.pageSizeMax },
    }),
    ApiQuery({
      name: 'after',
      required: false,
      description: '`next` of the page before.',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 200, type: DocumentPage }),
    ApiProblems('malformed'),
  );
}

export function ApiGetDocument(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'One document',
      description: 'As JSON with its origin, hash and revision; as YAML, the document alone, fit to be sent back.',
    }),
    nameParameter,
    ApiHeader({ name: 'If-None-Match', required: false, description: 'ETag of the document already at hand.' }),
    ApiResponse({
      status: 200,
      headers: etag,
      content: {
        'application/json': { schema: { $ref: getSchemaPath(DocumentViewDto) } },
        'application/yaml': { schema: { type: 'string' } },
      },
    }),
    ApiResponse({ status: 304, description: 'The document at hand is the one in force.' }),
    ApiProblems('not-found', 'not-acceptable'),
  );
}

/** The YAML example is filled in when the page is built: rendering YAML is not the API's own. */
export function ApiPutDocument(kind: DocumentKind): MethodDecorator {
  const schema = { $ref: `#/components/schemas/${documentSchemaName(kind)}` };
  const content = {
    'application/yaml': { schema, example: documentExamples[kind] },
    'application/json': { schema, example: documentExamples[kind] },
  };
  return applyDecorators(
    ApiOperation({
      summary: `Create or replace a ${kind}`,
      description:
        'Answers once the document is durable and in force. If it fails, the one in force stays. ' +
        `At most ${apiLimits.bodyBytesMax} bytes; also accepted as text/yaml, application/x-yaml or text/plain.`,
      requestBody: { required: true, content },
    }),
    nameParameter,
    conditional,
    ApiResponse({ status: 201, description: 'Created.', type: Change, headers: etag }),
    ApiResponse({ status: 200, description: 'Replaced, or unchanged.', type: Change, headers: etag }),
    ApiProblems(
      'malformed',
      'conflict',
      'precondition-failed',
      'too-large',
      'unsupported-media-type',
      'invalid',
      'unavailable',
    ),
  );
}

export function ApiDeleteDocument(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary: 'Delete a document', description: 'Refused while another document names it.' }),
    nameParameter,
    conditional,
    ApiProduces('application/json'),
    ApiResponse({ status: 200, type: Change }),
    ApiProblems('not-found', 'conflict', 'precondition-failed', 'invalid', 'unavailable'),
  );
}

export function documentSchemaName(kind: DocumentKind): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Document`;
}
