import { Module } from '@nestjs/common';
import { ExplainController } from './explain-controller.js';
import { ExplainNatsController } from './explain-nats-controller.js';
import { ExplainService } from './explain-service.js';

@Module({ controllers: [ExplainController, ExplainNatsController], providers: [ExplainService] })
export class ExplainModule {}
