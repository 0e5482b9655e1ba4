/** Documents change one request at a time, validated and tested as a whole before anything is applied. */
import type { DocumentKind, PlacedDocument } from '../core/document/documents.js';
import { explainRule } from '../core/document/explain-rule.js';
import type { RuleExplanation } from '../core/document/explain-rule.js';
import { compileParsed } from '../core/document/compile.js';
import type { Diagnostic } from '../core/model/diagnostic.js';
import type { ChangeResult, DocumentView } from '../ports/control.js';
import type { DocumentSet } from './document-set.js';
import type { Engine } from './engine.js';
import type { EngineDependencies, EngineSettings } from './engine-options.js';
import { failingTests } from './gate-revision.js';

type Refusal = Extract<ChangeResult, { ok: false }>;

function refuse(reason: Refusal['reason'], detail: string, diagnostics: readonly Diagnostic[] = []): Refusal {
  return { ok: false, reason, detail, diagnostics };
}

/** Where revisions come into force: an engine, or several that go together. */
export type Revised = Pick<
  Engine,
  | 'state'
  | 'revision'
  | 'documents'
  | 'ruleSet'
  | 'refusedDocuments'
  | 'environment'
  | 'compile'
  | 'failingTests'
  | 'apply'
  | 'fail'
> & {
  readonly deps: Pick<EngineDependencies, 'parse' | 'feed' | 'digest' | 'expressions' | 'log' | 'meter'>;
  readonly settings: Pick<EngineSettings, 'namespace' | 'alertPrefix'>;
};

