/**
 * NATS → alert on NATS: the engine as the service runs it (LevelDB, checkpoints, outbox) in this process, a real nats-server
 * beside it. Throughput over a backlog; latency from publish to the alert's arrival at a subscriber, at a steady rate.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
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
import type { Payload } from './core-workload.js';
import { payloads } from './core-workload.js';
import type { BenchResult } from './report.js';
import { quantile } from './report.js';

const DOCUMENTS = `
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

const BYTES = 250;
const PUBLISH_WINDOW = 2_000;

/** The payload as JSON text of 250 bytes. */
function encode(payload: Payload): string {
  const text = JSON.stringify(payload);
  return `${text.slice(0, -1)},"note":"${'x'.repeat(Math.max(0, BYTES - text.length - 10))}"}`;
}

async function publishBacklog(nc: NatsConnection, events: Iterable<Payload>): Promise<number> {
  let count = 0;
  for (const payload of events) {
    nc.publish('bench.events', encode(payload));
    if (++count % PUBLISH_WINDOW === 0) await nc.flush();
  }
  await nc.flush();
  const manager = await jetstreamManager(nc);
  for (;;) {
    const { state } = await manager.streams.info('BENCH');
    if (state.messages >= count) return count;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface World {
  readonly url: string;
  readonly nc: NatsConnection;
  readonly syncInterval: string;
  readonly version: string;
  close(): Promise<void>;
}

async function openWorld(syncInterval: string | undefined): Promise<World> {
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

async function startEngine(url: string, directory: string, settings: Partial<EngineSettings> = {}): Promise<Engine> {
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Hash of the ids on the alert stream, in order of id. */
async function alertHash(nc: NatsConnection): Promise<{ count: number; hash: string }> {
  const ids: string[] = [];
  const consumer = await jetstream(nc).consumers.get('WEIR_ALERTS');
  const { state } = await (await jetstreamManager(nc)).streams.info('WEIR_ALERTS');
  if (state.messages > 0) {
    for await (const message of await consumer.consume()) {
      ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
      if (message.seq >= state.last_seq) break;
    }
  }
  const hash = createHash('sha256').update(ids.sort().join('\n')).digest('hex').slice(0, 16);
  return { count: ids.length, hash };
}

export async function benchEndToEnd(toy: boolean): Promise<BenchResult> {
  const events = toy ? 20_000 : 1_000_000;
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const world = await openWorld(undefined);
  try {
    // 0.2 % a, 0.2 % b over 10,000 keys would hardly meet: fewer keys give about one alert in 1,000 events.
    const workload = { events, keys: 100, seed: 2, relevant: 0.004, stepMs: 1 };
    await publishBacklog(world.nc, payloads(workload));
    const engine = await startEngine(world.url, directory);
    const begun = performance.now();
    const cpu = process.cpuUsage();
    await until(() => engine.intakes.intakes[0]?.position === events);
    await until(() => engine.outbox.freshCount === 0 && engine.outbox.waiting === 0);
    const ms = performance.now() - begun;
    const used = process.cpuUsage(cpu);
    const { count, hash } = await alertHash(world.nc);
    const checkpoints = engine.checkpoints.count;
    await engine.stop();
    return {
      name: 'end to end, NATS → alert on NATS',
      workload: `backlog of ${events} events of ${BYTES} bytes, one rule a followedBy b within 10 m, checkpoint every second and 10 ms after an alert`,
      figures: {
        'events/s': Math.round(events / (ms / 1_000)),
        'process CPU µs per event': (used.user + used.system) / events,
        alerts: count,
        checkpoints,
        'RSS MiB': Math.round(process.memoryUsage.rss() / 2 ** 20),
        'nats-server': world.version,
        'NATS sync_interval': world.syncInterval,
      },
      hash,
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function benchLatency(toy: boolean): Promise<BenchResult> {
  const seconds = toy ? 2 : 20;
  const rate = 1_000;
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const world = await openWorld(undefined);
  const latencies: number[] = [];
  try {
    const engine = await startEngine(world.url, directory);
    const sentAt = new Map<number, number>();
    const ids: string[] = [];
    const subscription = world.nc.subscribe('weir.alerts.>', {
      callback: (_, message) => {
        const alert = message.json<{ id: string; data: { stages: { events: { body: { at: number } }[] }[] } }>();
        const at = alert.data.stages[1]?.events[0]?.body.at ?? -1;
        ids.push(String(at));
        latencies.push(performance.now() - (sentAt.get(at) ?? NaN));
      },
    });
    const begun = performance.now();
    const start = 1_700_000_000_000;
    for (let at = 0; at < seconds * rate;) {
      const due = Math.floor((performance.now() - begun) * (rate / 1_000));
      for (; at < due && at < seconds * rate; at++) {
        // Every hundredth event completes the pair the one before it began.
        const type = at % 100 === 98 ? 'a' : at % 100 === 99 ? 'b' : 'c';
        sentAt.set(at, performance.now());
        world.nc.publish(
          'bench.events',
          JSON.stringify({ ts: start + at, type, key: 'k', at, note: 'x'.repeat(BYTES - 60) }),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() => engine.intakes.intakes[0]?.position === seconds * rate);
    await new Promise((resolve) => setTimeout(resolve, 300));
    subscription.unsubscribe();
    await engine.stop();
    return {
      name: 'latency, publish → alert at a subscriber',
      workload: `${rate} events/s for ${seconds} s, one alert in 100 events, maxOutOfOrderness 0, checkpoint 10 ms after an alert waits`,
      figures: {
        'p50 ms': quantile(latencies, 0.5),
        'p99 ms': quantile(latencies, 0.99),
        'max ms': Math.max(...latencies),
        alerts: latencies.length,
        'nats-server': world.version,
        'NATS sync_interval': world.syncInterval,
      },
      hash: createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 16),
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
