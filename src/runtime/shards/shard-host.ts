/** A shard's thread: one engine, told by the process what to do. */
import { assert } from '../../core/assert.js';
import { CodedError } from '../../core/coded-error.js';
import type { StateStore } from '../../ports/store.js';
import type { Wire } from '../../ports/wire.js';
import type { SavepointResult } from '../../ports/control.js';
import { draftSavepoint, finishSavepoint, viewOf } from '../engine-control.js';
import { SHARD } from '../engine.js';
import type { Engine } from '../engine.js';
import { EngineError } from '../engine-options.js';
import { statusOf } from '../engine-status.js';
import type { SavepointDraft } from '../savepoint.js';
import type { StateOwner } from '../stored-state.js';
import { readStoredState } from '../stored-state.js';
import type { FromShard, OpenedState, ShardCalls, ToShard } from './shard-calls.js';
import { readError, tellError } from './told-error.js';

export interface ShardHostOptions {
  readonly wire: Wire<FromShard, ToShard>;
  readonly namespace: string;
  readonly place: NonNullable<StateOwner['place']>;
  readonly openStore: () => Promise<StateStore>;
  /** Puts the engine together over its store, not started. */
  readonly createEngine: (store: StateStore, start: ShardCalls['start']['given']) => Engine;
  readonly metrics: () => Promise<unknown>;
  /** Everything is closed: the thread may end. */
  readonly onStopped: () => Promise<void>;
}

export class ShardHost {
  private store: StateStore | undefined;
  private engine: Engine | undefined;
  private draft: SavepointDraft | undefined;

  constructor(private readonly options: ShardHostOptions) {
    options.wire.receive((message) => {
      if (message.kind === 'fail') this.engine?.fail(readError(message.error));
      else void this.answer(message);
    });
  }

  private async answer({ id, name, given }: Extract<ToShard, { kind: 'call' }>): Promise<void> {
    const { wire } = this.options;
    try {
      const value = await this.call(name, given);
      wire.send({ kind: 'answer', id, value });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      wire.send({ kind: 'error', id, error: tellError(error) });
    }
    if (name === 'stop') await this.options.onStopped();
  }

  private call(name: keyof ShardCalls, given: unknown): Promise<unknown> | unknown {
    switch (name) {
      case 'open':
        return this.open();
      case 'start':
        return this.start(given as ShardCalls['start']['given']);
      case 'apply':
        return this.apply(given as ShardCalls['apply']['given']);
      case 'status':
        return statusOf(this.running);
      case 'shadow':
        return this.running.shadowAlerts(given as ShardCalls['shadow']['given']);
      case 'draftSavepoint':
        return this.draftSavepoint(given as ShardCalls['draftSavepoint']['given']);
      case 'finishSavepoint':
        return finishSavepoint(this.running, this.takeDraft());
      case 'abandonSavepoint':
        return this.takeDraft().abandon();
      case 'metrics':
        return this.options.metrics();
      case 'stop':
        return this.stop();
    }
  }

  private get running(): Engine {
    if (this.engine === undefined) throw new EngineError('unavailable', 'The shard has not started.');
    return this.engine;
  }

  private async open(): Promise<OpenedState> {
    const { namespace, place, openStore } = this.options;
    this.store = await openStore();
    const { checkpoint, documents } = await readStoredState(this.store, { namespace, shard: SHARD, place });
    return { documents, revision: checkpoint?.revision ?? 0, epoch: checkpoint?.epoch ?? 0 };
  }

  private async start(given: ShardCalls['start']['given']): Promise<void> {
    if (this.store === undefined) throw new EngineError('unavailable', 'The state of the shard is not open.');
    const engine = this.options.createEngine(this.store, given);
    this.engine = engine;
    void engine.ended.then(() => {
      const { failure } = engine;
      if (failure !== undefined) this.options.wire.send({ kind: 'ended', error: { ...failure, fields: {} } });
    });
    await engine.start();
  }

  private async apply({ patch, revision }: ShardCalls['apply']['given']): Promise<void> {
    const engine = this.running;
    const documents = engine.documents.patched(patch);
    const compiled = engine.compile(documents, revision);
    if (!compiled.ok) {
      const { diagnostics } = compiled;
      throw new EngineError('documents-invalid', 'A shard refuses what was compiled before.', { diagnostics });
    }
    try {
      await engine.apply(documents, compiled.value);
    } catch (error) {
      engine.fail(error);
      throw error instanceof CodedError ? error : new EngineError('unavailable', String(error));
    }
  }

  private async draftSavepoint(request: ShardCalls['draftSavepoint']['given']): Promise<SavepointResult> {
    const drafted = await draftSavepoint(this.running, request);
    if (!drafted.ok) return drafted;
    this.draft = drafted.draft;
    return { ok: true, view: viewOf(drafted.draft) };
  }

  private takeDraft(): SavepointDraft {
    const { draft } = this;
    assert(draft !== undefined, 'what is ended was drafted');
    this.draft = undefined;
    return draft;
  }

  private async stop(): Promise<void> {
    if (this.engine !== undefined) await this.engine.stop();
    else await this.store?.close();
  }
}
