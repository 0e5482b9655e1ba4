/** One shard in a thread of its own: its store, its connection for alerts, its engine. Started by `serve-shards.ts`. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { parseDocuments } from '../adapters/document/parse-documents.js';
import { compileSchema } from '../adapters/json-schema/compile-schema.js';
import { openLevelStore } from '../adapters/level/open-level-store.js';
import { createPinoLog } from '../adapters/log-pino/pino-log.js';
import { createPrometheusMeter } from '../adapters/meter-prometheus/prometheus-meter.js';
import { natsAlertSink } from '../adapters/nats/alert-sink.js';
import { connectNats } from '../adapters/nats/connection.js';
import { natsSourceOpener } from '../adapters/nats/source-opener.js';
import { systemClock } from '../adapters/system/system-clock.js';
import { systemDigest } from '../adapters/system/system-digest.js';
import { portWire } from '../adapters/threads/port-wire.js';
import { SharedHold } from '../adapters/threads/shared-hold.js';
import { Engine } from '../runtime/engine.js';
import { LeaseOfProcess } from '../runtime/shards/lease-of-process.js';
import { partOpener } from '../runtime/shards/part-opener.js';
import { RoutedSources } from '../runtime/shards/routed-source.js';
import { ShardHost } from '../runtime/shards/shard-host.js';
import type { ShardHostOptions } from '../runtime/shards/shard-host.js';
import type { ServeOptions } from './commands/serve-options.js';
import { engineSettings, parseLevel, shardDirectory, storeOptions } from './commands/serve-values.js';
import { expressions } from './load-documents.js';
import { natsOptions } from './nats-options.js';
import { savepointPlaces } from './savepoint-places.js';

/** What the thread is started with. */
export interface ShardThreadData {
  readonly options: ServeOptions;
  readonly shard: number;
  readonly shards: number;
  readonly calls: MessagePort;
  readonly routes: MessagePort;
  /** How long the process's lease is held; absent: it works without one. */
  readonly hold?: SharedArrayBuffer;
}

async function runShard({ options, shard, shards, calls, routes, hold: memory }: ShardThreadData): Promise<void> {
  const log = createPinoLog({ level: parseLevel(options.logLevel), to: 'stderr', base: { shard } });
  const state = shardDirectory(options.state, shard, shards);
  const link = await connectNats(natsOptions(options), log);
  const meter = createPrometheusMeter();
  const hold = memory === undefined ? undefined : new SharedHold(memory);
  const routed = new RoutedSources(portWire(routes), systemClock);
  const createEngine: ShardHostOptions['createEngine'] = (store, { documents, revision, acquired }) => {
    const lease =
      hold === undefined || acquired === undefined ? undefined : new LeaseOfProcess(acquired, hold, systemClock);
    const alerts = { stream: options.alertStream, prefix: options.alertPrefix };
    return new Engine(
      {
        store,
        savepoints: savepointPlaces(options.savepoints ?? join(options.state, 'savepoints'), link),
        sink: natsAlertSink(link, alerts, log, () => lease?.isHeld !== false),
        ...(lease === undefined ? {} : { lease }),
        openers: {
          nats: partOpener({ parts: natsSourceOpener(link, {}, log), whole: routed, shard, shards }),
          file: routed,
        },
        begin: { documents, revision },
        parse: parseDocuments,
        expressions,
        schemaCheck: compileSchema,
        clock: systemClock,
        digest: systemDigest,
        log,
        meter,
      },
      engineSettings(options, shard),
    );
  };
  new ShardHost({
    wire: portWire(calls),
    namespace: options.namespace,
    place: { shard, of: shards },
    openStore: () => openLevelStore(storeOptions(options, state, log)),
    createEngine,
    metrics: () => meter.snapshot(),
    onStopped: async () => {
      await link.close();
      routes.close();
      calls.close();
    },
  });
}

if (parentPort !== null) await runShard(workerData as ShardThreadData);
