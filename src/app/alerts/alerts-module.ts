import { Module } from '@nestjs/common';
import { ShadowAlertsController } from './shadow-alerts-controller.js';
import { ShadowAlertsNatsController } from './shadow-alerts-nats-controller.js';
import { ShadowAlertsService } from './shadow-alerts-service.js';

@Module({
  controllers: [ShadowAlertsController, ShadowAlertsNatsController],
  providers: [ShadowAlertsService],
})
export class AlertsModule {}
