/**
 * One service from its first start to its orderly stop, through every fault of its plan, and what must hold of it. A process that
 * dies or fails is started again over what the disk and the streams have.
 */
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { memoryStream } from '../../src/adapters/memory/memory-sink.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { Log } from '../../src/ports/log.js';
import type { Meter } from '../../src/ports/meter.js';
import type { AlertSink, OutboundMessage } from '../../src/ports/sink.js';
import type { StateStore, StoreChange } from '../../src/ports/store.js';
import { Engine } from '../../src/runtime/engine.js';
import { DocumentControl } from '../../src/runtime/engine-control.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import type { StoredCheckpoint } from '../../src/runtime/stored-state.js';
import { ScriptedStream } from '../runtime/scripted-source.js';
import { storeFaults } from '../runtime/stored-consistency.js';
import { SimSink, simOpener } from './sim-bus.js';
import { changingRule, steadyDocuments } from './sim-documents.js';
import type { Fault, Plan } from './sim-plan.js';
import { SimLoop, SimProcess, below, randomOf } from './sim-process.js';
import { SimDisk, SimStore } from './sim-store.js';

/** Bugs to plant, so that it is known that they would be found. */
export interface Planted {
  readonly store?: (store: StateStore, service: SimService) => StateStore;
  readonly sink?: (sink: AlertSink) => AlertSink;
}

const STEPS_MAX = 40_000;
const silentLog: Log = { debug: noop, info: noop, warn: noop, error: noop };
const silentMeter: Meter = { count: noop, gauge: noop, forget: noop, observe: noop };
const expressions = createJsonataCompiler();

function noop(): void {
  return undefined;
}

interface Life {
  readonly process: SimProcess;
  readonly engine: Engine;
  readonly control: DocumentControl;
}

