import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import type { WeirDocument } from '../../src/core/document/documents.js';
import type { RuleExplanation } from '../../src/core/document/explain-rule.js';
import type { Diagnostic } from '../../src/core/model/diagnostic.js';
import type {
  ChangeResult,
  DocumentKind,
  DocumentView,
  EngineControl,
  EngineStatus,
  SavepointResult,
} from '../../src/ports/control.js';
import type { SavepointRequest } from '../../src/ports/savepoint.js';

type Reading =
  | { readonly ok: true; readonly documents: readonly Record<string, unknown>[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Fields a document of each kind must have, and the kinds it may name. Enough to be wrong in several ways at once. */
const required: Readonly<Record<DocumentKind, readonly string[]>> = {
  source: ['event'],
  pattern: ['sequence'],
  rule: ['source', 'pattern'],
};

/** An engine that keeps documents in memory and evaluates nothing. */
export class MemoryControl implements EngineControl {
  readonly views = new Map<string, DocumentView>();
  /** Changed by tests. */
  engine: Partial<EngineStatus> = {};
  /** A refusal every change meets, when set. */
  unavailable: string | undefined;
  /** Awaited by every change, so that a test can hold one up. */
  gate: Promise<void> = Promise.resolve();
  /** Recorded alerts by rule; changed by tests. */
  readonly shadow = new Map<string, string[]>();
  readonly savepoints = new Set<string>();
  puts = 0;
  private revision = 0;

  documents(kind: DocumentKind | undefined): readonly DocumentView[] {
    return [...this.views.values()].filter((view) => kind === undefined || view.kind === kind);
  }

  document(kind: DocumentKind, name: string): DocumentView | undefined {
    return this.views.get(`${kind}/${name}`);
  }

  /** It evaluates nothing, so it has nothing to explain but that a rule is there. */
  explain(rule: string): RuleExplanation | undefined {
    return this.document('rule', rule) === undefined ? undefined : ({ rule } as RuleExplanation);
  }

  /** As if a file of the service had it. */
  addFile(document: WeirDocument, file: string): void {
    this.keep(document, { origin: 'file', file });
  }

  async put(kind: DocumentKind, name: string, text: string): Promise<ChangeResult> {
    this.puts += 1;
    await this.gate;
    if (this.unavailable !== undefined) return refused('unavailable', this.unavailable);
    const before = this.document(kind, name);
    if (before?.origin === 'file') return refused('conflict', `${kind} '${name}' is owned by the file ${before.file}.`);
    const reading = read(text);
    if (!reading.ok) return refused('malformed', 'The text cannot be read.', reading.diagnostics);
    const document = reading.documents[0] ?? {};
    const diagnostics = this.check(document, { kind, name });
    if (diagnostics.length > 0) return refused('invalid', `${diagnostics.length} errors.`, diagnostics);
    if (before?.hash === hashOf(document)) return { ...done('unchanged', this.revision), view: before };
    const view = this.keep(document as unknown as WeirDocument, { origin: 'api' });
    const warnings = 'within' in document || kind !== 'pattern' ? [] : [warning(view)];
    return { ...done(before === undefined ? 'created' : 'updated', this.revision), warnings, view };
  }

  async remove(kind: DocumentKind, name: string): Promise<ChangeResult> {
    await this.gate;
    const before = this.document(kind, name);
    if (before === undefined) return refused('not-found', `There is no ${kind} '${name}'.`);
    if (before.origin === 'file') return refused('conflict', `${kind} '${name}' is owned by the file ${before.file}.`);
    const users = this.documents('rule').filter(({ document }) => Reflect.get(document, kind) === name);
    if (users.length > 0) return refused('conflict', `Rule '${users[0]?.name}' still names ${kind} '${name}'.`);
    this.views.delete(`${kind}/${name}`);
    this.revision += 1;
    return { ...done('deleted', this.revision), view: undefined };
  }

  validate(text: string): readonly Diagnostic[] {
    const reading = read(text);
    if (!reading.ok) return reading.diagnostics;
    return reading.documents.flatMap((document) => this.check(document));
  }

  shadowAlerts(rule: string): readonly string[] | undefined {
    return this.document('rule', rule) === undefined ? undefined : (this.shadow.get(rule) ?? []);
  }

  async savepoint({ name, bucket }: SavepointRequest): Promise<SavepointResult> {
    if (this.unavailable !== undefined) return { ok: false, reason: 'unavailable', detail: this.unavailable };
    if (this.savepoints.has(name)) return { ok: false, reason: 'conflict', detail: `There is a savepoint ${name}.` };
    this.savepoints.add(name);
    const place = bucket === undefined ? `/savepoints/${name}` : `object:${bucket}/${name}`;
    const counts = { revision: this.revision, entries: 3, characters: 100, parts: 1 };
    const at = '2026-01-01T00:00:00.000Z';
    return { ok: true, view: { name, place, at, namespace: 'test', ...counts, sha256: 'abc' } };
  }

  status(): EngineStatus {
    return {
      state: 'running',
      namespace: 'test',
      startedAt: '2026-01-01T00:00:00.000Z',
      lease: { epoch: 1, held: true },
      revision: this.revision,
      sources: [],
      rules: [],
      shards: [
        {
          shard: 0,
          keys: 1,
          liveRuns: 2,
          timers: 1,
          memory: { residentKeys: 1, residentBytes: 1_000, bytesMax: 2_000, hits: 3, misses: 1, evictions: 1 },
        },
      ],
      checkpoints: { count: 0, failed: 0, last: null, history: [], outboxWaiting: 0, published: 0, retention: null },
      refusedDocuments: [],
      ...this.engine,
    };
  }

  private keep(document: WeirDocument, owner: Pick<DocumentView, 'origin' | 'file'>): DocumentView {
    this.revision += 1;
    const { kind, name } = document;
    const view = { kind, name, ...owner, hash: hashOf(document), revision: this.revision, document };
    this.views.set(`${kind}/${name}`, view);
    return view;
  }

  private check(document: Record<string, unknown>, address?: { kind: string; name: string }): Diagnostic[] {
    const found: Diagnostic[] = [];
    const complain = (code: string, pointer: string, message: string): void => {
      found.push({ code, pointer, message, severity: 'error', document: `${document['kind']}/${document['name']}` });
    };
    const needs = required[document['kind'] as DocumentKind];
    if (needs === undefined) complain('unknown-kind', '/kind', 'There is no such kind.');
    for (const field of needs ?? []) {
      if (!(field in document)) complain('missing-field', '', `A ${document['kind']} needs \`${field}\`.`);
    }
    for (const field of address === undefined ? [] : (['kind', 'name'] as const)) {
      if (document[field] !== address?.[field])
        complain('other-address', `/${field}`, `${field} differs from the address.`);
    }
    for (const kind of ['source', 'pattern'] as const) {
      const name = document[kind];
      if (document['kind'] === 'rule' && typeof name === 'string' && !this.views.has(`${kind}/${name}`)) {
        complain(`unknown-${kind}`, `/${kind}`, `There is no ${kind} '${name}'.`);
      }
    }
    return found;
  }
}

function read(text: string): Reading {
  const diagnostics: Diagnostic[] = [];
  const documents = parseAllDocuments(text).map((document) => {
    for (const { message, linePos } of document.errors) {
      diagnostics.push({
        code: 'not-yaml',
        message,
        pointer: '',
        severity: 'error',
        line: linePos?.[0].line,
        column: linePos?.[0].col,
      });
    }
    return document.errors.length > 0 ? {} : (document.toJS() as Record<string, unknown>);
  });
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, documents };
}

function hashOf(document: object): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 16);
}

function done<T extends 'created' | 'updated' | 'unchanged' | 'deleted'>(
  outcome: T,
  revision: number,
): { ok: true; outcome: T; revision: number; warnings: Diagnostic[] } {
  return { ok: true, outcome, revision, warnings: [] };
}

function refused(
  reason: Extract<ChangeResult, { ok: false }>['reason'],
  detail: string,
  diagnostics: readonly Diagnostic[] = [],
): ChangeResult {
  return { ok: false, reason, detail, diagnostics };
}

function warning({ kind, name }: DocumentView): Diagnostic {
  const message = 'Without `within` a rule needs `limits`.';
  return { code: 'unbounded', message, pointer: '', severity: 'warning', document: `${kind}/${name}` };
}