export class DocumentRevisions {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly engine: Revised) {}

  documents(kind: DocumentKind | undefined): readonly DocumentView[] {
    return this.engine.documents.views(kind);
  }

  document(kind: DocumentKind, name: string): DocumentView | undefined {
    return this.engine.documents.view(kind, name);
  }

  put(kind: DocumentKind, name: string, text: string): Promise<ChangeResult> {
    return this.inTurn(() => this.putNow(kind, name, text));
  }

  remove(kind: DocumentKind, name: string): Promise<ChangeResult> {
    return this.inTurn(() => this.removeNow(kind, name));
  }

  /** Checks documents together with those in force, each in place of the one of its name. */
  validate(text: string): readonly Diagnostic[] {
    const { deps, documents, revision, settings } = this.engine;
    const parsed = deps.parse(text, { origin: 'api' });
    const given = parsed.ok ? parsed.value : parsed.readable;
    const names = new Set(given.map(({ document }) => `${document.kind}/${document.name}`));
    const others = documents.placed.filter(({ document }) => !names.has(`${document.kind}/${document.name}`));
    const whole = parsed.ok
      ? { ...parsed, value: [...others, ...given] }
      : { ...parsed, readable: [...others, ...given] };
    const compiled = compileParsed(whole, this.engine.environment(revision + 1));
    if (!compiled.ok) return compiled.diagnostics;
    const { namespace, alertPrefix: prefix } = settings;
    const context = { namespace, prefix, digest: deps.digest, expressions: deps.expressions };
    return [
      ...compiled.warnings,
      ...failingTests({ ruleSet: compiled.value, documents: [...others, ...given], changed: names, context }),
    ];
  }

  /** Reads the files again and applies them, or keeps what runs and says why. */
  reload(): Promise<void> {
    return this.inTurn(async () => {
      const { engine } = this;
      const read = await engine.deps.feed?.read();
      if (read === undefined || engine.state !== 'running') return;
      if (!read.ok) return this.refuseFiles(read.diagnostics);
      const next = engine.documents.withFiles(read.value, engine.revision + 1, engine.deps.digest);
      if (next.isSameAs(engine.documents)) {
        engine.refusedDocuments = [];
        return;
      }
      const failure = await this.change(next);
      if (failure !== undefined) return this.refuseFiles(failure.diagnostics);
      engine.refusedDocuments = [];
    });
  }

  explain(rule: string): RuleExplanation | undefined {
    const plan = this.engine.ruleSet.rules.get(rule);
    return plan === undefined ? undefined : explainRule(plan);
  }

  private async putNow(kind: DocumentKind, name: string, text: string): Promise<ChangeResult> {
    const { engine } = this;
    const parsed = engine.deps.parse(text, { origin: 'api' });
    if (!parsed.ok) {
      const malformed = parsed.diagnostics.some(({ code }) => MALFORMED.has(code));
      return refuse(malformed ? 'malformed' : 'invalid', 'The document is refused.', parsed.diagnostics);
    }
    const [placed, ...more] = parsed.value;
    if (placed === undefined || more.length > 0) {
      return refuse('malformed', `The body must hold exactly one document, it holds ${parsed.value.length}.`);
    }
    const mismatch = this.checkName(kind, name, placed);
    if (mismatch !== undefined) return mismatch;
    const before = engine.documents.view(kind, name);
    if (before?.origin === 'file') return this.ownedByFile(before);
    const next = engine.documents.with(placed, engine.revision + 1, engine.deps.digest);
    if (next.view(kind, name)?.hash === before?.hash) {
      return { ok: true, outcome: 'unchanged', revision: engine.revision, warnings: parsed.warnings, view: before };
    }
    const failure = await this.change(next);
    if (failure !== undefined) return failure;
    const outcome = before === undefined ? 'created' : 'updated';
    return {
      ok: true,
      outcome,
      revision: engine.revision,
      warnings: parsed.warnings,
      view: engine.documents.view(kind, name),
    };
  }

  private async removeNow(kind: DocumentKind, name: string): Promise<ChangeResult> {
    const { engine } = this;
    const before = engine.documents.view(kind, name);
    if (before === undefined) return refuse('not-found', `There is no ${kind} \`${name}\`.`);
    if (before.origin === 'file') return this.ownedByFile(before);
    const failure = await this.change(engine.documents.without(kind, name));
    if (failure !== undefined) {
      return failure.reason === 'invalid'
        ? { ...failure, reason: 'conflict', detail: `The ${kind} \`${name}\` is still used.` }
        : failure;
    }
    return { ok: true, outcome: 'deleted', revision: engine.revision, warnings: [], view: undefined };
  }

  /** Compiles, tests, applies; undefined when it is in force and durable. */
  private async change(next: DocumentSet): Promise<Refusal | undefined> {
    const { engine } = this;
    if (engine.state !== 'running') return refuse('unavailable', `The engine is ${engine.state}.`);
    const compiled = engine.compile(next, engine.revision + 1);
    if (!compiled.ok)
      return refuse('invalid', 'The documents are refused; those in force go on.', compiled.diagnostics);
    const failing = engine.failingTests(next, compiled.value);
    if (failing.length > 0) return refuse('invalid', 'A test of the documents fails; those in force go on.', failing);
    try {
      await engine.apply(next, compiled.value);
      return undefined;
    } catch (error) {
      engine.fail(error);
      return refuse('unavailable', 'The change could not be made durable; the engine stopped.');
    }
  }

  private checkName(kind: DocumentKind, name: string, { document }: PlacedDocument): Refusal | undefined {
    if (document.kind === kind && document.name === name) return undefined;
    const [field, is, wanted] = document.kind === kind ? ['name', document.name, name] : ['kind', document.kind, kind];
    const message = `The document's ${field} is \`${is}\`, the address says \`${wanted}\`: make them the same.`;
    return refuse('invalid', message, [{ code: 'name-mismatch', message, pointer: `/${field}`, severity: 'error' }]);
  }

  private ownedByFile({ kind, name, file }: DocumentView): Refusal {
    return refuse('conflict', `The ${kind} \`${name}\` is owned by the file ${file ?? ''}: change the file.`);
  }

  private refuseFiles(diagnostics: readonly Diagnostic[]): void {
    this.engine.refusedDocuments = diagnostics;
    this.engine.deps.meter.count('weir_reloads_refused_total');
    this.engine.deps.log.error('the changed documents are refused; those in force go on', { diagnostics });
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(change);
    this.queue = turn.catch(() => undefined);
    return turn;
  }
}

/** Codes of texts that cannot be read at all, as opposed to documents that are wrong. */
const MALFORMED: ReadonlySet<string> = new Set(['yaml-syntax', 'json-syntax', 'not-a-document', 'empty']);
