/**
 * NATS → alert on NATS over a backlog: the engine as the service runs it (LevelDB, checkpoints, outbox) in this process, a real
 * nats-server beside it. In the same run, before and after, a bare consumer reads the same stream and parses the same JSON.
 * `WEIR_BENCH_EVENTS` sets the number of events: memory stays flat however long the backlog is.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { readBare } from './bare-consumer.js';
import type { BareReading } from './bare-consumer.js';
import type { Payload } from './core-workload.js';
import { payloads } from './core-workload.js';
import { openWorld, startEngine, until } from './end-to-end-world.js';
import type { World } from './end-to-end-world.js';
import type { BenchResult } from './report.js';

const BYTES = 250;
const PUBLISH_WINDOW = 2_000;
const TENTHS = 10;

/** The payload as JSON text of 250 bytes. */
export function encode(payload: Payload): string {
  const text = JSON.stringify(payload);
  return `${text.slice(0, -1)},"note":"${'x'.repeat(Math.max(0, BYTES - text.length - 10))}"}`;
}

export async function publishBacklog(
  nc: NatsConnection,
  { events, subjectOf }: { events: Iterable<Payload>; subjectOf?: (payload: Payload) => string },
): Promise<number> {
  let count = 0;
  for (const payload of events) {
    nc.publish(subjectOf?.(payload) ?? 'bench.events', encode(payload));
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

/** Hash of the ids on the alert stream, in order of id. */
export async function alertHash(nc: NatsConnection, stream = 'WEIR_ALERTS'): Promise<{ count: number; hash: string }> {
  const ids: string[] = [];
  const consumer = await jetstream(nc).consumers.get(stream);
  const { state } = await (await jetstreamManager(nc)).streams.info(stream);
  if (state.messages > 0) {
    for await (const message of await consumer.consume()) {
      ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
      if (message.seq >= state.last_seq) break;
    }
  }
  const hash = createHash('sha256').update(ids.sort().join('\n')).digest('hex').slice(0, 16);
  return { count: ids.length, hash };
}

interface Drain {
  /** MiB resident at each tenth of the backlog. */
  readonly residentMib: readonly number[];
  readonly ms: number;
  readonly cpuMicros: number;
  readonly checkpoints: number;
}

/** From the start of the engine until every event is taken in and every alert acknowledged. */
async function drain(world: World, directory: string, options: { events: number; alertDelayMaxMs: number }) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const { alertDelayMaxMs } = options;
  const engine = await startEngine(world.url, directory, { alertDelayMaxMs });
  const residentMib: number[] = [];
  await until(() => {
    const position = engine.intakes.intakes[0]?.position ?? 0;
    if (position >= ((residentMib.length + 1) * options.events) / TENTHS)
      residentMib.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
    return position === options.events;
  });
  await until(() => engine.outbox.freshCount === 0 && engine.outbox.waiting === 0);
  const used = process.cpuUsage(cpu);
  const result: Drain = {
    residentMib,
    ms: performance.now() - begun,
    cpuMicros: used.user + used.system,
    checkpoints: engine.checkpoints.count,
  };
  await engine.stop();
  return result;
}

function faster(one: BareReading, other: BareReading): BareReading {
  return one.ms < other.ms ? one : other;
}

async function benchBacklog(toy: boolean, alertDelayMaxMs: number, checkpoints: string): Promise<BenchResult> {
  const events = toy ? 20_000 : Number(process.env['WEIR_BENCH_EVENTS'] ?? 1_000_000);
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const world = await openWorld();
  try {
    // Few keys, so that the few relevant events meet: about one alert in 1,000 events.
    await publishBacklog(world.nc, {
      events: payloads({ events, keys: 100, seed: 2, relevant: 0.002, stepMs: 1 }),
    });
    const before = await readBare(world.url, 'BENCH', events);
    const engine = await drain(world, directory, { events, alertDelayMaxMs });
    const bare = faster(before, await readBare(world.url, 'BENCH', events));
    const { count, hash } = await alertHash(world.nc);
    return {
      name: `end to end, NATS → alert on NATS, checkpoint ${checkpoints}`,
      workload: `backlog of ${events} events of ${BYTES} bytes, one rule a followedBy b within 10 m; start of the engine included`,
      figures: {
        'events/s': Math.round(events / (engine.ms / 1_000)),
        'process CPU µs per event': engine.cpuMicros / events,
        'bare consumer + JSON.parse, events/s': Math.round(events / (bare.ms / 1_000)),
        'bare consumer, CPU µs per event': bare.cpuMicros / events,
        'share of the bare consumer, %': (100 * bare.ms) / engine.ms,
        'share by CPU time, %': (100 * bare.cpuMicros) / engine.cpuMicros,
        alerts: count,
        checkpoints: engine.checkpoints,
        'RSS MiB, tenth by tenth': engine.residentMib.join(' '),
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

/** An alert waits for the checkpoint of every second: the target's workload. */
export function benchEndToEnd(toy: boolean): Promise<BenchResult> {
  return benchBacklog(toy, 1_000, 'every second');
}

/** As the service does unless told otherwise. */
export function benchEndToEndPrompt(toy: boolean): Promise<BenchResult> {
  return benchBacklog(toy, 10, 'every second and 10 ms after an alert');
}
