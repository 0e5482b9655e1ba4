import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AlertsModule } from './alerts/alerts-module.js';
import { ExplainModule } from './explain/explain-module.js';
import { tokens } from './app-dependencies.js';
import type { AppDependencies } from './app-dependencies.js';
import type { ResolvedOptions } from './app-options.js';
import { DocumentsModule } from './documents/documents-module.js';
import { HealthModule } from './health/health-module.js';
import { MetricsModule } from './metrics/metrics-module.js';
import { SavepointsModule } from './savepoints/savepoints-module.js';
import { StatusModule } from './status/status-module.js';

/** The root: hands every module what came from outside. */
@Module({})
export class AppModule {
  static with(dependencies: AppDependencies, options: ResolvedOptions): DynamicModule {
    const providers = [
      { provide: tokens.control, useValue: dependencies.control },
      { provide: tokens.metricsText, useValue: dependencies.metricsText },
      { provide: tokens.renderYaml, useValue: dependencies.renderYaml },
      { provide: tokens.log, useValue: dependencies.log },
      { provide: tokens.options, useValue: options },
      { provide: tokens.readiness, useValue: dependencies.readiness ?? [] },
      { provide: tokens.now, useValue: dependencies.now ?? Date.now },
    ];
    return {
      module: AppModule,
      global: true,
      imports: [
        DocumentsModule,
        AlertsModule,
        ExplainModule,
        SavepointsModule,
        StatusModule,
        HealthModule,
        MetricsModule,
      ],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
