/**
 * The engine: sources in, alerts out, a checkpoint beside them. It owns the order of things: nothing is published before the
 * checkpoint that holds it is durable; documents, positions, keys and outbox change in one batch.
 */
import { assert } from '../core/assert.js';
import { compileRuleSet } from '../core/document/compile.js';
import type { CompileEnvironment } from '../core/document/compile.js';
import type { PlacedDocument, WeirDocument } from '../core/document/documents.js';
import type { RulePlan, RuleSet } from '../core/document/plans.js';
import type { Checked, Diagnostic } from '../core/model/diagnostic.js';
import type { RuleMatch } from '../core/model/match.js';
import { Shard, advanceShard } from '../core/shard/shard.js';
import type { ShardOptions } from '../core/shard/shard.js';
import type { SavepointRequest } from '../ports/savepoint.js';
import { SavepointError } from '../ports/savepoint.js';
import type { StoreChange } from '../ports/store.js';
import { AlertRenderer } from './render-alert.js';
import { CheckpointManager } from './checkpoint-manager.js';
import type { StagedCheckpoint } from './checkpoint-manager.js';
import { DocumentSet } from './document-set.js';
import type { EngineDependencies, EngineSettings } from './engine-options.js';
import { EngineError } from './engine-options.js';
import { IntakeGroup } from './intake-group.js';
import { replays } from './source-intake.js';
import { Outbox } from './outbox.js';
import { RevisionCompiler } from './revision-compiler.js';
import type { Revision } from './revision-compiler.js';
import { RuleRegistry, dependenciesIn } from './rule-registry.js';
import type { StoredRule } from './rule-registry.js';
import type { SavepointDraft } from './savepoint.js';
import { draftSavepoint } from './savepoint.js';
import { LeasedSink } from './leased-sink.js';
import { ShadowLog } from './shadow-log.js';
import type { StoredCheckpoint } from './stored-state.js';
import { readStateUnderLease } from './state-under-lease.js';
import { ShardFeed } from './shard-feed.js';
import { ShardState } from './shard-state.js';
import { STATE_FORMAT, checkpointKey } from './state-layout.js';

/** Under which a store keeps its checkpoint: each shard has a store of its own. */
export const SHARD = 0;

