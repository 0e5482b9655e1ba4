import { Module } from '@nestjs/common';
import { DocumentsController } from './documents-controller.js';
import { DocumentsNatsController } from './documents-nats-controller.js';
import { DocumentsService } from './documents-service.js';
import { PatternsController, RulesController, SourcesController } from './kind-controllers.js';

@Module({
  controllers: [DocumentsController, SourcesController, PatternsController, RulesController, DocumentsNatsController],
  providers: [DocumentsService],
})
export class DocumentsModule {}
