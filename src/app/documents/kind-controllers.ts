import { Controller, Param, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { HttpReply, HttpRequest } from '../http/http-types.js';
import { ApiPutDocument } from './documents-openapi.js';
import type { Change } from './documents-dto.js';
import { KindController } from './kind-controller.js';

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController extends KindController {
  protected override readonly kind = 'source';

  @Put(':name')
  @ApiPutDocument('source')
  put(
    @Param('name') name: string,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Change> {
    return this.putDocument(name, request, reply);
  }
}

@ApiTags('patterns')
@Controller('api/v1/patterns')
export class PatternsController extends KindController {
  protected override readonly kind = 'pattern';

  @Put(':name')
  @ApiPutDocument('pattern')
  put(
    @Param('name') name: string,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Change> {
    return this.putDocument(name, request, reply);
  }
}

@ApiTags('rules')
@Controller('api/v1/rules')
export class RulesController extends KindController {
  protected override readonly kind = 'rule';

  @Put(':name')
  @ApiPutDocument('rule')
  put(
    @Param('name') name: string,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<Change> {
    return this.putDocument(name, request, reply);
  }
}
