/** A service of several shards over the streams of a world, as its threads would be but in one: it dies as a whole. */
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import type { MemoryDisk } from '../../../src/adapters/memory/memory-store.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import type { Log } from '../../../src/ports/log.js';
import type { SourceOpener } from '../../../src/ports/source.js';
import type { Wire } from '../../../src/ports/wire.js';
import { Engine } from '../../../src/runtime/engine.js';
import type { EngineSettings } from '../../../src/runtime/engine-options.js';
import { defaultSettings } from '../../../src/runtime/engine-options.js';
import type { KnownStart } from '../../../src/runtime/shards/join-starts.js';
import { localWire } from '../../../src/runtime/shards/local-wire.js';
import { partOpener } from '../../../src/runtime/shards/part-opener.js';
import { RoutedSources } from '../../../src/runtime/shards/routed-source.js';
import type { FromShard, ToShard } from '../../../src/runtime/shards/shard-calls.js';
import { ShardHost } from '../../../src/runtime/shards/shard-host.js';
import { ShardLink } from '../../../src/runtime/shards/shard-link.js';
import { ShardSet } from '../../../src/runtime/shards/shard-set.js';
import { ShardedControl } from '../../../src/runtime/shards/sharded-control.js';
import type { RouterReply, RouterRequest } from '../../../src/runtime/shards/routing.js';
import { SourceRouter } from '../../../src/runtime/shards/source-router.js';
import { scriptedOpener } from '../scripted-source.js';
import type { CommitFate, LifeOptions, World } from '../world.js';
import { expressions, isIdle, mortalSink, mortalStore, silentMeter } from '../world.js';

const TURNS_MAX = 20_000;

/** What outlives the process: a disk for each shard, and where sources began. */
export class ShardedDisks {
  readonly disks: readonly MemoryDisk[];
  readonly starts = new Map<string, KnownStart>();

  constructor(readonly shards: number) {
    this.disks = Array.from({ length: shards }, (): MemoryDisk => new Map());
  }
}

export interface ShardedOptions {
  readonly settings?: Partial<EngineSettings>;
  /** Asked for every commit of any shard, counted from 1. */
  readonly commitFate?: (number: number, shard: number) => CommitFate;
  readonly sinkFault?: LifeOptions['sinkFault'];
  readonly pace?: LifeOptions['pace'];
}

/** Two ends of a wire; what is sent is copied, and arrives later. */
function wirePair<A, B>(isDead: () => boolean): [Wire<A, B>, Wire<B, A>] {
  let toFirst: ((message: B) => void) | undefined;
  let toSecond: ((message: A) => void) | undefined;
  const later = (call: () => void): void => void setImmediate(() => !isDead() && call());
  return [
    {
      send: (message) => later(() => toSecond?.(structuredClone(message))),
      receive: (call) => void (toFirst = call),
      close: () => undefined,
    },
    {
      send: (message) => later(() => toFirst?.(structuredClone(message))),
      receive: (call) => void (toSecond = call),
      close: () => undefined,
    },
  ];
}

export class ShardedLife {
  readonly set: ShardSet;
  readonly control: ShardedControl;
  readonly engines: Engine[] = [];
  readonly log: { readonly said: string }[] = [];
  dead = false;
  private commits = 0;
  private readonly logTo: Log;

