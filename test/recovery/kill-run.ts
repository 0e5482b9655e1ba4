/**
 * The service killed over and over while events come, against the service left alone: the same alerts, dead letters and late
 * events, none twice. The server, the store and the program are the real ones.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestNatsServer } from '../support/nats-server.js';
import { KILL_DOCUMENTS, LOGIN_SUBJECT, PAYMENT_SUBJECT } from './kill-documents.js';
import type { Random, Slice } from './kill-events.js';
import { killEvents, seededRandom } from './kill-events.js';
import type { BuiltCli } from './service-process.js';
import { CliProcess } from './service-process.js';
import type { Published } from './stream-tools.js';
import { StreamTools } from './stream-tools.js';

export interface KillOptions {
  readonly seed: number;
  readonly kills: number;
  readonly messages: number;
  /** Shards of the service that is killed; the one left alone has one. Default 1. */
  readonly shards?: number;
  readonly say?: (text: string) => void;
}

export interface KillReport {
  readonly seed: number;
  readonly kills: number;
  /** Of these, kills before the service said that it runs. */
  readonly killsInStart: number;
  readonly startMsMedian: number;
  /** What the uninterrupted run published, and what the other did, each sorted: `subject id body`. */
  readonly expected: readonly string[];
  readonly got: readonly string[];
  /** Ids the killed run published more than once. */
  readonly twice: readonly string[];
}

export const RUNNING = 'weir is running';
const CHECKPOINT_INTERVALS_MS = [20, 150, 1_000];
/** Of keys: nothing stays in memory, few do, all do. */
const STATE_MEMORY_MIB = [0, 1, 256];
const AFTER_START_MS_MAX = 400;
/** Share of kills aimed at the start-up. */
const START_SHARE = 0.25;
/** Share of stops that are asked for. */
const ORDERLY_SHARE = 0.08;

/** Where runs of the service are compared: one server, one set of documents, a state directory for each run. */
export interface Place {
  readonly cli: BuiltCli;
  readonly url: string;
  readonly rules: string;
  readonly root: string;
}

export interface Settings {
  readonly checkpointMs: number;
  readonly stateMemoryMib: number;
  readonly fileKibMax?: number;
  readonly args?: readonly string[];
}

export function start(place: Place, run: string, settings: Settings): CliProcess {
  const { checkpointMs, stateMemoryMib, fileKibMax, args: more = [] } = settings;
  const state = join(place.root, run);
  const options = {
    rules: place.rules,
    state,
    nats: place.url,
    port: '0',
    'checkpoint-interval': String(checkpointMs),
    // So that kills meet a database that is closed, linked and opened again.
    'retain-interval': '150',
    'state-memory': String(stateMemoryMib),
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const alerts = ['--alert-stream', run, '--alert-prefix', run, '--no-nats-api'];
  return new CliProcess(place.cli, ['serve', ...args, ...alerts, ...more], {
    ...(fileKibMax === undefined ? {} : { fileKibMax }),
  });
}

export async function publish(tools: StreamTools, { payments, logins }: Slice): Promise<void> {
  await Promise.all([tools.store('PAYMENTS', PAYMENT_SUBJECT, payments), tools.store('LOGINS', LOGIN_SUBJECT, logins)]);
}

function halves({ payments, logins }: Slice): [Slice, Slice] {
  const cut = (list: readonly string[]): number => list.length >> 1;
  return [
    { payments: payments.slice(0, cut(payments)), logins: logins.slice(0, cut(logins)) },
    { payments: payments.slice(cut(payments)), logins: logins.slice(cut(logins)) },
  ];
}

/** One life of the service, ended at a random moment; how long it took to start, if it did. */
async function liveAndDie(
  place: Place,
  tools: StreamTools,
  slice: Slice,
  { random, usualStartMs, args }: { random: Random; usualStartMs: number; args: readonly string[] },
) {
  const [before, after] = halves(slice);
  await publish(tools, before);
  const begun = performance.now();
  const checkpointMs = random.pick(CHECKPOINT_INTERVALS_MS);
  const service = start(place, 'killed', { checkpointMs, stateMemoryMib: random.pick(STATE_MEMORY_MIB), args });
  const inStart = random.next() < START_SHARE;
  const running = service.says(RUNNING).then(() => performance.now() - begun);
  running.catch(() => undefined);
  let startMs: number | undefined;
  if (inStart) {
    await sleep(random.next() * usualStartMs);
    await publish(tools, after);
  } else {
    startMs = await running;
    const publishing = publish(tools, after);
    await sleep(random.next() * AFTER_START_MS_MAX);
    if (random.next() < 0.5) await publishing;
    else void publishing;
    await (random.next() < ORDERLY_SHARE ? service.kill('SIGTERM') : service.kill());
    await publishing;
  }
  await service.kill();
  return { inStart: startMs === undefined, startMs };
}

/** Runs until `the-end` is in the stream and stops in order: everything is out then. */
export async function finish(
  place: Place,
  tools: StreamTools,
  run: string,
  args: readonly string[] = [],
): Promise<Published[]> {
  const service = start(place, run, { checkpointMs: 1_000, stateMemoryMib: 256, args });
  try {
    await service.says(RUNNING);
    for (;;) {
      // Another shard than the one that saw the end may have something left.
      if ((await tools.read(run)).some((one) => one.subject.endsWith('.the-end')) && (await isQuiet(tools, run))) break;
      if (service.said.some((line) => line.includes('the engine stopped'))) throw new Error(service.said.join('\n'));
      await sleep(100);
    }
    const { code, stderr } = await service.kill('SIGTERM');
    if (code !== 0) throw new Error(`the service ended with ${code}: ${stderr.slice(-2_000)}`);
    return await tools.read(run);
  } finally {
    await service.kill();
  }
}

const QUIET_MS = 1_500;

async function isQuiet(tools: StreamTools, run: string): Promise<boolean> {
  const before = await tools.count(run);
  await sleep(QUIET_MS);
  return (await tools.count(run)) === before;
}

export function lines(published: readonly Published[], run: string): string[] {
  return published.map(({ id, subject, body }) => `${subject.slice(run.length + 1)} ${id} ${body}`).sort();
}

export function twiceIn(published: readonly Published[]): string[] {
  const seen = new Set<string>();
  return published.flatMap(({ id }) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [id];
  });
}

