import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import { HealthReport } from './health-dto.js';
import { HealthService } from './health-service.js';

/** Open to whoever can reach the port: probes seldom carry tokens, and the answer names no document. */
@ApiTags('operation')
@Controller('health')
export class HealthController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Alive: if not, a restart is the remedy', security: [] })
  @ApiResponse({ status: 200, type: HealthReport })
  @ApiProblems('not-ready')
  live(): Promise<HealthReport> {
    return this.health.live();
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Ready: the engine runs, checkpoints are recent, NATS is connected', security: [] })
  @ApiResponse({ status: 200, type: HealthReport })
  @ApiProblems('not-ready')
  ready(): Promise<HealthReport> {
    return this.health.ready();
  }
}