export type EngineState = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export class Engine {
  state: EngineState = 'starting';
  failure: { readonly code: string; readonly message: string } | undefined;
  revision = 0;
  documents = DocumentSet.empty();
  ruleSet: RuleSet = { revision: 0, sources: new Map(), rules: new Map() };
  /** Diagnostics of the files as they are now, when they are refused and an older set runs. */
  refusedDocuments: readonly Diagnostic[] = [];
  readonly startedAtMs: number;
  readonly shard: Shard;
  readonly registry = new RuleRegistry();
  readonly outbox: Outbox;
  readonly checkpoints: CheckpointManager;
  readonly intakes: IntakeGroup;
  readonly feed: ShardFeed;
  private readonly shardState: ShardState;
  private readonly compiler: RevisionCompiler;
  private readonly shadow: ShadowLog;
  private readonly renderers = new Map<RulePlan, AlertRenderer>();
  private pendingChanges: StoreChange[] = [];
  private savepointing = false;
  /** Of the lease, or of the last one. */
  private epoch: number | undefined;
  /** Positions of the last durable checkpoint, by source. */
  checkpointedPositions: ReadonlyMap<string, number> = new Map();
  private resolveEnd: (() => void) | undefined;
  /** Resolves when the engine has stopped or failed. */
  readonly ended = new Promise<void>((resolve) => (this.resolveEnd = resolve));

  constructor(
    readonly deps: EngineDependencies,
    readonly settings: EngineSettings,
  ) {
    const { sink, lease, log, meter, store, clock } = deps;
    lease?.whenLost((error) => this.fail(error));
    this.startedAtMs = clock.now();
    this.compiler = new RevisionCompiler(deps, settings);
    this.shard = new Shard(settings.shards === 1 ? {} : this.shardOptions());
    this.shardState = new ShardState(this.shard, store, deps.digest);
    this.shadow = new ShadowLog();
    const onFailure = (error: unknown): void => this.fail(error);
    this.outbox = new Outbox({
      sink: lease === undefined ? sink : new LeasedSink(sink, lease),
      log,
      meter,
      publishBatchMax: settings.publishBatchMax,
      now: () => clock.now(),
      repeatsKeepMs: settings.repeatsKeepMs,
      acceptLostAlerts: settings.acceptLostAlerts,
      onFailure,
      onAcknowledged: () => this.onAcknowledged(),
    });
    this.checkpoints = new CheckpointManager({
      store,
      clock,
      meter,
      collect: () => this.collect(),
      intervalMs: settings.checkpointIntervalMs,
      alertDelayMaxMs: settings.alertDelayMaxMs,
      shareMax: settings.checkpointShareMax,
      pauseMinMs: settings.checkpointPauseMinMs,
      sliceMs: settings.checkpointSliceMs,
      historyMax: settings.checkpointHistoryMax,
      onFailure,
    });
    this.feed = new ShardFeed({
      shard: this.shard,
      state: this.shardState,
      clock,
      bytesMax: settings.stateMemoryBytesMax,
      dirtyShareMax: settings.dirtyShareMax,
      keysPerLoadMax: settings.keysPerLoadMax,
      evictionStepsMax: settings.evictionStepsMax,
      give: (output) => this.give(output.matches),
      changed: () => this.batchDone(),
      checkpoint: () => this.checkpoints.now(),
      onFailure,
    });
    this.intakes = new IntakeGroup({
      deps,
      settings,
      shard: this.shard,
      deliver: (delivery, isOver) => this.feed.deliver(delivery, isOver),
      publish: (message) => this.outbox.add(message),
      outboxWaiting: () => this.outbox.waiting,
      batchDone: () => this.batchDone(),
      onFailure,
    });
  }

  /** Loads what the store holds, puts the documents in force, and begins to read. Rejects when it must not run. */
  async start(): Promise<void> {
    const { stored, epoch, others } = await readStateUnderLease(this.deps, {
      namespace: this.settings.namespace,
      shard: SHARD,
      place: { shard: this.settings.shard, of: this.settings.shards },
    });
    this.epoch = epoch;
    await this.shadow.load(this.deps.store);
    this.documents = DocumentSet.ofStored(stored.documents);
    this.revision = stored.checkpoint?.revision ?? 0;
    const next = await this.chooseDocuments();
    await this.restore(stored.checkpoint, stored.rules, next.ruleSet);
    await this.outbox.recover(this.deps.store, stored.checkpoint?.outbox, others);
    if (stored.checkpoint?.format === 1) await this.convert();
    if (stored.checkpoint !== undefined)
      this.deps.log.info('state restored', { keys: this.shard.keyCount, revision: this.revision });
    this.intakes.restore(stored.checkpoint?.sources ?? {});
    this.putInForce(next.documents, next.ruleSet);
    await this.checkpoints.now();
    // What the last run left is on its way already, and may have failed.
    if (this.failure !== undefined) throw new EngineError(this.failure.code, this.failure.message);
    this.state = 'running';
    await this.intakes.use(this.ruleSet, this.registry.drainSources(this.ruleSet));
    this.outbox.relay();
    this.feed.sweepBeside(true);
  }

  /** Stops reading, checkpoints, lets the outbox drain for a stated time, closes. What is left is published by the next start. */
  async stop(): Promise<void> {
    if (this.state === 'stopped' || this.state === 'stopping') return;
    const failed = this.state === 'failed';
    this.state = 'stopping';
    await this.intakes.stop();
    await this.feed.close();
    try {
      if (!failed) await this.leaveDurable();
    } finally {
      this.outbox.close();
      await this.checkpoints.close();
      await this.deps.sink.close();
      await this.deps.lease?.release();
      await this.deps.store.close();
      this.state = failed ? 'failed' : 'stopped';
      this.resolveEnd?.();
    }
  }

  compile(documents: DocumentSet, revision: number): Checked<RuleSet> {
    return this.compiler.compile(documents, revision);
  }

  environment(revision: number): CompileEnvironment {
    return this.compiler.environment(revision);
  }

  /** Failing tests of what a set changes against the one in force. */
  failingTests(documents: DocumentSet, ruleSet: RuleSet): Diagnostic[] {
    return this.compiler.failingTests({ documents, ruleSet }, this.documents);
  }

  /** Applies a compiled set at a checkpoint boundary; resolves when it is durable. */
  async apply(documents: DocumentSet, ruleSet: RuleSet): Promise<void> {
    assert(this.state === 'running', 'documents change while the engine runs');
    await this.intakes.retire(ruleSet, this.registry.drainSources(ruleSet));
    // It may have stopped or failed meanwhile: then nothing must begin to read any more.
    if (this.state !== 'running') throw new EngineError('unavailable', `The engine is ${this.state}.`);
    this.putInForce(documents, ruleSet);
    await this.intakes.use(ruleSet, this.registry.drainSources(ruleSet));
    await this.checkpoints.now();
  }

  /**
   * Exports the state, as of a checkpoint taken now, while events go on; the caller finishes it, or abandons it, and until then
   * there can be no other. Rejects with `SavepointError`, or when no checkpoint can be written.
   */
  async draftSavepoint(request: SavepointRequest): Promise<SavepointDraft> {
    const { savepoints, store, digest } = this.deps;
    if (savepoints === undefined) throw new SavepointError('savepoint-place', 'There is nowhere to write savepoints.');
    if (this.savepointing) throw new SavepointError('savepoint-busy', 'Another savepoint is being written.');
    this.savepointing = true;
    const over = (): void => void (this.savepointing = false);
    try {
      const writer = await savepoints(request);
      await this.checkpoints.now().catch(async (error: unknown) => {
        await writer.abandon();
        this.fail(error);
        throw error;
      });
      const stopped = (): boolean => this.state !== 'running';
      const draft = await draftSavepoint({ name: request.name, store, shard: SHARD, digest, stopped }, writer);
      return {
        ...draft,
        finish: () => draft.finish().finally(over),
        abandon: () => draft.abandon().finally(over),
      };
    } catch (error) {
      over();
      throw error;
    }
  }

  shadowAlerts(rule: string): readonly string[] {
    return this.shadow.of(rule);
  }

  /** Stops everything: what is not durable is not published, and the next start repeats it. */
  fail(error: unknown): void {
    if (this.state === 'failed' || this.state === 'stopped') return;
    const { code, message } = describeError(error);
    this.failure = { code, message };
    this.state = 'failed';
    this.deps.log.error('the engine stopped', { code, message, error });
    this.outbox.close();
    void this.intakes
      .stop()
      .then(() => this.feed.close())
      .then(() => this.checkpoints.close())
      .then(() => this.deps.lease?.close())
      .then(() => this.resolveEnd?.());
  }

  /** Those it is told to start with; else the files as they are now, or the set that ran last. */
  private async chooseDocuments(): Promise<Revision> {
    const { begin } = this.deps;
    if (begin === undefined) {
      const { refused, ...revision } = await this.compiler.chooseFirst(this.documents, this.revision);
      this.refusedDocuments = refused;
      return revision;
    }
    const documents = DocumentSet.ofStored(begin.documents);
    const compiled = this.compile(documents, begin.revision);
    if (compiled.ok) return { documents, ruleSet: compiled.value };
    throw new EngineError('documents-invalid', 'The documents to start with are refused.', {
      diagnostics: compiled.diagnostics,
    });
  }

  private shardOptions(): ShardOptions {
    const { shard, shards: of } = this.settings;
    return {
      ownership: { shard, of },
      isPartitioned: (source) => this.ruleSet.sources.get(source)?.document.nats?.partitioned === true,
    };
  }

  private async restore(
    checkpoint: StoredCheckpoint | undefined,
    rules: readonly StoredRule[],
    next: RuleSet,
  ): Promise<void> {
    if (checkpoint === undefined) return;
    const lost = this.registry.load(rules, (name, hash, documents) => {
      const plan = next.rules.get(name);
      return plan?.hash === hash ? plan : this.recompile(documents);
    });
    for (const version of lost)
      this.deps.log.error('a draining version no longer compiles; its runs are dropped', { version });
    const sources = Object.entries(checkpoint.sources);
    const watermarks = new Map(sources.map(([name, { timeline }]) => [name, toWatermark(timeline.watermark)]));
    this.shard.load(checkpoint.shard, this.registry.assignments(), watermarks);
    this.shard.awaitReplay(
      checkpoint.shard,
      sources.flatMap(([name, source]) => (replays(source) ? [name] : [])),
    );
    // Their runs are void; matches that waited for them are to leave.
    if (lost.length > 0) for (const group of this.shard.groups.values()) group.wantSweep('background');
  }

  /** A state of format 1 is written anew, but for the checkpoint, which the first one of this process replaces. */
  private async convert(): Promise<void> {
    const { store, log, clock } = this.deps;
    const begun = clock.monotonic();
    this.pendingChanges.push(...(await this.shardState.strayRecords()));
    await this.feed.convert((changes) => store.commit(changes, { sync: false }));
    const ms = Math.round(clock.monotonic() - begun);
    log.info('the state is of format 1 and is converted', { keys: this.shard.keyCount, ms });
  }

  private recompile(documents: readonly WeirDocument[]): RulePlan | undefined {
    const placed = documents.map((document): PlacedDocument => ({ document, origin: 'file', locate: () => undefined }));
    const compiled = compileRuleSet(placed, this.environment(0));
    return compiled.ok ? [...compiled.value.rules.values()][0] : undefined;
  }

  private putInForce(documents: DocumentSet, ruleSet: RuleSet): void {
    this.pendingChanges.push(...documents.changesFrom(this.documents));
    const changes = this.registry.apply(ruleSet, dependenciesIn(documents.placed));
    for (const rule of changes.removed) this.pendingChanges.push(...this.shadow.forget(rule));
    this.documents = documents;
    this.ruleSet = ruleSet;
    this.revision = ruleSet.revision;
    this.renderers.clear();
    this.useRules();
    this.deps.log.info('documents in force', {
      revision: this.revision,
      rules: ruleSet.rules.size,
      sources: ruleSet.sources.size,
      ...changes,
    });
  }

  private useRules(): void {
    const { matches, runsDropped } = advanceShard(this.shard, { kind: 'rules', rules: this.registry.assignments() });
    if (runsDropped > 0)
      this.deps.log.info('live runs of rules and versions no longer in force were dropped', { runsDropped });
    this.give(matches);
    this.intakes.interestChanged();
    this.feed.sweepBeside();
  }

  private give(matches: Iterable<RuleMatch>): void {
    for (const match of matches) {
      const plan = this.registry.planOf(match.rule, match.generation, match.version);
      assert(plan !== undefined, 'a match comes from a version in force');
      const message = this.rendererOf(plan, match).render(match);
      if (plan.mode === 'shadow') this.pendingChanges.push(...this.shadow.add(match.rule, message.body));
      else this.outbox.add(message);
      this.deps.meter.count('weir_alerts_total', 1, { rule: match.rule, kind: match.kind });
    }
  }

  private rendererOf(plan: RulePlan, match: RuleMatch): AlertRenderer {
    let renderer = this.renderers.get(plan);
    if (renderer === undefined) {
      const { namespace, alertPrefix: prefix } = this.settings;
      const { digest, expressions } = this.deps;
      const revision = this.registry.revisionOf(match.rule, match.version);
      renderer = new AlertRenderer(plan, revision, { namespace, prefix, digest, expressions });
      this.renderers.set(plan, renderer);
    }
    return renderer;
  }

  private batchDone(): void {
    if (this.state === 'failed') return;
    this.checkpoints.changed();
    if (this.outbox.freshCount > 0) this.checkpoints.alertWaiting();
  }

  private onAcknowledged(): void {
    this.intakes.roomChanged();
    if (this.state === 'running') this.checkpoints.changed();
  }

  private collect(): StagedCheckpoint {
    if (this.registry.forgetVersions(this.shard.drainedVersions())) this.useRules();
    const cut = this.shardState.cut();
    const outbox = this.outbox.stage();
    const sources = this.intakes.save();
    const checkpoint: StoredCheckpoint = {
      format: STATE_FORMAT,
      namespace: this.settings.namespace,
      at: this.deps.clock.now(),
      revision: this.revision,
      shard: this.shard.save(),
      sources,
      outbox: outbox.checkpoint,
      ...(this.epoch === undefined ? {} : { epoch: this.epoch }),
      ...(this.settings.shards === 1 ? {} : { place: { shard: this.settings.shard, of: this.settings.shards } }),
    };
    const small = [...this.pendingChanges.splice(0), ...this.registry.takeChanges()];
    const positions = new Map(Object.entries(sources).map(([name, { position }]) => [name, position]));
    return {
      changes: inOrder(cut.changes, small, outbox.changes, checkpointChange(checkpoint)),
      dirtyKeys: cut.keys,
      committed: () => {
        this.feed.noteDurable(cut.number);
        this.checkpointedPositions = positions;
        outbox.committed();
      },
    };
  }

  private async leaveDurable(): Promise<void> {
    const { clock } = this.deps;
    await this.checkpoints.now();
    await new Promise<void>((resolve) => {
      const cancel = clock.after(this.settings.stopWaitMaxMs, resolve);
      void this.outbox.drained().then(() => {
        cancel();
        resolve();
      });
    });
    await this.checkpoints.now();
  }
}

function* inOrder(...parts: readonly Iterable<StoreChange>[]): Iterable<StoreChange> {
  for (const part of parts) yield* part;
}

function* checkpointChange(checkpoint: StoredCheckpoint): Iterable<StoreChange> {
  yield { kind: 'put', key: checkpointKey(SHARD), value: JSON.stringify(checkpoint) };
}

function toWatermark(saved: number | null | 'end'): number {
  return saved === 'end' ? Infinity : (saved ?? -Infinity);
}

function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message };
}
