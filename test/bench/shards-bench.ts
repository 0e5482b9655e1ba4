/**
 * The service with one shard and with two, over the same backlog: CPU time of the whole process per event. Two shards once with each
 * event routed by its key, once with a stream whose subjects each shard reads for itself.
 */
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPinoLog } from '../../src/adapters/log-pino/pino-log.js';
import { connectNats } from '../../src/adapters/nats/connection.js';
import type { ServeOptions } from '../../src/cli/commands/serve-options.js';
import { serveOne } from '../../src/cli/serve-one.js';
import { serveShards } from '../../src/cli/serve-shards.js';
import { alertHash, publishBacklog } from './end-to-end-bench.js';
import type { Payload } from './core-workload.js';
import { payloads } from './core-workload.js';
import type { World } from './end-to-end-world.js';
import { DOCUMENTS, openWorld } from './end-to-end-world.js';
import type { BenchResult } from './report.js';

const PARTS = 2;
const POLL_MS = 20;

interface Way {
  readonly name: string;
  readonly shards: number;
  readonly partitioned: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'one shard', shards: 1, partitioned: false },
  { name: 'two shards, routed', shards: PARTS, partitioned: false },
  { name: 'two shards, own subjects', shards: PARTS, partitioned: true },
];

interface Drained {
  readonly msPerEvent: number;
  readonly cpuMicrosPerEvent: number;
}

function subjectOf({ key }: Payload): string {
  let hash = 0;
  for (const char of key) hash = (hash * 31 + char.charCodeAt(0)) | 0;
  return `bench.${Math.abs(hash) % PARTS}`;
}

/** How much of a source rules ask for decides what routing costs. */
interface Workload {
  readonly name: string;
  readonly documents: string;
  readonly events: number;
  readonly keys: number;
  /** Share of events that a stage may take. */
  readonly relevant: number;
  readonly about: string;
}

const FEW: Workload = {
  name: 'shards, NATS → alert on NATS',
  documents: DOCUMENTS,
  events: 3_000_000,
  keys: 100,
  relevant: 0.002,
  about: 'one rule a followedBy b within 10 m, which asks for 0.2 % of them',
};

/** No constant says which of the second stage's events will do: all of them go to their keys. */
const FIFTH: Workload = {
  name: 'shards, a fifth of the events asked for',
  documents: DOCUMENTS.replace("type = 'b'", "type = 'b' and amount * 1 < 3").replace('10m', '1s'),
  events: 2_000_000,
  keys: 100,
  relevant: 0.2,
  about: 'one rule a followedBy b, with a condition, within 1 s, which asks for 20 % of them',
};

function documentsOf({ documents }: Workload, { partitioned }: Way): string {
  return partitioned ? documents.replace("['bench.>']", "['bench.0', 'bench.1'], partitioned: true") : documents;
}

interface Run {
  readonly world: World;
  readonly directory: string;
  readonly documents: string;
  readonly way: Way;
  readonly name: string;
}

function optionsOf({ world, directory, documents, way, name }: Run): ServeOptions {
  const rules = join(directory, `rules-${name}`);
  mkdirSync(rules);
  writeFileSync(join(rules, 'bench.yaml'), documents);
  return {
    rules: [rules],
    state: join(directory, name),
    shards: String(way.shards),
    data: '.',
    namespace: 'default',
    natsApi: false,
    natsApiPrefix: 'unused',
    alertStream: name,
    alertPrefix: name,
    lease: '0',
    leaseBucket: 'unused',
    host: '127.0.0.1',
    port: '0',
    checkpointInterval: '1000',
    checkpointPause: '1000',
    retained: '2',
    retainInterval: '600000',
    stopWithin: '25000',
    logLevel: 'error',
    nats: world.url,
  };
}

/** The first events are read while threads start and code is not compiled; they are not measured. */
const WARM_SHARE = 0.15;

/** From when it is warm until every event is taken in and every alert acknowledged. */
async function drain(options: ServeOptions, events: number): Promise<Drained> {
  const log = createPinoLog({ level: 'error' });
  const link = await connectNats({ servers: options.nats }, log);
  mkdirSync(options.state, { recursive: true });
  const open = options.shards === '1' ? serveOne : serveShards;
  const service = await open(options, link, log);
  await service.start();
  let warm: { readonly cpu: NodeJS.CpuUsage; readonly atMs: number; readonly read: number } | undefined;
  for (;;) {
    const { sources, checkpoints, failure } = await service.control.status();
    if (failure !== undefined) throw new Error(failure.message);
    const read = sources[0]?.events ?? 0;
    if (warm === undefined && read >= events * WARM_SHARE) {
      warm = { cpu: process.cpuUsage(), atMs: performance.now(), read };
    }
    if (read === events && sources[0]?.pending === 0 && checkpoints.outboxWaiting === 0) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  assert(warm !== undefined, 'every event was read');
  const used = process.cpuUsage(warm.cpu);
  const measured = Math.max(1, events - warm.read);
  const drained = {
    msPerEvent: (performance.now() - warm.atMs) / measured,
    cpuMicrosPerEvent: (used.user + used.system) / measured,
  };
  // Alerts wait for a checkpoint: what is published when it stops belongs to the result, not to what is measured.
  await service.stop();
  await link.close();
  return drained;
}

export function benchShards(toy: boolean): Promise<BenchResult> {
  return benchWorkload(FEW, toy);
}

export function benchShardsFifth(toy: boolean): Promise<BenchResult> {
  return benchWorkload(FIFTH, toy);
}

async function benchWorkload(workload: Workload, toy: boolean): Promise<BenchResult> {
  const { relevant, about } = workload;
  const events = toy ? 20_000 : workload.events;
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const world = await openWorld();
  const figures: Record<string, number | string> = {};
  const hashes = new Set<string>();
  try {
    const given = { events, keys: toy ? 5 : workload.keys, seed: 2, relevant, stepMs: 1 };
    await publishBacklog(world.nc, { events: payloads(given), subjectOf });
    let one: Drained | undefined;
    for (const [at, way] of WAYS.entries()) {
      const name = `shards-${at}`;
      const drained = await drain(
        optionsOf({ world, directory, documents: documentsOf(workload, way), way, name }),
        events,
      );
      one ??= drained;
      figures[`${way.name}: events/s`] = Math.round(1_000 / drained.msPerEvent);
      figures[`${way.name}: CPU µs per event`] = drained.cpuMicrosPerEvent;
      if (drained !== one)
        figures[`${way.name}: more CPU than one, %`] = 100 * (drained.cpuMicrosPerEvent / one.cpuMicrosPerEvent - 1);
      const { count, hash } = await alertHash(world.nc, name);
      figures[`${way.name}: alerts`] = count;
      hashes.add(hash);
    }
    if (hashes.size !== 1) throw new Error('the ways say different things');
    return {
      name: workload.name,
      workload: `backlog of ${events} events of 250 bytes on 2 subjects, ${about}; the first 15 % not measured`,
      figures,
      hash: [...hashes].join(),
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
