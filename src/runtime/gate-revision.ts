/** Tests gate a revision: those of every rule that the change touches, by its own document or one it depends on. */
import type { RuleSet } from '../core/document/plans.js';
import type { Diagnostic } from '../core/model/diagnostic.js';
import type { DocumentSet } from './document-set.js';
import type { AlertContext } from './render-alert.js';
import { dependenciesIn } from './rule-registry.js';
import { diagnosticOf, runRuleTests } from './run-rule-tests.js';

/** Diagnostics of the failing tests of rules that depend on one of the changed documents (`kind/name`). */
export function failingTests(options: {
  readonly ruleSet: RuleSet;
  readonly documents: DocumentSet['placed'];
  readonly changed: ReadonlySet<string>;
  readonly context: AlertContext;
}): Diagnostic[] {
  const { ruleSet, documents, changed, context } = options;
  if (changed.size === 0) return [];
  const dependencies = dependenciesIn(documents);
  return [...ruleSet.rules.values()].flatMap((plan) => {
    if (plan.document.tests === undefined) return [];
    if (!dependencies(plan.name).some(({ kind, name }) => changed.has(`${kind}/${name}`))) return [];
    const verdicts = runRuleTests(plan, ruleSet, context);
    return verdicts.flatMap((verdict, at) => (verdict.passed ? [] : [diagnosticOf(verdict, at)]));
  });
}
