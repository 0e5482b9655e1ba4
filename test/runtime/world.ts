/**
 * An engine on a memory disk, scripted streams and an alert stream that all outlive it. A life can end at any commit and any
 * publication, before or after it took effect; the next one begins with what was left.
 */
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import type { MemoryDisk } from '../../src/adapters/memory/memory-store.js';
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { MemoryStream, SinkFault } from '../../src/adapters/memory/memory-sink.js';
import { MemorySink, memoryStream } from '../../src/adapters/memory/memory-sink.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { DocumentFeed } from '../../src/ports/document-feed.js';
import type { Log, LogFields } from '../../src/ports/log.js';
import type { Meter } from '../../src/ports/meter.js';
import type { SavepointPlaces } from '../../src/ports/savepoint.js';
import type { AlertSink, OutboundMessage } from '../../src/ports/sink.js';
import type { StateStore, StoreChange } from '../../src/ports/store.js';
import { StoreError } from '../../src/ports/store.js';
import { Engine } from '../../src/runtime/engine.js';
import { DocumentControl } from '../../src/runtime/engine-control.js';
import type { EngineSettings } from '../../src/runtime/engine-options.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import { ManualClock } from './manual-clock.js';
import { ScriptedStream, scriptedOpener } from './scripted-source.js';
import { storeFaults } from './stored-consistency.js';

/** What becomes of a commit. `die-*`: the process ends there, before or after the batch is on the disk; `fail`: it is refused. */
export type CommitFate = 'ok' | 'die-before' | 'die-after' | 'fail';

export interface LifeOptions {
  readonly commitFate?: (number: number, changes: readonly StoreChange[]) => CommitFate;
  readonly sinkFault?: (message: OutboundMessage) => SinkFault;
  readonly pace?: (turn: number) => number;
  readonly settings?: Partial<EngineSettings>;
  /** Looks at the whole store after every commit, not only when there is nothing to do. */
  readonly checksCommits?: boolean;
}

export const expressions = createJsonataCompiler();
const never = new Promise<never>(() => undefined);
export const silentMeter: Meter = {
  count: () => undefined,
  gauge: () => undefined,
  forget: () => undefined,
  observe: () => undefined,
};
const TURNS_MAX = 20_000;

export interface Alert {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: {
    readonly rule: string;
    readonly ruleRevision: number;
    readonly key?: unknown;
    readonly severity: string;
    readonly title: string;
    readonly payload?: unknown;
    readonly suppressed: number;
    readonly stages: readonly { readonly stage: string; readonly events: readonly { readonly id: string }[] }[];
  };
}

export class World {
  readonly disk: MemoryDisk = new Map();
  readonly stream: MemoryStream = memoryStream();
  readonly clock = new ManualClock();
  readonly streams = new Map<string, ScriptedStream>();
  savepoints: SavepointPlaces | undefined;

  /** `documents` is the text of the one file; it may change between lives and while one runs. */
  constructor(
    public documents: string,
    ...streams: string[]
  ) {
    for (const name of streams) this.streams.set(name, new ScriptedStream(name, this.clock));
  }

  in(stream: string): ScriptedStream {
    const found = this.streams.get(stream);
    if (found === undefined) throw new Error(`no stream ${stream}`);
    return found;
  }

  live(options: LifeOptions = {}): Life {
    return new Life(this, options);
  }

  /** Everything published, in order. */
  get published(): readonly OutboundMessage[] {
    return this.stream.messages;
  }

  get alerts(): Alert[] {
    return this.published
      .filter(({ contentType }) => contentType.includes('cloudevents'))
      .map(({ body }) => JSON.parse(body) as Alert);
  }

  /** `subject id body` of everything published, sorted: two runs that agree are equal here, and what came twice stands twice. */
  get summary(): string[] {
    return this.published.map(({ subject, id, body }) => `${subject} ${id} ${body}`).sort();
  }

