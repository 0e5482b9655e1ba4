/**
 * One service from its first start to its orderly stop, through every fault of its plan. A process that dies or fails is started
 * again over what the disk and the streams have; one that refuses a source is stopped, and started when the operator has chosen.
 */
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { AlertSink } from '../../src/ports/sink.js';
import type { StateStore } from '../../src/ports/store.js';
import { Engine } from '../../src/runtime/engine.js';
import { DocumentControl } from '../../src/runtime/engine-control.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import type { StoredCheckpoint } from '../../src/runtime/stored-state.js';
import { openDisk } from './open-disk.js';
import { Operator } from './operator.js';
import type { Planted } from './planted.js';
import { silentLog, silentMeter } from './silence.js';

import { streamOf } from './sim-documents.js';
import { SimLaws } from './sim-laws.js';
import type { Fault, Plan } from './sim-plan.js';
import { SimProcess, below, randomOf } from './sim-process.js';
import { simOpener } from './sim-opener.js';
import { SimSink } from './sim-sink.js';
import { SimDisk } from './sim-disk.js';
import { SimStore } from './sim-store.js';
import { SimWorld } from './sim-world.js';

const STEPS_MAX = 100_000;
/** Stops for an operator come on top of a plan's faults. */
const LIVES_MAX = 30;
/** What a service stops with when its disk fails. */
const DISK_FAILURES: ReadonlySet<string> = new Set(['disk-full', 'io']);
const expressions = createJsonataCompiler();

interface Life {
  readonly process: SimProcess;
  readonly engine: Engine;
  readonly control: DocumentControl;
  /** Refusals that are due, by stream. */
  readonly due: ReadonlyMap<string, string>;
  /** When the operator has seen a refusal and stops the service. */
  noticedAtMs: number;
}

/** `refused`: stopped in order, because a source was. */
type LifeEnd = 'died' | 'refused' | 'done';

