/** From a set of documents to what is put in force: compiled with what the service compiles with, and tested. */
import { compileRuleSet } from '../core/document/compile.js';
import type { CompileEnvironment } from '../core/document/compile.js';
import { CompileCache } from '../core/document/compile-cache.js';
import type { RuleSet } from '../core/document/plans.js';
import type { Checked, Diagnostic } from '../core/model/diagnostic.js';
import type { DocumentSet } from './document-set.js';
import type { EngineDependencies, EngineSettings } from './engine-options.js';
import { EngineError } from './engine-options.js';
import { failingTests } from './gate-revision.js';

export type CompilerDependencies = Pick<EngineDependencies, 'expressions' | 'digest' | 'schemaCheck' | 'feed' | 'log'>;
export type CompilerSettings = Pick<EngineSettings, 'namespace' | 'alertPrefix' | 'dataDirectory' | 'shards'>;

/** A compiled set. */
export interface Revision {
  readonly documents: DocumentSet;
  readonly ruleSet: RuleSet;
}

export class RevisionCompiler {
  private readonly cache = new CompileCache();

  constructor(
    private readonly deps: CompilerDependencies,
    private readonly settings: CompilerSettings,
  ) {}

  /** What documents are compiled with. */
  environment(revision: number): CompileEnvironment {
    const { expressions, digest, schemaCheck } = this.deps;
    const { alertPrefix, dataDirectory, shards } = this.settings;
    return { expressions, digest, schemaCheck, alertPrefix, dataDirectory, shards, revision };
  }

  compile(documents: DocumentSet, revision: number): Checked<RuleSet> {
    return compileRuleSet(documents.placed, { ...this.environment(revision), cache: this.cache });
  }

  /** Failing tests of what a set changes against another. */
  failingTests({ documents, ruleSet }: Revision, before: DocumentSet): Diagnostic[] {
    const { namespace, alertPrefix: prefix } = this.settings;
    const { digest, expressions } = this.deps;
    return failingTests({
      ruleSet,
      documents: documents.placed,
      changed: documents.changedSince(before),
      context: { namespace, prefix, digest, expressions },
    });
  }

  /**
   * What to start with: the files as they are now, else the set that ran last. Gives why the files are refused, if they are; rejects
   * with `documents-invalid` when there is no set to run.
   */
  async chooseFirst(
    stored: DocumentSet,
    revision: number,
  ): Promise<Revision & { readonly refused: readonly Diagnostic[] }> {
    const { feed, log, digest } = this.deps;
    const read = await feed?.read();
    let refused: readonly Diagnostic[];
    if (read === undefined || read.ok) {
      const documents = read === undefined ? stored : stored.withFiles(read.value, revision + 1, digest);
      const same = documents.isSameAs(stored) && revision > 0;
      const compiled = this.compile(documents, same ? revision : revision + 1);
      refused = compiled.ok ? this.failingTests({ documents, ruleSet: compiled.value }, stored) : compiled.diagnostics;
      if (compiled.ok && refused.length === 0) return { documents, ruleSet: compiled.value, refused };
    } else {
      refused = read.diagnostics;
    }
    const compiled = stored.placed.length > 0 ? this.compile(stored, revision) : undefined;
    if (compiled?.ok === true) {
      log.error('the documents on disk are refused; the set that ran last goes on', { diagnostics: refused });
      return { documents: stored, ruleSet: compiled.value, refused };
    }
    throw new EngineError('documents-invalid', 'The documents are refused and there is no earlier set to run.', {
      diagnostics: refused,
    });
  }
}
