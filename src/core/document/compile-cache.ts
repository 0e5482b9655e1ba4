import type { DocumentIndex } from './document-index.js';
import type { PatternDocument, RuleDocument, SourceDocument } from './documents.js';
import type { RulePlan, SourcePlan } from './plans.js';

interface CachedRule {
  readonly plan: RulePlan;
  /** The document of its pattern; undefined for an inline one. */
  readonly pattern: PatternDocument | undefined;
}

/**
 * What earlier revisions compiled without a word of complaint, by the identity of its documents: a change of one
 * document costs that document and what refers to it. Documents may not be changed in place. One cache belongs to one
 * environment (expressions, alert prefix, data directory).
 */
export class CompileCache {
  private readonly sources = new WeakMap<SourceDocument, SourcePlan>();
  private readonly patterns = new WeakSet<PatternDocument>();
  private readonly rules = new WeakMap<RuleDocument, CachedRule>();

  source(document: SourceDocument): SourcePlan | undefined {
    return this.sources.get(document);
  }

  keepSource(plan: SourcePlan): void {
    this.sources.set(plan.document, plan);
  }

  /** True if the pattern by itself was found to be right. */
  hasPattern(document: PatternDocument): boolean {
    return this.patterns.has(document);
  }

  keepPattern(document: PatternDocument): void {
    this.patterns.add(document);
  }

  /** The plan of a rule, if all it refers to is still the same. */
  rule(document: RuleDocument, index: DocumentIndex): RulePlan | undefined {
    const cached = this.rules.get(document);
    if (cached === undefined || cached.pattern !== patternOf(document, index)) return undefined;
    return cached.plan.sources.every((name) => index.sources.has(name)) ? cached.plan : undefined;
  }

  keepRule(plan: RulePlan, index: DocumentIndex): void {
    this.rules.set(plan.document, { plan, pattern: patternOf(plan.document, index) });
  }
}

function patternOf({ pattern }: RuleDocument, index: DocumentIndex): PatternDocument | undefined {
  return typeof pattern === 'string' ? index.patterns.get(pattern)?.document : undefined;
}