export class SimService {
  readonly laws = new SimLaws();
  readonly disk: SimDisk;
  readonly world: SimWorld;
  readonly operator: Operator;
  lives = 0;
  private readonly random: () => number;
  private life: Life | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly planted: Planted = {},
  ) {
    this.random = randomOf(plan.seed + 1);
    this.world = new SimWorld(plan, {
      random: this.random,
      forgetfulServer: planted.forgetfulServer === true,
      onFilesChanged: () => this.reload(),
      onAlert: (message) => this.laws.checkPromise(message),
    });
    this.operator = new Operator(this.world);
    this.disk = new SimDisk({
      onDurable: (changes) => this.laws.noteDurable(changes),
      onGoneBack: () => this.laws.noteGoneBack(),
      isBlind: planted.blindDisk === true,
    });
  }

  get broken(): readonly string[] {
    return this.laws.broken;
  }

  /** Lives until nothing is left to do. */
  async run(): Promise<this> {
    const faults = [...this.plan.faults];
    for (let end: LifeEnd | undefined; end !== 'done' && this.lives < LIVES_MAX;) {
      const fault = end === 'refused' ? undefined : faults.shift();
      await openDisk({ disk: this.disk, laws: this.laws, random: this.random, planted: this.planted });
      const life = this.begin(fault);
      end = await this.live(life);
      this.laws.checkStored(this.disk.durable);
      if (this.broken.length > 0) return this;
      if (end !== 'done') this.between(life, end, fault);
    }
    if (this.world.toArrive > 0) this.laws.broken.push('the last life ended before the events did');
    this.laws.checkEnd(this.world.alerts.stream, this.disk.durable);
    return this;
  }

  private between({ process, due }: Life, end: LifeEnd, fault: Fault | undefined): void {
    process.dead = true;
    this.disk.crash(this.random);
    if (end === 'refused') this.operator.choose(due.keys());
    for (const { place, share } of fault?.flips ?? []) this.disk.flip(place, share);
    if (fault?.stream !== undefined) this.operator.strike(fault.stream, this.stored());
    this.world.pass(below(this.random, 3_000));
  }

  private stored(): StoredCheckpoint | undefined {
    const text = this.disk.durable.get('c/0');
    return text === undefined ? undefined : (JSON.parse(text) as StoredCheckpoint);
  }

  private begin(fault: Fault | undefined): Life {
    this.lives++;
    const { random } = this;
    const process = new SimProcess(this.world.loop, {
      random,
      diesAt: fault?.kind === 'crash' ? fault.await : 0,
      delayMsMax: [0.1, 5, 300][below(random, 3)] as number,
      skewMs: below(random, 20_000) - 10_000,
    });
    const engine = this.engineOf(process, fault);
    const due = this.operator.refusalsDue(this.stored());
    this.life = { process, engine, control: new DocumentControl(engine), due, noticedAtMs: Infinity };
    return this.life;
  }

  private engineOf(process: SimProcess, fault: Fault | undefined): Engine {
    const { planted, world } = this;
    const store = this.storeOf(process, fault);
    const sink = this.sinkOf(process);
    const pace = fault === undefined ? {} : { pace: () => below(this.random, 6) };
    const opener = simOpener({ streams: world.streams, process, ...pace });
    return new Engine(
      {
        store: planted.store?.(store) ?? store,
        sink: planted.sink?.(sink) ?? sink,
        openers: { nats: planted.opener?.(opener) ?? opener },
        feed: { read: () => process.later(() => world.documents.parse()), watch: () => () => Promise.resolve() },
        parse: parseDocuments,
        expressions,
        schemaCheck: compileSchema,
        clock: planted.clock?.(process) ?? process,
        digest: systemDigest,
        log: silentLog,
        meter: silentMeter,
      },
      { ...defaultSettings, pollWaitMs: 20_000, ...this.plan.settings },
    );
  }

  private storeOf(process: SimProcess, fault: Fault | undefined): StateStore {
    const { slowDisk, retainEvery } = this.plan;
    const slow = slowDisk === undefined ? {} : { slow: slowDisk };
    if (fault === undefined || fault.kind === 'crash')
      return new SimStore({ disk: this.disk, process, retainEvery, ...slow });
    const { kind: code, commit, isWritten } = fault;
    return new SimStore({ disk: this.disk, process, retainEvery, failure: { code, commit, isWritten }, ...slow });
  }

  private sinkOf(process: SimProcess): AlertSink {
    return new SimSink({ server: this.world.alerts, process, random: this.random, faults: this.plan.wire });
  }

  private reload(): void {
    if (this.life !== undefined && !this.life.process.dead) void this.life.control.reload();
  }

  private async live(life: Life): Promise<LifeEnd> {
    const { engine, process } = life;
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
      if ((work as string) === 'over') return life.noticedAtMs < Infinity ? 'refused' : 'done';
      if ((work as string) === 'run' && this.isOver(life)) {
        work = 'stop';
        void engine.stop().then(...ends('over'));
        continue;
      }
      if (!this.world.loop.step()) break;
    }
    this.laws.broken.push('it never comes to rest');
    return 'done';
  }

  private noteDeath(engine: Engine, refusal: unknown): LifeEnd {
    const failure = engine.failure ?? (refusal as { code?: string; message?: string } | undefined);
    if (failure !== undefined && !DISK_FAILURES.has(failure.code ?? '')) {
      this.laws.broken.push(`it failed: ${failure.code ?? ''} ${failure.message ?? ''}`);
    }
    return 'died';
  }

  /** Everything is done, or an operator has seen that something is refused. */
  private isOver(life: Life): boolean {
    const { intakes } = life.engine.intakes;
    const refused = intakes.filter(({ state }) => state === 'refused');
    if (refused.length > 0 || life.due.size > 0) {
      this.laws.broken.push(...this.operator.faultsOf(intakes, life.due));
      if (refused.length === life.due.size && life.noticedAtMs === Infinity) this.noticeSoon(life);
      return this.broken.length > 0 || this.world.loop.nowMs >= life.noticedAtMs;
    }
    return this.world.toArrive === 0 && this.isIdle(life.engine);
  }

  private noticeSoon(life: Life): void {
    const ms = below(this.random, 60_000);
    life.noticedAtMs = this.world.loop.nowMs + ms;
    this.world.loop.after(ms, () => undefined);
  }

  private isIdle({ intakes, outbox, checkpointedPositions, shard }: Engine): boolean {
    if (outbox.waiting > 0 || outbox.deletable > 0 || shard.keyCount > 0) return false;
    if ([...shard.closing.values()].some(({ table }) => table.residency.coldCount > 0)) return false;
    return intakes.intakes.every(({ name, isDelivered, replaying, timeline }) => {
      // Of units, silence makes everything final.
      if (streamOf(name) === 'u' && timeline.buffered > 0) return false;
      const { lastSeq } = this.world.stream(streamOf(name));
      return isDelivered && !replaying && checkpointedPositions.get(name) === lastSeq;
    });
  }
}
