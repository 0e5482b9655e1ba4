/** One shard in a thread of its own: its store, its connection, its engine, and a router for the sources that have their home here. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { parseDocuments } from '../adapters/document/parse-documents.js';
import { fileSourceOpener } from '../adapters/file/file-source.js';
import { compileSchema } from '../adapters/json-schema/compile-schema.js';
import { openLevelStore } from '../adapters/level/open-level-store.js';
import { createPinoLog } from '../adapters/log-pino/pino-log.js';
import { createPrometheusMeter } from '../adapters/meter-prometheus/prometheus-meter.js';
import { natsAlertSink } from '../adapters/nats/alert-sink.js';
import { connectNats } from '../adapters/nats/connection.js';
import type { NatsLink } from '../adapters/nats/connection.js';
import { natsSourceOpener } from '../adapters/nats/source-opener.js';
import { createStartBook } from '../adapters/start-book/start-book.js';
import { systemClock } from '../adapters/system/system-clock.js';
import { systemDigest } from '../adapters/system/system-digest.js';
import { portWire } from '../adapters/threads/port-wire.js';
import { SharedHold } from '../adapters/threads/shared-hold.js';
import type { Log } from '../ports/log.js';
import { Engine } from '../runtime/engine.js';
import { RevisionCompiler } from '../runtime/revision-compiler.js';
import { LeaseOfProcess } from '../runtime/shards/lease-of-process.js';
import { localWire } from '../runtime/shards/local-wire.js';
import { partOpener } from '../runtime/shards/part-opener.js';
import type { RouterWire } from '../runtime/shards/routed-source.js';
import { RoutedSources } from '../runtime/shards/routed-source.js';
import type { RouterReply, RouterRequest } from '../runtime/shards/routing.js';
import type { ShardCalls } from '../runtime/shards/shard-calls.js';
import { ShardHost } from '../runtime/shards/shard-host.js';
import { SourceRouter } from '../runtime/shards/source-router.js';
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
  /** To the routers of the other shards, by their numbers, and from the other shards to the one here; its own place is empty. */
  readonly toRouters: readonly (MessagePort | undefined)[];
  readonly toShards: readonly (MessagePort | undefined)[];
  /** How long the process's lease is held; absent: it works without one. */
  readonly hold?: SharedArrayBuffer;
}

interface Thread {
  readonly data: ShardThreadData;
  readonly state: string;
  readonly link: NatsLink;
  readonly log: Log;
  readonly onFailure: (error: unknown) => void;
}

const compiling = { expressions, digest: systemDigest, schemaCheck: compileSchema };

/** The sources as this shard reads them; it reads those that have their home here for the others, too. */
function openSources({ data, state, link, log, onFailure }: Thread) {
  const { options, shard, shards, toRouters, toShards } = data;
  const settings = engineSettings(options, shard);
  const openers = { nats: natsSourceOpener(link, {}, log), file: fileSourceOpener({ root: options.data, log }) };
  const router = new SourceRouter({
    openers,
    environment: new RevisionCompiler({ ...compiling, log }, settings).environment(0),
    clock: systemClock,
    shards,
    batchMessagesMax: settings.batchMessagesMax,
    pollWaitMs: settings.pollWaitMs,
    starts: createStartBook(join(state, 'starts.json')),
    onFailure,
  });
  const [near, far] = localWire<RouterReply, RouterRequest>();
  router.serve(shard, near, true);
  toShards.forEach((port, other) => {
    if (port !== undefined) router.serve(other, portWire(port), false);
  });
  const wires = toRouters.map((port): RouterWire => (port === undefined ? far : portWire(port)));
  const routed = new RoutedSources(shard, wires, systemClock);
  return { nats: partOpener({ parts: openers.nats, whole: routed, shard, shards }), file: routed };
}

type Openers = ReturnType<typeof openSources>;

function createEngine(
  { data: { options, shard, hold: memory }, link, log }: Thread,
  parts: Pick<ConstructorParameters<typeof Engine>[0], 'store' | 'meter'> & { readonly openers: Openers },
  { documents, revision, acquired }: ShardCalls['start']['given'],
): Engine {
  const hold = memory === undefined ? undefined : new SharedHold(memory);
  const lease =
    hold === undefined || acquired === undefined ? undefined : new LeaseOfProcess(acquired, hold, systemClock);
  const alerts = { stream: options.alertStream, prefix: options.alertPrefix };
  return new Engine(
    {
      ...compiling,
      ...parts,
      savepoints: savepointPlaces(options.savepoints ?? join(options.state, 'savepoints'), link),
      sink: natsAlertSink(link, alerts, log, () => lease?.isHeld !== false),
      ...(lease === undefined ? {} : { lease }),
      begin: { documents, revision },
      parse: parseDocuments,
      clock: systemClock,
      log,
    },
    engineSettings(options, shard),
  );
}

async function runShard(data: ShardThreadData): Promise<void> {
  const { options, shard, shards, calls, toRouters, toShards } = data;
  const log = createPinoLog({ level: parseLevel(options.logLevel), to: 'stderr', base: { shard } });
  const state = shardDirectory(options.state, shard, shards);
  const link = await connectNats(natsOptions(options), log);
  const meter = createPrometheusMeter();
  let engine: Engine | undefined;
  const thread: Thread = { data, state, link, log, onFailure: (error) => engine?.fail(error) };
  const openers = openSources(thread);
  new ShardHost({
    wire: portWire(calls),
    namespace: options.namespace,
    place: { shard, of: shards },
    openStore: () => openLevelStore(storeOptions(options, state, log)),
    createEngine: (store, given) => (engine = createEngine(thread, { store, meter, openers }, given)),
    metrics: () => meter.snapshot(),
    onStopped: async () => {
      await link.close();
      for (const port of [calls, ...toRouters, ...toShards]) port?.close();
    },
  });
}

if (parentPort !== null) await runShard(workerData as ShardThreadData);
