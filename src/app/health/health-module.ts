import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health-controller.js';
import { HealthNatsController } from './health-nats-controller.js';
import { HealthService } from './health-service.js';

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController, HealthNatsController],
  providers: [HealthService],
})
export class HealthModule {}
