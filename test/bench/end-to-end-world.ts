/** What the benchmarks from NATS to NATS share: a real nats-server with a stream, and the engine as the service runs it, in this process. */
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { openLevelStore } from '../../src/adapters/level/open-level-store.js';
import { createPinoLog } from '../../src/adapters/log-pino/pino-log.js';
import { createPrometheusMeter } from '../../src/adapters/meter-prometheus/prometheus-meter.js';
import { natsAlertSink } from '../../src/adapters/nats/alert-sink.js';
import { connectNats } from '../../src/adapters/nats/connection.js';
import { natsSourceOpener } from '../../src/adapters/nats/source-opener.js';
import { systemClock } from '../../src/adapters/system/system-clock.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import { Engine } from '../../src/runtime/engine.js';
import type { EngineSettings } from '../../src/runtime/engine-options.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import { TestNatsServer } from '../support/nats-server.js';

export const DOCUMENTS = `
kind: source
name: bench
nats: { stream: BENCH, subjects: ['bench.>'] }
start: all
event: { time: ts, type: type }
watermark: { maxOutOfOrderness: 0ms }
---
kind: rule
name: w1
source: bench
key: key
pattern:
  within: 10m
  sequence:
    - begin: a
      where: type = 'a'
    - followedBy: b
      where: type = 'b'
`;

export interface World {
  readonly url: string;
  readonly nc: NatsConnection;
  readonly syncInterval: string;
  readonly version: string;
  close(): Promise<void>;
}

export async function openWorld(syncInterval?: string): Promise<World> {
  const server = await TestNatsServer.start(syncInterval === undefined ? {} : { syncInterval });
  const nc = await connect({ servers: server.url });
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'BENCH', subjects: ['bench.>'] });
  return {
    url: server.url,
    nc,
    syncInterval: syncInterval ?? '2m (default)',
    version: nc.info?.version ?? 'unknown',
    close: async () => {
      await nc.close();
      await server.dispose();
    },
  };
}

export async function startEngine(
  url: string,
  directory: string,
  settings: Partial<EngineSettings> = {},
): Promise<Engine> {
  const log = createPinoLog({ level: 'error' });
  const link = await connectNats({ servers: url }, log);
  const parsed = parseDocuments(DOCUMENTS, { origin: 'file' });
  const engine = new Engine(
    {
      store: await openLevelStore({ directory: join(directory, 'db') }),
      sink: natsAlertSink(link, { stream: 'WEIR_ALERTS', prefix: 'weir.alerts' }, log),
      openers: { nats: natsSourceOpener(link, {}, log) },
      feed: { read: () => Promise.resolve(parsed), watch: () => () => Promise.resolve() },
      parse: parseDocuments,
      expressions: createJsonataCompiler(),
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter: createPrometheusMeter(),
    },
    { ...defaultSettings, ...settings },
  );
  await engine.start();
  void engine.ended.then(() => link.close());
  return engine;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
