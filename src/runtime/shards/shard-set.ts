/**
 * Several shards as one service: documents come into force in all of them, a failure of one ends all.
 *
 * Invariant: a revision is applied by every shard, or the service stops and the next start applies the newest any of them has.
 */
import { assert } from '../../core/assert.js';
import type { CompileEnvironment } from '../../core/document/compile.js';
import type { RuleSet } from '../../core/document/plans.js';
import type { Checked, Diagnostic } from '../../core/model/diagnostic.js';
import type { EngineStatus } from '../../ports/control.js';
import { DocumentSet } from '../document-set.js';
import type { Revised } from '../document-revisions.js';
import type { EngineState } from '../engine.js';
import { EngineError } from '../engine-options.js';
import type { EngineSettings } from '../engine-options.js';
import type { Acquired, LeaseHold } from '../lease.js';
import { RevisionCompiler } from '../revision-compiler.js';
import type { CompilerDependencies } from '../revision-compiler.js';
import { mergeStatus } from './merge-status.js';
import type { OpenedState } from './shard-calls.js';
import type { ShardLink } from './shard-link.js';
import { tellError } from './told-error.js';

export interface ShardSetOptions {
  readonly deps: CompilerDependencies & Revised['deps'];
  readonly settings: Pick<EngineSettings, 'namespace' | 'alertPrefix' | 'dataDirectory' | 'shards'>;
  readonly lease?: LeaseHold | undefined;
  readonly startedAtMs: number;
}

export class ShardSet implements Revised {
  state: EngineState = 'starting';
  failure: { readonly code: string; readonly message: string } | undefined;
  revision = 0;
  documents = DocumentSet.empty();
  ruleSet: RuleSet = { revision: 0, sources: new Map(), rules: new Map() };
  refusedDocuments: readonly Diagnostic[] = [];
  /** In order of their numbers. */
  readonly links: ShardLink[] = [];
  private readonly compiler: RevisionCompiler;
  private resolveEnd: (() => void) | undefined;
  /** Resolves when a shard failed, or all have stopped. */
  readonly ended = new Promise<void>((resolve) => (this.resolveEnd = resolve));

  constructor(private readonly options: ShardSetOptions) {
    this.compiler = new RevisionCompiler(options.deps, options.settings);
    options.lease?.whenLost((error) => this.fail(error));
  }

  get deps(): ShardSetOptions['deps'] {
    return this.options.deps;
  }

  get settings(): ShardSetOptions['settings'] {
    return this.options.settings;
  }

  /** Opens the states, takes the lease, puts the documents in force everywhere. Rejects when it must not run. */
  async start(): Promise<void> {
    const { lease } = this.options;
    const states = await this.all((link) => link.call('open', undefined));
    const newest = states.reduce((best, one) => (one.revision > best.revision ? one : best));
    this.documents = DocumentSet.ofStored(newest.documents);
    const acquired = await lease?.acquire(Math.max(...states.map(({ epoch }) => epoch)));
    const { documents, ruleSet, refused } = await this.compiler.chooseFirst(this.documents, newest.revision);
    this.refusedDocuments = refused;
    this.use(documents, ruleSet);
    await this.startAll(states, acquired);
    if (this.failure !== undefined) throw new EngineError(this.failure.code, this.failure.message);
    this.state = 'running';
  }

  compile(documents: DocumentSet, revision: number): Checked<RuleSet> {
    return this.compiler.compile(documents, revision);
  }

  environment(revision: number): CompileEnvironment {
    return this.compiler.environment(revision);
  }

  failingTests(documents: DocumentSet, ruleSet: RuleSet): Diagnostic[] {
    return this.compiler.failingTests({ documents, ruleSet }, this.documents);
  }

  /** Resolves when the set is durable and in force in every shard. */
  async apply(documents: DocumentSet, ruleSet: RuleSet): Promise<void> {
    assert(this.state === 'running', 'documents change while the shards run');
    const patch = documents.patchFrom(this.documents);
    await this.all((link) => link.call('apply', { patch, revision: ruleSet.revision }));
    this.use(documents, ruleSet);
  }

  async status(): Promise<EngineStatus> {
    const { failure, revision, refusedDocuments, ruleSet } = this;
    const whole = {
      state: this.state,
      ...(failure === undefined ? {} : { failure }),
      namespace: this.settings.namespace,
      startedAt: new Date(this.options.startedAtMs).toISOString(),
      revision,
      refusedDocuments,
    };
    const parts = await this.all((link) => link.call('status', undefined)).catch((): EngineStatus[] => []);
    return mergeStatus(whole, parts, ruleSet);
  }

  /** Stops every shard in order; then another may have the lease. */
  async stop(): Promise<void> {
    if (this.state === 'stopped' || this.state === 'stopping') return;
    const failed = this.state === 'failed';
    this.state = 'stopping';
    const outcomes = await Promise.allSettled(this.links.map((link) => link.call('stop', undefined)));
    await this.options.lease?.release();
    this.state = failed ? 'failed' : 'stopped';
    this.resolveEnd?.();
    const refused = outcomes.find((one) => one.status === 'rejected');
    if (refused !== undefined && !failed) throw refused.reason;
  }

  /** Stops everything: what is not durable is not published, and the next start repeats it. */
  fail(error: unknown): void {
    if (this.state === 'failed' || this.state === 'stopped') return;
    const { code, message } = tellError(error);
    this.failure = { code, message };
    if (this.state !== 'stopping') this.state = 'failed';
    this.deps.log.error('the service stopped', { code, message });
    for (const link of this.links) link.fail(error);
    this.resolveEnd?.();
  }

  all<T>(ask: (link: ShardLink) => Promise<T>): Promise<T[]> {
    return Promise.all(this.links.map(ask));
  }

  private use(documents: DocumentSet, ruleSet: RuleSet): void {
    this.documents = documents;
    this.ruleSet = ruleSet;
    this.revision = ruleSet.revision;
  }

  private async startAll(states: readonly OpenedState[], acquired: Acquired | undefined): Promise<void> {
    const { revision, documents } = this;
    const behind = states.filter((one) => one.revision !== 0 && one.revision !== revision).length;
    if (behind > 0) this.deps.log.info('documents are put in force that not every shard has', { revision, behind });
    const given = { documents: documents.stored, revision, ...(acquired === undefined ? {} : { acquired }) };
    await this.all((link) => link.call('start', given));
  }
}
