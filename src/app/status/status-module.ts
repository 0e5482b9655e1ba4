import { Module } from '@nestjs/common';
import { StatusController } from './status-controller.js';
import { StatusNatsController } from './status-nats-controller.js';
import { StatusService } from './status-service.js';

@Module({ controllers: [StatusController, StatusNatsController], providers: [StatusService] })
export class StatusModule {}
