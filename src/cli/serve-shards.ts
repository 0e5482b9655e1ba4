/** The service with several shards, each in a thread of its own; this thread answers the API. */
import { mkdirSync } from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';
import { parseDocuments } from '../adapters/document/parse-documents.js';
import { createDocumentFiles } from '../adapters/document-files/document-files.js';
import { compileSchema } from '../adapters/json-schema/compile-schema.js';
import { createPrometheusMeter } from '../adapters/meter-prometheus/prometheus-meter.js';
import type { MeterSnapshot } from '../adapters/meter-prometheus/prometheus-meter.js';
import type { NatsLink } from '../adapters/nats/connection.js';
import { systemClock } from '../adapters/system/system-clock.js';
import { systemDigest } from '../adapters/system/system-digest.js';
import { portWire } from '../adapters/threads/port-wire.js';
import { SharedHold } from '../adapters/threads/shared-hold.js';
import type { Log } from '../ports/log.js';
import { MetricsReporter } from '../runtime/report-metrics.js';
import { ShardLink } from '../runtime/shards/shard-link.js';
import { ShardSet } from '../runtime/shards/shard-set.js';
import { ShardedControl } from '../runtime/shards/sharded-control.js';
import type { ServeOptions } from './commands/serve-options.js';
import { documentDirectories, engineSettings, parseWhole, shardDirectory } from './commands/serve-values.js';
import { expressions } from './load-documents.js';
import { serveLease } from './serve-lease.js';
import type { Service } from './serve-service.js';
import type { ShardThreadData } from './shard-thread.js';

interface Threads {
  readonly workers: readonly Worker[];
  /** They are told to end, or not needed: their end is no failure. */
  expectEnd(): void;
}

/** A way from every shard to the router in the thread of every other. */
function connectThreads(shards: number): Pick<ShardThreadData, 'toRouters' | 'toShards'>[] {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  const channels = numbers.map((from) => numbers.map((to) => (from === to ? undefined : new MessageChannel())));
  return numbers.map((shard) => ({
    toRouters: numbers.map((to) => channels[shard]?.[to]?.port1),
    toShards: numbers.map((from) => channels[from]?.[shard]?.port2),
  }));
}

function startThreads(data: Pick<ShardThreadData, 'options' | 'shards' | 'hold'>, set: ShardSet): Threads {
  let expected = false;
  const workers = connectThreads(data.shards).map((ways, shard) => {
    mkdirSync(shardDirectory(data.options.state, shard, data.shards), { recursive: true });
    const calls = new MessageChannel();
    const ports = [calls.port2, ...ways.toRouters, ...ways.toShards].filter((port) => port !== undefined);
    const worker = new Worker(new URL('./shard-thread.js', import.meta.url), {
      workerData: { ...data, ...ways, shard, calls: calls.port2 } satisfies ShardThreadData,
      transferList: ports,
    });
    const link = new ShardLink(shard, portWire(calls.port1), (error) => set.fail(error));
    worker.on('error', (error) => link.lose(error.message, expected));
    worker.on('exit', (code) => link.lose(`its thread ended with code ${code}`, expected));
    set.links.push(link);
    return worker;
  });
  return { workers, expectEnd: () => void (expected = true) };
}

export function serveShards(options: ServeOptions, link: NatsLink, log: Log): Promise<Service> {
  const settings = engineSettings(options, 0);
  const { shards } = settings;
  const meter = createPrometheusMeter({ processMetrics: true });
  const directories = documentDirectories(options);
  const feed = createDocumentFiles({ directories, required: directories, parse: parseDocuments });
  const hold = new SharedHold();
  const onHeld = (forMs: number): void => hold.hold(forMs);
  const lease = serveLease(options, { leaseMs: parseWhole('lease', options.lease), link, log, onHeld });
  const deps = {
    parse: parseDocuments,
    feed,
    digest: systemDigest,
    expressions,
    schemaCheck: compileSchema,
    log,
    meter,
  };
  const set = new ShardSet({ deps, settings, lease, startedAtMs: systemClock.now() });
  const data = { options, shards, ...(lease === undefined ? {} : { hold: hold.memory }) };
  const threads = startThreads(data, set);
  const reporter = new MetricsReporter(meter);
  return Promise.resolve({
    feed,
    control: new ShardedControl(set),
    start: () => set.start(),
    ended: set.ended,
    stop: () => {
      threads.expectEnd();
      return set.stop();
    },
    abandon: async () => {
      threads.expectEnd();
      lease?.close();
      await Promise.all(threads.workers.map((worker) => worker.terminate()));
    },
    metricsText: async () => {
      reporter.report(await set.status(), systemClock.now());
      const others = await set.all((one) => one.call('metrics', undefined));
      return meter.text(others as MeterSnapshot[]);
    },
  });
}