  /** Keys on the disk that begin so. */
  stored(prefix: string): string[] {
    return [...this.disk.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** One run of the engine. */
export class Life {
  readonly engine: Engine;
  readonly control: DocumentControl;
  readonly log: (LogFields & { readonly said: string })[] = [];
  commits = 0;
  dead = false;

  constructor(
    readonly world: World,
    options: LifeOptions,
  ) {
    const { clock, streams } = world;
    const isDead = (): boolean => this.dead;
    const say = (said: string, fields: LogFields = {}): void => void this.log.push({ ...fields, said });
    const log: Log = { debug: say, info: say, warn: say, error: say };
    this.engine = new Engine(
      {
        store: mortalStore({
          disk: world.disk,
          isDead,
          die: () => (this.dead = true),
          fateOf: (changes) => options.commitFate?.(++this.commits, changes) ?? 'ok',
          ...(options.checksCommits === true ? { onCommitted: () => this.checkStore() } : {}),
        }),
        sink: mortalSink(world.stream, isDead, options.sinkFault),
        openers: { nats: scriptedOpener(streams, { clock, isDead, ...(options.pace ? { pace: options.pace } : {}) }) },
        feed: this.feed(),
        savepoints: async (request) => {
          if (world.savepoints === undefined) throw new Error('the world has no place for savepoints');
          return world.savepoints(request);
        },
        parse: parseDocuments,
        expressions,
        schemaCheck: compileSchema,
        clock,
        digest: systemDigest,
        log,
        meter: silentMeter,
      },
      { ...defaultSettings, ...options.settings },
    );
    this.control = new DocumentControl(this.engine);
  }

  /** Starts and works until there is nothing to do, or it died. */
  async run(): Promise<this> {
    await this.start();
    return this.settle();
  }

  async start(): Promise<this> {
    let over = false;
    const started = this.engine.start().finally(() => (over = true));
    started.catch(() => undefined);
    await this.turnUntil(() => over);
    if (!this.dead) await started.catch((error: unknown) => this.noteFailure(error));
    return this;
  }

  /** Works until everything read is published and acknowledged. */
  async settle(): Promise<this> {
    await this.turnUntil(() => this.engine.state !== 'running' || isIdle(this.engine));
    this.checkStore();
    return this;
  }

  async stop(): Promise<void> {
    let over = false;
    const stopped = this.engine.stop().finally(() => (over = true));
    await this.turnUntil(() => over);
    if (!this.dead) await stopped;
  }

  /** The process is gone, now. */
  crash(): void {
    this.dead = true;
  }

  /** Does what has to be awaited while the clock moves. */
  async whileTurning<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const done = work.finally(() => (over = true));
    done.catch(() => undefined);
    await this.turnUntil(() => over);
    return done;
  }

  /** Lets the process work and the clock move until the condition holds or the process died. */
  async turnUntil(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      if (this.dead || condition()) return;
      this.world.clock.runNext();
    }
    throw new Error('it never came to rest');
  }

  /** A start may fail because something before it did: that is no news. */
  private noteFailure(error: unknown): void {
    if (this.engine.failure === undefined) throw error;
  }

  /** Nothing in the store is left over or missing, whatever a test is about. */
  private checkStore(): void {
    const faults = storeFaults(this.world.disk);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  private feed(): DocumentFeed {
    return {
      read: () => {
        const parsed = parseDocuments(this.world.documents, { origin: 'file', file: 'rules.yaml' });
        return Promise.resolve(parsed);
      },
      watch: () => () => Promise.resolve(),
    };
  }
}

/** Nothing is left to read, to publish or to make durable. */
export function isIdle({ intakes, outbox, checkpointedPositions }: Engine): boolean {
  if (outbox.waiting > 0 || outbox.deletable > 0) return false;
  return intakes.intakes.every(({ name, position, pending, state, isDelivered }) => {
    if (state === 'refused') return true;
    return isDelivered && (state === 'ended' || pending === 0) && (checkpointedPositions.get(name) ?? 0) === position;
  });
}

export interface Mortality {
  readonly disk: MemoryDisk;
  readonly isDead: () => boolean;
  readonly die: () => void;
  readonly fateOf: (changes: readonly StoreChange[]) => CommitFate;
  readonly onCommitted?: () => void;
}

/** A store whose process may end at a commit. */
export function mortalStore({ disk, isDead, die, fateOf, onCommitted }: Mortality): StateStore {
  const store = new MemoryStore({ disk });
  return {
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    entries: (from, to) => store.entries(from, to),
    close: () => store.close(),
    commit: async (changes, options) => {
      if (isDead()) return never;
      const fate = fateOf(changes);
      if (fate === 'fail') throw new StoreError('io', 'The disk is broken.');
      if (fate !== 'die-before') await store.commit(changes, options);
      onCommitted?.();
      if (fate === 'ok') return;
      die();
      return never;
    },
  };
}

export function mortalSink(stream: MemoryStream, isDead: () => boolean, fault: LifeOptions['sinkFault']): AlertSink {
  const sink = new MemorySink({
    stream,
    // Nothing is recognised as a duplicate: what is published twice shows.
    dedupeIdsMax: 0,
    ...(fault === undefined ? {} : { fault }),
  });
  return {
    lastSeq: () => sink.lastSeq(),
    publishedSince: (afterSeq) => sink.publishedSince(afterSeq),
    publish: (messages) => (isDead() ? never : sink.publish(messages)),
    close: () => sink.close(),
  };
}
