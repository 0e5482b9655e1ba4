/**
 * Latency at a steady rate: from the moment an event was due to be published until its alert arrives at a subscriber. Counted from when it was
 * due, not from when it was published: a process that stands still publishes late, and that is part of what a user waits for.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { World } from './end-to-end-world.js';
import { openWorld, startEngine, until } from './end-to-end-world.js';
import type { BenchResult } from './report.js';
import { quantile } from './report.js';

const BYTES = 250;
const RATE = 10_000;
const START_MS = 1_700_000_000_000;
/** The first events find code that is not compiled and files that are not made; they are published and not measured. */
const WARM_SECONDS = 2;

/** Every hundredth event completes the pair that the one before it began. */
function encode(at: number): string {
  const type = at % 100 === 98 ? 'a' : at % 100 === 99 ? 'b' : 'c';
  const text = JSON.stringify({ ts: START_MS + at, type, key: 'k', at, note: '' });
  return text.replace('"note":""', `"note":"${'x'.repeat(BYTES - text.length)}"`);
}

/** Publishes what is due, every millisecond or so; resolves with when the first was due. */
async function publishSteadily(nc: NatsConnection, events: number, begun: number): Promise<void> {
  for (let at = 0; at < events;) {
    const due = Math.floor((performance.now() - begun) * (RATE / 1_000));
    for (; at < due && at < events; at++) nc.publish('bench.events', encode(at));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

interface Measured {
  readonly latenciesMs: readonly number[];
  readonly alertsOf: readonly number[];
  readonly cpuMicros: number;
}

async function measure(world: World, directory: string, options: { events: number; alertDelayMaxMs: number }) {
  const { events, alertDelayMaxMs } = options;
  const engine = await startEngine(world.url, directory, { alertDelayMaxMs });
  const latenciesMs: number[] = [];
  const alertsOf: number[] = [];
  const begun = performance.now();
  const subscription = world.nc.subscribe('weir.alerts.>', {
    callback: (_, message) => {
      const alert = message.json<{ data: { stages: { events: { body: { at: number } }[] }[] } }>();
      const at = alert.data.stages[1]?.events[0]?.body.at ?? NaN;
      alertsOf.push(at);
      if (at >= WARM_SECONDS * RATE) latenciesMs.push(performance.now() - begun - at / (RATE / 1_000));
    },
  });
  const cpu = process.cpuUsage();
  await publishSteadily(world.nc, events, begun);
  await until(() => alertsOf.length >= events / 100 - 1);
  const used = process.cpuUsage(cpu);
  subscription.unsubscribe();
  await engine.stop();
  const measured: Measured = { latenciesMs, alertsOf, cpuMicros: used.user + used.system };
  return measured;
}

async function benchAt(toy: boolean, alertDelayMaxMs: number): Promise<BenchResult> {
  const events = (toy ? WARM_SECONDS + 1 : WARM_SECONDS + 30) * RATE;
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const world = await openWorld();
  try {
    const { latenciesMs, alertsOf, cpuMicros } = await measure(world, directory, { events, alertDelayMaxMs });
    return {
      name: `latency, publish → alert at a subscriber, checkpoint ${alertDelayMaxMs} ms after an alert waits`,
      workload: `${RATE} events/s of ${BYTES} bytes for ${events / RATE} s, the first ${WARM_SECONDS} s not measured, one alert in 100 events, maxOutOfOrderness 0`,
      figures: {
        'p50 ms': quantile(latenciesMs, 0.5),
        'p99 ms': quantile(latenciesMs, 0.99),
        'max ms': Math.max(...latenciesMs),
        alerts: latenciesMs.length,
        'CPU µs per event, publisher included': cpuMicros / events,
        'nats-server': world.version,
        'NATS sync_interval': world.syncInterval,
      },
      hash: createHash('sha256').update(alertsOf.join('\n')).digest('hex').slice(0, 16),
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As the service does unless told otherwise. */
export function benchLatency(toy: boolean): Promise<BenchResult> {
  return benchAt(toy, 10);
}

/** Alerts wait for the checkpoint of every second. */
export function benchLatencySecond(toy: boolean): Promise<BenchResult> {
  return benchAt(toy, 1_000);
}
