import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { RuleExplanation } from '../../core/document/explain-rule.js';
import { ApiProblems } from '../http/api-problems.js';
import { ExplainService } from './explain-service.js';
import { explanationSchema } from './explanation-schema.js';

@ApiTags('rules')
@Controller('api/v1/rules')
export class ExplainController {
  constructor(@Inject(ExplainService) private readonly service: ExplainService) {}

  @Get(':name/explain')
  @ApiOperation({
    summary: 'How a rule is evaluated',
    description:
      'Its conditions, how events and runs are found, the states of its pattern, and the most one key can hold.',
  })
  @ApiParam({ name: 'name', schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' } })
  @ApiResponse({ status: 200, schema: explanationSchema })
  @ApiProblems('not-found')
  explain(@Param('name') name: string): RuleExplanation {
    return this.service.explain(name);
  }
}
