import { Controller, Inject, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, NatsContext, Payload, Transport } from '@nestjs/microservices';
import type { WeirDocument } from '../../core/document/documents.js';
import type { DocumentView } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import { chooseRepresentation } from '../http/accept.js';
import { natsHeader } from '../nats/nats-bodies.js';
import { NatsProblemFilter } from '../problem/nats-problem-filter.js';
import { readParameters } from '../request-parameters.js';
import { parseKind } from './document-kinds.js';
import { decodeBody, requireText } from './document-text.js';
import type { Change, DocumentPage, Validation } from './documents-dto.js';
import { DocumentsService } from './documents-service.js';
import type { DocumentAddress } from './documents-service.js';
import { parseListRequest } from './list-request.js';
import type { Preconditions } from './preconditions.js';

/** Subjects are relative to the configured prefix; `<kind>.<name>` ends those of one document. */
@Controller()
@UseFilters(NatsProblemFilter)
export class DocumentsNatsController {
  constructor(
    @Inject(DocumentsService) private readonly documents: DocumentsService,
    @Inject(tokens.renderYaml) private readonly renderYaml: (document: WeirDocument) => string,
  ) {}

  @MessagePattern<string>('documents.list', Transport.NATS)
  list(@Payload() body: Uint8Array): DocumentPage {
    return this.documents.list(parseListRequest(readParameters(decodeBody(body))));
  }

  @MessagePattern<string>('documents.get.*.*', Transport.NATS)
  get(@Ctx() context: NatsContext): DocumentView | string {
    const view = this.documents.get(addressOf(context));
    const representation = chooseRepresentation(natsHeader(context, 'Accept'));
    return representation === 'json' ? view : this.renderYaml(view.document);
  }

  @MessagePattern<string>('documents.put.*.*', Transport.NATS)
  put(@Payload() body: Uint8Array, @Ctx() context: NatsContext): Promise<Change> {
    return this.documents.put(addressOf(context), requireText(decodeBody(body)), preconditionsOf(context));
  }

  @MessagePattern<string>('documents.delete.*.*', Transport.NATS)
  remove(@Ctx() context: NatsContext): Promise<Change> {
    return this.documents.remove(addressOf(context), preconditionsOf(context));
  }

  @MessagePattern<string>('validate', Transport.NATS)
  validate(@Payload() body: Uint8Array): Validation {
    return this.documents.validate(requireText(decodeBody(body)));
  }
}

/** Names hold no dots, so the last two tokens are the kind and the name, whatever the prefix. */
function addressOf(context: NatsContext): DocumentAddress {
  const [kind = '', name = ''] = context.getSubject().split('.').slice(-2);
  return { kind: parseKind(kind), name };
}

function preconditionsOf(context: NatsContext): Preconditions {
  return { ifMatch: natsHeader(context, 'If-Match'), ifNoneMatch: natsHeader(context, 'If-None-Match') };
}
