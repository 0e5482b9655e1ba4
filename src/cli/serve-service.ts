/** What `weir serve` runs behind its API: one engine in this thread, or one in each of several. */
import type { DocumentFeed } from '../ports/document-feed.js';
import type { EngineControl } from '../ports/control.js';

export interface Service {
  readonly feed: DocumentFeed;
  readonly control: EngineControl & { reload(): Promise<void> };
  /** Rejects when it must not run. */
  start(): Promise<void>;
  /** Resolves when it has stopped or failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  /** Lets go of what was opened, of a service that did not start. */
  abandon(): Promise<void>;
  metricsText(): Promise<string>;
}