async function runIn(place: Place, tools: StreamTools, options: KillOptions): Promise<KillReport> {
  const { seed, kills, messages, say, shards = 1 } = options;
  const args = ['--shards', String(shards)];
  await tools.addStream('PAYMENTS', ['payments.>']);
  await tools.addStream('LOGINS', ['logins.*']);
  await tools.addStream('killed', ['killed.>']);
  await tools.addStream('alone', ['alone.>']);
  const random = seededRandom(seed ^ 0x5eed);
  const slices = killEvents(seed, messages, kills);
  const last = slices.pop() as Slice;
  const startTimes: number[] = [];
  let killsInStart = 0;
  for (const [at, slice] of slices.entries()) {
    const usual = startTimes.length === 0 ? 1_000 : (startTimes[startTimes.length - 1] as number);
    const { inStart, startMs } = await liveAndDie(place, tools, slice, { random, usualStartMs: usual, args });
    if (inStart) killsInStart++;
    if (startMs !== undefined) startTimes.push(startMs);
    say?.(`kill ${at + 1}/${kills}, ${await tools.count('killed')} published`);
  }
  await publish(tools, last);
  const killed = await finish(place, tools, 'killed', args);
  const alone = await finish(place, tools, 'alone');
  return {
    seed,
    kills,
    killsInStart,
    startMsMedian: Math.round(startTimes.sort((a, b) => a - b)[startTimes.length >> 1] ?? NaN),
    expected: lines(alone, 'alone'),
    got: lines(killed, 'killed'),
    twice: twiceIn(killed),
  };
}

export async function runKills(cli: BuiltCli, options: KillOptions): Promise<KillReport> {
  const root = mkdtempSync(join(tmpdir(), 'weir-kill-'));
  const server = await TestNatsServer.start();
  try {
    const rules = join(root, 'rules');
    mkdirSync(rules);
    writeFileSync(join(rules, 'kill.yaml'), KILL_DOCUMENTS);
    const tools = await StreamTools.connect(server.url);
    const report = await runIn({ cli, url: server.url, rules, root }, tools, options);
    await tools.close();
    return report;
  } finally {
    await server.dispose();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Alerts, dead letters and late events by the end of their subject: `{ 'high.card-testing': 120, … }`. */
export function countBySubject(published: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of published) {
    const subject = line.slice(0, line.indexOf(' '));
    counts[subject] = (counts[subject] ?? 0) + 1;
  }
  return counts;
}

/** What one run has and the other has not, shortened for a failure message. */
export function differences({ expected, got }: KillReport, shownMax = 10): { missing: string[]; extra: string[] } {
  const has = new Set(got);
  const wanted = new Set(expected);
  return {
    missing: expected.filter((line) => !has.has(line)).slice(0, shownMax),
    extra: got.filter((line) => !wanted.has(line)).slice(0, shownMax),
  };
}
