/**
 * State larger than memory: keys with a run each, most of them in LevelDB alone. The engine as the service runs it, on a stream made
 * as it is read. `WEIR_BENCH_KEYS` sets the number of keys; the heap is that of Node.js (`NODE_OPTIONS=--max-old-space-size=512`).
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { openLevelStore } from '../../src/adapters/level/open-level-store.js';
import { createPinoLog } from '../../src/adapters/log-pino/pino-log.js';
import { MemorySink, memoryStream } from '../../src/adapters/memory/memory-sink.js';
import { createPrometheusMeter } from '../../src/adapters/meter-prometheus/prometheus-meter.js';
import { systemClock } from '../../src/adapters/system/system-clock.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { SourceBatch, SourceMessage, SourceOpener } from '../../src/ports/source.js';
import { Engine } from '../../src/runtime/engine.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import { seeded } from './core-workload.js';
import type { BenchResult } from './report.js';

const DOCUMENTS = `
kind: source
name: bench
nats: { stream: BENCH, subjects: ['bench.>'] }
start: all
event: { time: ts, type: type }
watermark: { maxOutOfOrderness: 0ms }
---
kind: rule
name: state
source: bench
key: key
pattern:
  within: 30d
  sequence:
    - begin: a
      where: type = 'a'
    - followedBy: b
      where: type = 'b' and amount > $a.amount
`;

const START_MS = 1_700_000_000_000;
const BYTES = 250;
const BYTES_PER_MIB = 1_048_576;
/** Keys the frequent events of the last phase fall on. */
const HOT_KEYS = 10_000;
/** Room for each of them in the comparison, by the engine's estimate, some thousand other keys included. */
const HOT_KEY_BYTES = 12_000;
const COMPARED_KEYS = 100_000;
const A_SHARE = 0.01;
const COLD_SHARE = 0.01;

interface Drawn {
  readonly type: 'a' | 'b';
  readonly key: number;
}

/** A stream that makes its messages when they are read, up to a length that is raised. */
class GrowingStream {
  length = 0;
  private draw: (at: number) => Drawn = () => ({ type: 'a', key: 0 });
  private wake: (() => void) | undefined;

  /** As many more messages, each as `draw` says; `at` counts from 0 in each phase. */
  grow(count: number, draw: (at: number) => Drawn): void {
    const from = this.length;
    this.draw = (seq) => draw(seq - from - 1);
    this.length += count;
    this.wake?.();
  }

  /** It is read from one place only: phases do not mix. */
  get opener(): SourceOpener {
    return {
      open: (_, start) => {
        let at = start.kind === 'position' ? start.afterSeq : 0;
        return Promise.resolve({
          identity: { kind: 'jetstream', id: 'BENCH', firstSeq: 1, lastSeq: this.length },
          nextBatch: async (max: number, waitMs: number): Promise<SourceBatch> => {
            if (at >= this.length) await this.more(waitMs);
            const messages: SourceMessage[] = [];
            while (messages.length < max && at < this.length) messages.push(this.message(++at));
            const pending = this.length - at;
            return { messages, caughtUp: pending === 0, ended: false, pending, gaps: [], scannedTo: at };
          },
          close: () => Promise.resolve(this.wake?.()),
        });
      },
    };
  }

  private more(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wake = () => (clearTimeout(timer), resolve());
    });
  }

  private message(seq: number): SourceMessage {
    const { type, key } = this.draw(seq);
    const head = `{"ts":${START_MS + seq},"type":"${type}","key":"key-${key}","amount":${type === 'a' ? 500 : 0},"note":"`;
    const text = `${head}${'x'.repeat(BYTES - head.length - 2)}"}`;
    return { seq, arrival: START_MS + seq, subject: 'bench.events', headers: undefined, text, value: undefined };
  }
}

