import { Module } from '@nestjs/common';
import { SavepointsController } from './savepoints-controller.js';
import { SavepointsNatsController } from './savepoints-nats-controller.js';
import { SavepointsService } from './savepoints-service.js';

@Module({ controllers: [SavepointsController, SavepointsNatsController], providers: [SavepointsService] })
export class SavepointsModule {}
