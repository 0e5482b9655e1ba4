/** The service with one engine, in this thread. */
import { join } from 'node:path';
import { parseDocuments } from '../adapters/document/parse-documents.js';
import { createDocumentFiles } from '../adapters/document-files/document-files.js';
import { fileSourceOpener } from '../adapters/file/file-source.js';
import { compileSchema } from '../adapters/json-schema/compile-schema.js';
import { openLevelStore } from '../adapters/level/open-level-store.js';
import { createPrometheusMeter } from '../adapters/meter-prometheus/prometheus-meter.js';
import { natsAlertSink } from '../adapters/nats/alert-sink.js';
import type { NatsLink } from '../adapters/nats/connection.js';
import { natsSourceOpener } from '../adapters/nats/source-opener.js';
import { systemClock } from '../adapters/system/system-clock.js';
import { systemDigest } from '../adapters/system/system-digest.js';
import type { Log } from '../ports/log.js';
import { Engine } from '../runtime/engine.js';
import { DocumentControl } from '../runtime/engine-control.js';
import { statusOf } from '../runtime/engine-status.js';
import { MetricsReporter } from '../runtime/report-metrics.js';
import type { ServeOptions } from './commands/serve-options.js';
import { documentDirectories, engineSettings, parseWhole, storeOptions } from './commands/serve-values.js';
import { expressions } from './load-documents.js';
import { savepointPlaces } from './savepoint-places.js';
import { serveLease } from './serve-lease.js';
import type { Service } from './serve-service.js';

export async function serveOne(options: ServeOptions, link: NatsLink, log: Log): Promise<Service> {
  const meter = createPrometheusMeter({ processMetrics: true });
  const directories = documentDirectories(options);
  const feed = createDocumentFiles({ directories, required: directories, parse: parseDocuments });
  const store = await openLevelStore(storeOptions(options, options.state, log));
  const lease = serveLease(options, { leaseMs: parseWhole('lease', options.lease), link, log });
  const mayPublish = (): boolean => lease?.isHeld !== false;
  const engine = new Engine(
    {
      store,
      savepoints: savepointPlaces(options.savepoints ?? join(options.state, 'savepoints'), link),
      sink: natsAlertSink(link, { stream: options.alertStream, prefix: options.alertPrefix }, log, mayPublish),
      ...(lease === undefined ? {} : { lease }),
      openers: { nats: natsSourceOpener(link, {}, log), file: fileSourceOpener({ root: options.data, log }) },
      feed,
      parse: parseDocuments,
      expressions,
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter,
    },
    engineSettings(options, 0),
  );
  const reporter = new MetricsReporter(meter);
  let begun = false;
  return {
    feed,
    control: new DocumentControl(engine),
    start: () => {
      begun = true;
      return engine.start();
    },
    ended: engine.ended,
    stop: () => engine.stop(),
    abandon: async () => {
      lease?.close();
      // A start under way still works with it; the end of the process closes it, too.
      if (!begun) await store.close();
    },
    metricsText: () => {
      reporter.report(statusOf(engine), systemClock.now());
      return meter.text();
    },
  };
}
