import type { WeirDocument } from '../core/document/documents.js';
import type { DocumentKind, EngineControl } from '../ports/control.js';
import type { Log } from '../ports/log.js';
import type { AppOptions } from './app-options.js';

/** One thing that must hold before the service may be sent work. Answers at once, from what it already knows. */
export interface ReadinessCheck {
  readonly name: string;
  check(): { readonly ok: boolean; readonly detail: string };
}

/** Everything the API is given; it builds nothing of the engine itself. */
export interface AppDependencies {
  readonly control: EngineControl;
  /** Metrics in Prometheus' text format. */
  readonly metricsText: () => Promise<string>;
  /** A document as its author could have written it. */
  readonly renderYaml: (document: WeirDocument) => string;
  readonly log: Log;
  readonly options: AppOptions;
  /** Beside the engine's state and its checkpoints, e.g. the connection to NATS. */
  readonly readiness?: readonly ReadinessCheck[];
  /** Version shown on the OpenAPI page. */
  readonly version?: string;
  /** JSON Schema of each kind, shown on the OpenAPI page; absent: any object. */
  readonly documentSchemas?: Readonly<Partial<Record<DocumentKind, object>>>;
  /** Milliseconds since the epoch; default the system's. */
  readonly now?: () => number;
}

/** Injection tokens of what comes from outside Nest. */
export const tokens = {
  control: Symbol('EngineControl'),
  metricsText: Symbol('metricsText'),
  renderYaml: Symbol('renderYaml'),
  log: Symbol('Log'),
  options: Symbol('ResolvedOptions'),
  readiness: Symbol('ReadinessCheck[]'),
  now: Symbol('now'),
} as const;
