/**
 * The service for as long as one likes under a steady stream, killed, stopped and reloaded meanwhile: memory must stay flat, and the
 * alerts be those that the events hold, each once. The server, the store and the program are the real ones.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from '../recovery/service.js';
import { CliProcess } from '../recovery/service-process.js';
import type { BuiltCli } from '../recovery/service-process.js';
import { StreamTools } from '../recovery/stream-tools.js';
import { TestNatsServer } from '../support/nats-server.js';
import { SOAK_DOCUMENTS, changingDocument, closingEvent, expectedPairs, soakEvent } from './soak-events.js';
import type { SoakPlan } from './soak-events.js';

export interface SoakOptions extends SoakPlan {
  readonly minutes: number;
  readonly killEveryS: number;
  readonly reloadEveryS: number;
  readonly say: (text: string) => void;
}

export interface SoakReport {
  readonly events: number;
  readonly seconds: number;
  readonly kills: number;
  readonly stops: number;
  readonly reloads: number;
  readonly alerts: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly twice: readonly string[];
  /** Resident memory of the service, MiB: the median of each tenth of the time, of samples taken 10 s after a start at the earliest. */
  readonly rssMib: readonly number[];
  /** Events between what was sent and what was taken in, at the samples. */
  readonly lagMedian: number;
  readonly lagMax: number;
}

const SOAK_BYTES_MAX = 2_000_000_000;
const TURN_MS = 50;
const SAMPLE_MS = 5_000;
/** A process is young for so long: its memory still grows. */
const YOUNG_MS = 10_000;
/** One end in so many is in order. */
const ORDERLY_EVERY = 5;
const TENTHS = 10;

function rssMib(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1_024);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

class Soak {
  private readonly root = mkdtempSync(join(tmpdir(), 'weir-soak-'));
  private service: Service | undefined;
  private startedAt = 0;
  private sent = 0;
  private kills = 0;
  private stops = 0;
  private reloads = 0;
  private over = false;
  private readonly rss: { readonly at: number; readonly mib: number }[] = [];
  private readonly lags: number[] = [];

  constructor(
    private readonly cli: BuiltCli,
    private readonly server: TestNatsServer,
    private readonly tools: StreamTools,
    private readonly options: SoakOptions,
  ) {
    mkdirSync(join(this.root, 'rules'));
    this.write('soak.yaml', SOAK_DOCUMENTS);
    this.write('changing.yaml', changingDocument(0));
  }

  async run(): Promise<SoakReport> {
    await this.tools.addStream('SOAK', ['soak.>'], 100, SOAK_BYTES_MAX);
    await this.tools.addStream('alerts', ['alerts.>']);
    await this.start();
    const begun = performance.now();
    const end = begun + this.options.minutes * 60_000;
    await Promise.all([this.publish(begun, end), this.disturb(end), this.sample(begun, end)]);
    const seconds = Math.round((performance.now() - begun) / 1_000);
    await this.close();
    return this.report(seconds);
  }

