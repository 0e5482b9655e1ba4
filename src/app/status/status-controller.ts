import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import { StatusDto } from './status-dto.js';
import { StatusService } from './status-service.js';

@ApiTags('operation')
@Controller('api/v1/status')
export class StatusController {
  constructor(@Inject(StatusService) private readonly service: StatusService) {}

  @Get()
  @ApiOperation({ summary: 'Sources with positions, watermark and lag; rules, shards, checkpoints' })
  @ApiResponse({ status: 200, type: StatusDto })
  @ApiProblems()
  status(): Promise<StatusDto> {
    return this.service.status();
  }
}