  constructor(
    private readonly world: World,
    private readonly disks: ShardedDisks,
    private readonly options: ShardedOptions = {},
  ) {
    const { clock } = world;
    const isDead = (): boolean => this.dead;
    const say = (said: string, fields: object = {}): void => void this.log.push({ ...fields, said });
    this.logTo = { debug: say, info: say, warn: say, error: say };
    const settings = this.settingsOf(0);
    const feed = {
      read: () => Promise.resolve(parseDocuments(world.documents, { origin: 'file' as const, file: 'rules.yaml' })),
      watch: () => () => Promise.resolve(),
    };
    const compiling = { parse: parseDocuments, expressions, schemaCheck: compileSchema, digest: systemDigest };
    const deps = { ...compiling, feed, log: this.logTo, meter: silentMeter };
    this.set = new ShardSet({ deps, settings, startedAtMs: clock.now() });
    this.control = new ShardedControl(this.set);
    const { pace } = options;
    const scripted = scriptedOpener(world.streams, { clock, isDead, ...(pace === undefined ? {} : { pace }) });
    const routers = disks.disks.map(() => this.router(scripted, settings));
    for (let shard = 0; shard < disks.shards; shard++) {
      const [callsHere, callsThere] = wirePair<ToShard, FromShard>(isDead);
      this.set.links.push(new ShardLink(shard, callsHere, (error) => this.set.fail(error)));
      const wires = routers.map((router, home) => {
        const isLocal = home === shard;
        const [near, far] = isLocal
          ? localWire<RouterReply, RouterRequest>()
          : wirePair<RouterReply, RouterRequest>(isDead);
        router.serve(shard, near, isLocal);
        return far;
      });
      const whole = new RoutedSources(shard, wires, clock);
      this.host(shard, callsThere, partOpener({ parts: scripted, whole, shard, shards: disks.shards }));
    }
  }

  /** Starts and works until there is nothing to do, or it died. */
  async run(): Promise<this> {
    await this.start();
    return this.settle();
  }

  async start(): Promise<void> {
    let over = false;
    let refusal: unknown;
    void this.set.start().then(
      () => (over = true),
      (error: unknown) => ((refusal = error), (over = true)),
    );
    await this.turnUntil(() => over);
    if (refusal !== undefined && this.set.failure === undefined) throw refusal;
  }

  async settle(): Promise<this> {
    const isDone = (): boolean => this.engines.length === this.disks.shards && this.engines.every(isIdle);
    await this.turnUntil(() => this.set.state !== 'running' || isDone());
    return this;
  }

  async stop(): Promise<void> {
    await this.whileTurning(this.set.stop());
  }

  crash(): void {
    this.dead = true;
  }

  async whileTurning<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const done = work.finally(() => (over = true));
    done.catch(() => undefined);
    await this.turnUntil(() => over);
    return done;
  }

  async turnUntil(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      if (this.dead || condition()) return;
      this.world.clock.runNext();
    }
    throw new Error('it never came to rest');
  }

  private settingsOf(shard: number): EngineSettings {
    return { ...defaultSettings, ...this.options.settings, shard, shards: this.disks.shards };
  }

  private router(scripted: SourceOpener, { batchMessagesMax, pollWaitMs }: EngineSettings): SourceRouter {
    const { disks } = this;
    return new SourceRouter({
      openers: { nats: scripted, file: scripted },
      environment: this.set.environment(0),
      clock: this.world.clock,
      shards: disks.shards,
      batchMessagesMax,
      pollWaitMs,
      starts: {
        get: ({ name }) => disks.starts.get(name),
        put: async ({ name }, start) => void disks.starts.set(name, start),
      },
      onFailure: (error) => this.set.fail(error),
    });
  }

  private host(shard: number, wire: Wire<FromShard, ToShard>, nats: ReturnType<typeof partOpener>): void {
    const isDead = (): boolean => this.dead;
    const { clock, stream } = this.world;
    new ShardHost({
      wire,
      namespace: 'default',
      place: { shard, of: this.disks.shards },
      openStore: () =>
        Promise.resolve(
          mortalStore({
            disk: this.disks.disks[shard] as MemoryDisk,
            isDead,
            die: () => (this.dead = true),
            fateOf: () => this.options.commitFate?.(++this.commits, shard) ?? 'ok',
          }),
        ),
      createEngine: (store, begin) => {
        const engine = new Engine(
          {
            store,
            sink: mortalSink(stream, isDead, this.options.sinkFault),
            openers: { nats },
            begin,
            parse: parseDocuments,
            expressions,
            schemaCheck: compileSchema,
            clock,
            digest: systemDigest,
            log: this.logTo,
            meter: silentMeter,
          },
          this.settingsOf(shard),
        );
        this.engines.push(engine);
        return engine;
      },
      metrics: () => Promise.resolve([]),
      onStopped: () => Promise.resolve(),
    });
  }
}