  async dispose(): Promise<void> {
    await this.service?.process.kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  private write(name: string, text: string): void {
    // The way of an editor: a watcher never sees half of it.
    const file = join(this.root, 'rules', name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  private async start(): Promise<void> {
    this.startedAt = Infinity;
    const given = {
      rules: join(this.root, 'rules'),
      state: join(this.root, 'state'),
      nats: this.server.url,
      port: '0',
      'alert-stream': 'alerts',
      'alert-prefix': 'alerts',
      token: 'a-token-for-tests-only-0123456789',
    };
    const args = Object.entries(given).flatMap(([option, value]) => [`--${option}`, value]);
    this.service = new Service(new CliProcess(this.cli, ['serve', ...args, '--no-nats-api']));
    await this.service.running();
    this.startedAt = performance.now();
  }

  /** So many events a second, whatever the service does. */
  private async publish(begun: number, end: number): Promise<void> {
    const { eventsPerSecond } = this.options;
    while (performance.now() < end) {
      const due = Math.floor(((performance.now() - begun) * eventsPerSecond) / 1_000);
      const some: string[] = [];
      for (; this.sent < due; this.sent++) some.push(soakEvent(this.sent, this.options));
      await this.tools.send('soak.a', some);
      await sleep(TURN_MS);
    }
  }

  private async disturb(end: number): Promise<void> {
    const { killEveryS, reloadEveryS } = this.options;
    let nextKill = performance.now() + killEveryS * 1_000;
    let nextReload = performance.now() + reloadEveryS * 1_000;
    while (performance.now() < end) {
      await sleep(200);
      if (performance.now() > nextReload) {
        this.write('changing.yaml', changingDocument(++this.reloads));
        nextReload += reloadEveryS * 1_000;
      }
      if (performance.now() < nextKill) continue;
      nextKill += killEveryS * 1_000;
      const orderly = (this.kills + this.stops) % ORDERLY_EVERY === ORDERLY_EVERY - 1;
      await this.service?.process.kill(orderly ? 'SIGTERM' : 'SIGKILL');
      if (orderly) this.stops++;
      else this.kills++;
      await this.start();
    }
  }

  private async sample(begun: number, end: number): Promise<void> {
    while (performance.now() < end) {
      await sleep(SAMPLE_MS);
      const { service } = this;
      if (service === undefined || performance.now() - this.startedAt < YOUNG_MS) continue;
      try {
        const mib = rssMib(service.process.pid);
        const { sources, shards } = await service.status();
        const lag = this.sent - (sources[0]?.position ?? 0);
        this.rss.push({ at: performance.now() - begun, mib });
        this.lags.push(lag);
        this.options.say(
          `${Math.round((performance.now() - begun) / 1_000)} s: ${this.sent} sent, lag ${lag}, ${mib} MiB, ${shards[0]?.keys} keys, ${this.kills} kills, ${this.reloads} reloads`,
        );
      } catch {
        // Killed meanwhile.
      }
    }
  }

  private async close(): Promise<void> {
    for (const hours of [1, 2]) await this.tools.send('soak.a', [closingEvent(this.sent, this.options, hours)]);
    await this.service?.source('s', ({ checkpointedPosition }) => checkpointedPosition >= this.sent + 2);
    const { code, stderr } = (await this.service?.process.kill('SIGTERM')) ?? { code: null, stderr: '' };
    if (code !== 0) throw new Error(`the service ended with ${code}: ${stderr.slice(-2_000)}`);
  }

  private async report(seconds: number): Promise<SoakReport> {
    const published = await this.tools.read('alerts');
    const keys = published.map(({ body }) => (JSON.parse(body) as { subject?: string }).subject ?? '');
    const expected = expectedPairs(this.sent, this.options);
    const seen = new Set(keys);
    const ids = new Set<string>();
    const twice = published.flatMap(({ id }) => (ids.has(id) ? [id] : (ids.add(id), [])));
    const total = this.options.minutes * 60_000;
    const tenth = (n: number): number[] =>
      this.rss.filter(({ at }) => Math.floor((at / total) * TENTHS) === n).map(({ mib }) => mib);
    return {
      events: this.sent,
      seconds,
      kills: this.kills,
      stops: this.stops,
      reloads: this.reloads,
      alerts: published.length,
      missing: [...expected].filter((key) => !seen.has(key)).slice(0, 10),
      extra: keys.filter((key) => !expected.has(key)).slice(0, 10),
      twice: twice.slice(0, 10),
      rssMib: Array.from({ length: TENTHS }, (_, n) => median(tenth(n))),
      lagMedian: median(this.lags),
      lagMax: Math.max(...this.lags),
    };
  }
}

export async function runSoak(cli: BuiltCli, options: SoakOptions): Promise<SoakReport> {
  const server = await TestNatsServer.start();
  const tools = await StreamTools.connect(server.url);
  const soak = new Soak(cli, server, tools, options);
  try {
    return await soak.run();
  } finally {
    await soak.dispose();
    await tools.close();
    await server.dispose();
  }
}