export class SimService {
  readonly loop = new SimLoop();
  readonly disk = new SimDisk((changes) => this.noteDurable(changes));
  readonly alerts = memoryStream();
  /** Laws that were broken. */
  readonly broken: string[] = [];
  lives = 0;
  private readonly random: () => number;
  private readonly streams: ReadonlyMap<string, ScriptedStream>;
  private variant = 0;
  private readonly promised = new Set<string>();
  private readonly watermarks = new Map<string, number>();
  private toArrive: number;
  private life: Life | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly planted: Planted = {},
  ) {
    this.random = randomOf(plan.seed + 1);
    const clock = new SimProcess(this.loop, { random: this.random, diesAt: 0, delayMsMax: 0, skewMs: 0 });
    this.streams = new Map(['a', 'b'].map((name) => [name, new ScriptedStream(name, clock)]));
    this.toArrive = this.schedule(clock);
  }

  /** Lives until nothing is left to do. */
  async run(): Promise<this> {
    for (const fault of [...this.plan.faults, undefined]) {
      const life = this.begin(fault);
      const ended = await this.live(life);
      this.checkDisk();
      if (ended) break;
      life.process.dead = true;
      this.disk.crash(this.random);
      this.pass(below(this.random, 3_000));
    }
    if (this.toArrive > 0) this.broken.push('the last life ended before the events did');
    this.checkEnd();
    return this;
  }

  /** What was published of rules that no reload touches, as it must come out whatever happens. */
  summary(): string[] {
    const lines = this.alerts.messages.map(({ subject, id, body }) => {
      const { data, ...rest } = JSON.parse(body) as { data?: { rule?: string; ruleRevision?: number } };
      if (data?.rule === 'changing') return '';
      return `${subject} ${id} ${JSON.stringify({ ...rest, data: { ...data, ruleRevision: undefined } })}`;
    });
    return lines.filter((line) => line !== '').sort();
  }

  private schedule(clock: SimProcess): number {
    const { events, reloads } = this.plan;
    const lastMs = events.at(-1)?.atMs ?? 0;
    const add = (stream: string, atMs: number, payload: object): void =>
      void this.loop.after(atMs, () => {
        this.toArrive--;
        this.streams.get(stream)?.add(payload);
      });
    for (const { stream, atMs, behindMs, type, k, v } of events) {
      add(stream, atMs, { t: clock.now() + atMs - behindMs, type, k, v });
    }
    for (const stream of ['a', 'b']) {
      for (const hours of [1, 2, 3, 4]) {
        add(stream, lastMs + 1, { t: clock.now() + lastMs + hours * 3_600_000, type: 'over', v: 0 });
      }
    }
    for (const { atMs, variant } of reloads) {
      this.loop.after(atMs, () => {
        this.variant = variant;
        if (this.life !== undefined && !this.life.process.dead) void this.life.control.reload();
      });
    }
    return events.length + 8;
  }

  private begin(fault: Fault | undefined): Life {
    this.lives++;
    const { random } = this;
    const process = new SimProcess(this.loop, {
      random,
      diesAt: fault?.kind === 'crash' ? fault.await : 0,
      delayMsMax: [0.1, 5, 300][below(random, 3)] as number,
      skewMs: below(random, 20_000) - 10_000,
    });
    const store = this.storeOf(process, fault);
    const sink = new SimSink({
      stream: this.alerts,
      process,
      dedupeIdsMax: 0,
      onPublish: (message) => this.checkPromise(message),
    });
    const pace = fault === undefined ? undefined : () => below(random, 6);
    const engine = new Engine(
      {
        store: this.planted.store?.(store, this) ?? store,
        sink: this.planted.sink?.(sink) ?? sink,
        openers: { nats: simOpener({ streams: this.streams, process, ...(pace === undefined ? {} : { pace }) }) },
        feed: { read: () => process.later(() => this.documents()), watch: () => () => Promise.resolve() },
        parse: parseDocuments,
        expressions,
        schemaCheck: compileSchema,
        clock: process,
        digest: systemDigest,
        log: silentLog,
        meter: silentMeter,
      },
      { ...defaultSettings, pollWaitMs: 20_000, ...this.plan.settings },
    );
    this.life = { process, engine, control: new DocumentControl(engine) };
    return this.life;
  }

  private storeOf(process: SimProcess, fault: Fault | undefined): SimStore {
    return new SimStore({
      disk: this.disk,
      process,
      fullAt: fault?.kind === 'disk-full' ? fault.commit : 0,
    });
  }

  /** True when it stopped in order, with everything done. */
  private async live({ process, engine }: Life): Promise<boolean> {
    let work: 'start' | 'run' | 'stop' | 'over' = 'start';
    let refusal: unknown;
    const ends = (next: typeof work): [() => void, (error: unknown) => void] => [
      () => (work = next),
      (error) => (refusal = error),
    ];
    void engine.start().then(...ends('run'));
    for (let step = 0; step < STEPS_MAX; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (process.dead || engine.state === 'failed' || refusal !== undefined) return this.noteDeath(engine, refusal);
      if ((work as string) === 'over') return true;
      if ((work as string) === 'run' && this.toArrive === 0 && this.isIdle(engine)) {
        work = 'stop';
        void engine.stop().then(...ends('over'));
        continue;
      }
      if (!this.loop.step()) break;
    }
    this.broken.push('it never comes to rest');
    return true;
  }

  private noteDeath(engine: Engine, refusal: unknown): boolean {
    const failure = engine.failure ?? (refusal as { code?: string; message?: string } | undefined);
    if (failure !== undefined && failure.code !== 'disk-full') {
      this.broken.push(`it failed: ${failure.code ?? ''} ${failure.message ?? ''}`);
    }
    return this.broken.length > 0;
  }

  private isIdle({ intakes, outbox, checkpointedPositions }: Engine): boolean {
    if (outbox.waiting > 0 || outbox.deletable > 0) return false;
    return intakes.intakes.every(({ name, isDelivered, replaying }) => {
      return isDelivered && !replaying && checkpointedPositions.get(name) === this.streams.get(name)?.messages.length;
    });
  }

  /** Time in which nothing runs but the world. */
  private pass(ms: number): void {
    const until = this.loop.nowMs + ms;
    let isOver = false;
    this.loop.after(ms, () => (isOver = true));
    while (!isOver && this.loop.nowMs <= until) this.loop.step();
  }

  private documents(): ReturnType<typeof parseDocuments> {
    return parseDocuments(steadyDocuments + changingRule(this.variant), { origin: 'file', file: 'rules.yaml' });
  }

  private noteDurable(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      if (change.kind === 'del') continue;
      if (change.key.startsWith('o/')) this.promised.add((JSON.parse(change.value) as OutboundMessage).id);
      if (change.key === 'c/0') this.checkWatermarks(JSON.parse(change.value) as StoredCheckpoint);
    }
  }

  private checkWatermarks({ sources }: StoredCheckpoint): void {
    for (const [name, { timeline }] of Object.entries(sources)) {
      const { watermark } = timeline;
      const now = watermark === 'end' ? Infinity : (watermark ?? -Infinity);
      if (now < (this.watermarks.get(name) ?? -Infinity)) this.broken.push(`the watermark of ${name} goes back`);
      this.watermarks.set(name, now);
    }
  }

  private checkPromise({ id }: OutboundMessage): void {
    if (!this.promised.has(id)) this.broken.push(`${id} is published before a durable checkpoint holds it`);
  }

  private checkDisk(): void {
    this.broken.push(...storeFaults(this.disk.durable));
  }

  private checkEnd(): void {
    const ids = this.alerts.messages.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) this.broken.push('something is published twice');
    if (this.broken.length > 0) return;
    const left = [...this.disk.durable.keys()].filter((key) => /^[kot]\//.test(key));
    if (left.length > 0) this.broken.push(`left behind: ${left.join(' ')}`);
  }
}

/** The laws a plan breaks: sentences, none if all hold. The same events without faults and reloads say what must come out. */
export async function brokenLaws(plan: Plan, planted: Planted = {}): Promise<string[]> {
  const service = await new SimService(plan, planted).run();
  if (service.broken.length > 0) return service.broken;
  const calm = await new SimService({ ...plan, faults: [], reloads: [] }).run();
  const [said, expected] = [new Set(service.summary()), new Set(calm.summary())];
  return [
    ...calm.broken.map((law) => `without faults: ${law}`),
    ...[...expected].filter((line) => !said.has(line)).map((line) => `missing: ${line}`),
    ...[...said].filter((line) => !expected.has(line)).map((line) => `too much: ${line}`),
  ];
}
