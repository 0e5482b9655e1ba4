/**
 * From the documents of a set to one rule set: names resolved, parameters filled in, everything compiled. Reports all
 * that is wrong with all documents at once.
 */
import { limits } from '../limits.js';
import type { Checked, Diagnostic } from '../model/diagnostic.js';
import { canonicalJson } from './canonical-json.js';
import { CompileCache } from './compile-cache.js';
import { checkPartitions } from './check-partitions.js';
import { compileRule } from './compile-rule.js';
import type { RuleEnvironment } from './compile-rule.js';
import { compileSource } from './compile-source.js';
import type { SourceEnvironment } from './compile-source.js';
import { cacheExpressions } from './expression-cache.js';
import { DocumentIndex } from './document-index.js';
import type {
  BrokenDocument,
  ParsedDocuments,
  PatternDocument,
  PlacedDocument,
  RuleDocument,
  SoundPart,
  SourceDocument,
  WeirDocument,
} from './documents.js';
import { reportUncompiled, WITHIN_EXPRESSION } from './expression-places.js';
import { checkDeclarations } from './parameters.js';
import { defaultOutcome, undeclaredInPattern } from './pattern-findings.js';
import { PatternTable } from './pattern-table.js';
import type { RulePlan, RuleSet, SourcePlan } from './plans.js';
import { placeFinding, placeText, Report } from './report.js';

export interface CompileEnvironment extends SourceEnvironment {
  readonly revision: number;
  /** Give the same one for every revision, so that only what changed is compiled again. */
  readonly cache?: CompileCache | undefined;
}

/** What depends on the stages that the document has. */
const OF_STAGES: ReadonlySet<string> = new Set(['unknown-name', 'stage-ahead']);

/** Text hash of a document as a whole: equal exactly when the documents say the same. */
export function hashDocument(document: WeirDocument, digest: (text: string) => string): string {
  return digest(canonicalJson(document));
}

function tooMany(count: number): Diagnostic {
  const message = `There are ${count} documents, more than ${limits.documentsMax}: remove some, or split them over several services.`;
  return { code: 'too-many-documents', message, pointer: '', severity: 'error' };
}

function duplicate(placed: PlacedDocument, other: PlacedDocument): Diagnostic {
  const { kind, name } = placed.document;
  const message = `There already is a ${kind} \`${name}\` (${placeText(other, '/name')}): names are unique per kind, rename one of them.`;
  return placeFinding(placed, { code: 'duplicate-name', pointer: '/name', message });
}

/** Compiles every document, whether or not others fail. */
class RuleSetCompiler {
  readonly diagnostics: Diagnostic[] = [];
  readonly sources = new Map<string, SourcePlan>();
  readonly rules = new Map<string, RulePlan>();
  private readonly index: DocumentIndex;
  private readonly patterns: PatternTable;

  private readonly env: CompileEnvironment;
  private readonly cache: CompileCache;

  constructor(env: CompileEnvironment, broken: readonly BrokenDocument[]) {
    this.env = { ...env, expressions: cacheExpressions(env.expressions) };
    this.cache = env.cache ?? new CompileCache();
    this.index = new DocumentIndex(broken);
    this.patterns = new PatternTable(this.env.expressions);
  }

  compile(documents: readonly PlacedDocument[]): void {
    for (const placed of documents) {
      const other = this.index.add(placed);
      if (other !== undefined) this.diagnostics.push(duplicate(placed, other));
    }
    for (const placed of documents) {
      const report = new Report(placed);
      this.compileOne(placed, report);
      if (report.failed) reportUncompiled(placed.document, report, this.env.expressions);
      if ((this.env.shards ?? 1) > 1 && placed.document.kind === 'rule')
        checkPartitions(placed.document, report, this.index);
      this.diagnostics.push(...report.diagnostics);
    }
  }

  /** Of what is left of a broken document only its expressions are looked at: what else may be wrong may follow from what is missing. */
  checkSound({ placed, stagesKnown }: SoundPart): void {
    const report = new Report(placed);
    const { kind } = placed.document;
    if (kind === 'source') compileSource(placed as PlacedDocument<SourceDocument>, report, this.env);
    else if (kind === 'rule') compileRule(placed as PlacedDocument<RuleDocument>, report, this.ruleEnvironment());
    else this.pattern(placed.document as PatternDocument, report);
    reportUncompiled(placed.document, report, this.env.expressions);
    const found = report.diagnostics.filter(
      ({ code }) => WITHIN_EXPRESSION.has(code) || (stagesKnown && OF_STAGES.has(code)),
    );
    this.diagnostics.push(...found);
  }

  private ruleEnvironment(): RuleEnvironment {
    const { index, patterns, env } = this;
    return { expressions: env.expressions, digest: env.digest, index, patterns };
  }

  private compileOne(placed: PlacedDocument, report: Report): void {
    const { document } = placed;
    if (document.kind === 'source') this.source(placed as PlacedDocument<SourceDocument>, report);
    else if (document.kind === 'rule') this.rule(placed as PlacedDocument<RuleDocument>, report);
    else if (!this.cache.hasPattern(document)) this.pattern(document, report);
  }

  private source(placed: PlacedDocument<SourceDocument>, report: Report): void {
    const plan = this.cache.source(placed.document) ?? compileSource(placed, report, this.env);
    if (plan === undefined) return;
    this.sources.set(plan.name, plan);
    if (report.diagnostics.length === 0) this.cache.keepSource(plan);
  }

  private rule(placed: PlacedDocument<RuleDocument>, report: Report): void {
    const { cache, index } = this;
    const plan = cache.rule(placed.document, index) ?? compileRule(placed, report, this.ruleEnvironment());
    if (plan === undefined) return;
    this.rules.set(plan.name, plan);
    if (report.diagnostics.length === 0) cache.keepRule(plan, index);
  }

  private pattern(pattern: PatternDocument, report: Report): void {
    const declarations = checkDeclarations(pattern, '');
    const findings = [...declarations, ...undeclaredInPattern(pattern, '')];
    if (declarations.length === 0) findings.push(...(defaultOutcome(pattern, this.patterns)?.findings ?? []));
    findings.forEach((finding) => report.add(finding));
    if (findings.length === 0) this.cache.keepPattern(pattern);
  }
}

/** Compiles what was parsed. When parsing failed, what was readable is checked all the same and everything reported. */
export function compileParsed(parsed: ParsedDocuments, env: CompileEnvironment): Checked<RuleSet> {
  const documents = parsed.ok ? parsed.value : parsed.readable;
  const before = parsed.ok ? parsed.warnings : parsed.diagnostics;
  if (documents.length > limits.documentsMax) return { ok: false, diagnostics: [...before, tooMany(documents.length)] };
  const compiler = new RuleSetCompiler(env, parsed.ok ? [] : parsed.broken);
  compiler.compile(documents);
  if (!parsed.ok) for (const { sound } of parsed.broken) if (sound !== undefined) compiler.checkSound(sound);
  const diagnostics = [...before, ...compiler.diagnostics];
  if (!parsed.ok || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics };
  const { sources, rules } = compiler;
  return { ok: true, value: { revision: env.revision, sources, rules }, warnings: diagnostics };
}

/** Compiles a set of documents into the rule set of a revision. */
export function compileRuleSet(documents: readonly PlacedDocument[], env: CompileEnvironment): Checked<RuleSet> {
  return compileParsed({ ok: true, value: documents, warnings: [] }, env);
}
