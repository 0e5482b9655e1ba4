import { Delete, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { WeirDocument } from '../../core/document/documents.js';
import type { DocumentKind, DocumentView } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import { chooseRepresentation } from '../http/accept.js';
import type { HttpReply, HttpRequest } from '../http/http-types.js';
import { collectionOf } from './document-kinds.js';
import { requireText } from './document-text.js';
import { ApiDeleteDocument, ApiGetDocument, ApiListDocuments } from './documents-openapi.js';
import type { Change, DocumentPage } from './documents-dto.js';
import { DocumentsService } from './documents-service.js';
import { parseListRequest } from './list-request.js';
import { entityTag, isCurrent } from './preconditions.js';

/** The operations on documents of one kind; each kind's controller gives its path and its PUT. */
export abstract class KindController {
  protected abstract readonly kind: DocumentKind;

  constructor(
    @Inject(DocumentsService) private readonly documents: DocumentsService,
    @Inject(tokens.renderYaml) private readonly renderYaml: (document: WeirDocument) => string,
  ) {}

  @Get()
  @ApiListDocuments('The documents of this kind')
  list(@Query() query: Record<string, unknown>): DocumentPage {
    return this.documents.list(parseListRequest(query, this.kind));
  }

  @Get(':name')
  @ApiGetDocument()
  get(
    @Param('name') name: string,
    @Headers() headers: HttpRequest['headers'],
    @Res({ passthrough: true }) reply: HttpReply,
  ): DocumentView | string | undefined {
    const view = this.documents.get({ kind: this.kind, name });
    const representation = chooseRepresentation(headers.accept);
    reply.header('etag', entityTag(view)).header('vary', 'accept');
    if (isCurrent(headers['if-none-match'], view)) {
      reply.code(304);
      return undefined;
    }
    if (representation === 'json') return view;
    reply.type('application/yaml; charset=utf-8');
    return this.renderYaml(view.document);
  }

  @Delete(':name')
  @ApiDeleteDocument()
  remove(@Param('name') name: string, @Headers() headers: HttpRequest['headers']): Promise<Change> {
    return this.documents.remove({ kind: this.kind, name }, preconditionsOf(headers));
  }

  protected async putDocument(name: string, request: HttpRequest, reply: HttpReply): Promise<Change> {
    const text = requireText(request.body);
    const change = await this.documents.put({ kind: this.kind, name }, text, preconditionsOf(request.headers));
    reply.code(change.outcome === 'created' ? 201 : 200);
    if (change.outcome === 'created') reply.header('location', `/api/v1/${collectionOf(this.kind)}/${name}`);
    if (change.view !== null) reply.header('etag', entityTag(change.view));
    return change;
  }
}

function preconditionsOf(headers: HttpRequest['headers']): { ifMatch?: string; ifNoneMatch?: string } {
  return { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
}
