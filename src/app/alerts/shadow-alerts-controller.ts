import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { apiLimits } from '../app-limits.js';
import { ApiProblems } from '../http/api-problems.js';
import type { Parameters } from '../request-parameters.js';
import { ShadowAlert } from './shadow-alert-dto.js';
import { ShadowAlertsService } from './shadow-alerts-service.js';

@ApiTags('rules')
@Controller('api/v1/rules')
export class ShadowAlertsController {
  constructor(@Inject(ShadowAlertsService) private readonly service: ShadowAlertsService) {}

  @Get(':name/shadow-alerts')
  @ApiOperation({
    summary: 'What a shadow rule would have published',
    description: 'The newest recorded alerts as CloudEvents, newest last; none for a rule that never was a shadow.',
  })
  @ApiParam({ name: 'name', schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' } })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: apiLimits.pageSizeMax, default: apiLimits.pageSizeMax },
  })
  @ApiResponse({ status: 200, type: [ShadowAlert] })
  @ApiProblems('malformed', 'not-found')
  shadowAlerts(@Param('name') name: string, @Query() query: Parameters): Promise<readonly ShadowAlert[]> {
    return this.service.list(name, query);
  }
}