async function startEngine(stream: GrowingStream, directory: string, stateMemoryBytesMax: number): Promise<Engine> {
  const log = createPinoLog({ level: 'error' });
  const parsed = parseDocuments(DOCUMENTS, { origin: 'file' });
  const engine = new Engine(
    {
      store: await openLevelStore({ directory }),
      sink: new MemorySink({ stream: memoryStream() }),
      openers: { nats: stream.opener },
      feed: { read: () => Promise.resolve(parsed), watch: () => () => Promise.resolve() },
      parse: parseDocuments,
      expressions: createJsonataCompiler(),
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter: createPrometheusMeter(),
    },
    { ...defaultSettings, stateMemoryBytesMax },
  );
  await engine.start();
  return engine;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

interface Phase {
  /** Events a second by the clock, and µs of processor time an event, LevelDB's compaction included. */
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly hitShare: number;
}

async function phase(
  engine: Engine,
  stream: GrowingStream,
  count: number,
  draw: (at: number) => Drawn,
): Promise<Phase> {
  const { shard, feed, intakes } = engine;
  const before = { stepped: shard.steppedCount, loaded: feed.loaded + feed.absent };
  const cpu = process.cpuUsage();
  const begun = performance.now();
  stream.grow(count, draw);
  const [intake] = intakes.intakes;
  await until(() => engine.failure !== undefined || (intake?.position === stream.length && intake.isDelivered));
  if (engine.failure !== undefined) throw new Error(engine.failure.message);
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const misses = feed.loaded + feed.absent - before.loaded;
  return {
    perSecond: Math.round(count / seconds),
    cpuMicros: (user + system) / count,
    hitShare: 1 - misses / Math.max(1, shard.steppedCount - before.stepped),
  };
}

/** Half of the events begin a run, half look at the key's runs in vain: every one needs its key. */
const uniform = (keys: number, seed: number): ((at: number) => Drawn) => {
  const random = seeded(seed);
  return () => ({ type: random() < 0.5 ? 'a' : 'b', key: Math.floor(random() * keys) });
};

/** Most events fall on hot keys; one in a hundred on any of `keys`. */
const mostlyHot = (keys: number, seed: number): ((at: number) => Drawn) => {
  const random = seeded(seed);
  return () => ({
    type: random() < A_SHARE ? 'a' : 'b',
    key: Math.floor(random() * (random() < COLD_SHARE ? keys : Math.min(HOT_KEYS, keys))),
  });
};

/** Time from opening the store, all of it verified, to the first event processed. */
async function recovery(stream: GrowingStream, directory: string, bytesMax: number): Promise<number> {
  const begun = performance.now();
  const engine = await startEngine(stream, directory, bytesMax);
  await phase(engine, stream, 1, () => ({ type: 'b', key: 1 }));
  const seconds = (performance.now() - begun) / 1_000;
  await engine.stop();
  return seconds;
}

async function hashOf(directory: string): Promise<string> {
  const store = await openLevelStore({ directory });
  const hash = createHash('sha256');
  for await (const [key, value] of store.entries('k/', 'k0')) hash.update(key).update(value);
  await store.close();
  return hash.digest('hex').slice(0, 16);
}

/** The same events twice: with every key in memory, and with room for the hot ones and some more. */
async function compare(directory: string, keys: number, events: number): Promise<readonly [Phase, Phase]> {
  const live = async (name: string, bytesMax: number): Promise<readonly [Phase, string]> => {
    const stream = new GrowingStream();
    const engine = await startEngine(stream, join(directory, name), bytesMax);
    await phase(engine, stream, keys, (key) => ({ type: 'a', key }));
    await phase(engine, stream, events, mostlyHot(keys, 3));
    const measured = await phase(engine, stream, events, mostlyHot(keys, 4));
    await engine.stop();
    return [measured, await hashOf(join(directory, name))];
  };
  const hotBytes = HOT_KEYS * HOT_KEY_BYTES;
  const [some, hash] = await live('some', hotBytes);
  const [all, other] = await live('all', Number.MAX_SAFE_INTEGER);
  if (hash !== other) throw new Error('the state depends on what was in memory');
  return [all, some];
}

export async function benchState(toy: boolean): Promise<BenchResult> {
  const keys = toy ? 20_000 : Number(process.env['WEIR_BENCH_KEYS'] ?? 1_000_000);
  const events = toy ? 20_000 : 1_000_000;
  const heap = getHeapStatistics().heap_size_limit;
  const bytesMax = toy ? 20 * BYTES_PER_MIB : Math.floor(heap / 3);
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const [all, some] = await compare(directory, toy ? keys : COMPARED_KEYS, events);
    const stream = new GrowingStream();
    const place = join(directory, 'db');
    const engine = await startEngine(stream, place, bytesMax);
    const fill = await phase(engine, stream, keys, (key) => ({ type: 'a', key }));
    const spread = await phase(engine, stream, events, uniform(keys, 1));
    const { keyCount, residentCount } = engine.shard;
    await engine.stop();
    const recovered = await recovery(stream, place, bytesMax);
    const rss = Math.round(process.resourceUsage().maxRSS / 1_024);
    return {
      name: 'state beyond memory',
      workload: `${keys} keys with a run each, heap limit ${Math.round(heap / BYTES_PER_MIB)} MiB, ${Math.round(bytesMax / BYTES_PER_MIB)} MiB for keys; ${events} JSON events of ${BYTES} bytes a phase; comparison with ${toy ? keys : COMPARED_KEYS} keys, 99 % of events on ${HOT_KEYS}`,
      figures: {
        'filling, events/s': fill.perSecond,
        'uniform keys, events/s': spread.perSecond,
        'uniform keys, CPU µs/event': spread.cpuMicros,
        'uniform keys, share of hits': spread.hitShare,
        'some in memory, events/s': some.perSecond,
        'some in memory, CPU µs/event': some.cpuMicros,
        'some in memory, share of hits': some.hitShare,
        'all in memory, events/s': all.perSecond,
        'all in memory, CPU µs/event': all.cpuMicros,
        'speed of some to all, by CPU': all.cpuMicros / some.cpuMicros,
        'start to first event, s': recovered,
        'keys, in memory': `${keyCount.toLocaleString('en-US')}, ${residentCount.toLocaleString('en-US')}`,
        'largest resident set, MiB': rss,
      },
      hash: await hashOf(place),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
