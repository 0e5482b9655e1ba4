import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { tokens } from '../app-dependencies.js';
import { ApiProblems } from '../http/api-problems.js';

@ApiTags('operation')
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(tokens.metricsText) private readonly metricsText: () => Promise<string>) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Metrics in Prometheus’ text format' })
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, schema: { type: 'string' } })
  @ApiProblems()
  metrics(): Promise<string> {
    return this.metricsText();
  }
}
