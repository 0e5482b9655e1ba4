import type { PatternBody, PatternDocument, PlacedDocument, RuleDocument, StepDocument } from './documents.js';
import { defaultValues, undeclaredParameters } from './parameters.js';
import type { PatternOutcome, PatternTable } from './pattern-table.js';
import { pointerTo } from './pointer.js';
import { placeText } from './report.js';
import type { Finding } from './report.js';

/** Parameters that the conditions of a pattern name and nobody declares. */
export function undeclaredInPattern(body: PatternBody, pointer: string): Finding[] {
  const declared = Object.keys(body.parameters ?? {});
  const inSteps = (steps: readonly StepDocument[], at: string): Finding[] =>
    steps.flatMap((step, index) => {
      const here = pointerTo(at, index);
      return [
        ...(step.where === undefined ? [] : undeclaredParameters(step.where, `${here}/where`, declared)),
        ...(step.until === undefined ? [] : undeclaredParameters(step.until, `${here}/until`, declared)),
        ...inSteps(step.sequence ?? [], `${here}/sequence`),
        ...inSteps(step.anyOf ?? [], `${here}/anyOf`),
        ...inSteps(step.allOf ?? [], `${here}/allOf`),
      ];
    });
  return inSteps(body.sequence, `${pointer}/sequence`);
}

/** The outcome of a pattern by itself, with its defaults; undefined when a parameter has none. */
export function defaultOutcome(pattern: PatternDocument, patterns: PatternTable): PatternOutcome | undefined {
  const params = defaultValues(pattern.parameters ?? {});
  return params && patterns.compile({ body: pattern, name: pattern.name, pointer: '', params });
}

export interface PatternInUse {
  readonly outcome: PatternOutcome;
  readonly placed: PlacedDocument;
  readonly rule: RuleDocument;
  readonly patterns: PatternTable;
}

/**
 * What a rule has to say about a pattern document it uses: only what its own parameters made wrong. What is wrong with
 * the defaults too is reported once, at the pattern.
 */
export function patternFindings({ outcome, placed, rule, patterns }: PatternInUse): Finding[] {
  if (outcome.findings.length === 0) return [];
  const pattern = placed.document as PatternDocument;
  const byItself = defaultOutcome(pattern, patterns)?.findings ?? [];
  const known = new Set(byItself.map(({ code, pointer, message }) => `${code} ${pointer} ${message}`));
  return outcome.findings
    .filter(({ code, pointer, message }) => !known.has(`${code} ${pointer} ${message}`))
    .map(({ code, pointer, message, severity }) => ({
      code,
      severity,
      pointer: rule.with === undefined ? '/pattern' : '/with',
      message: `Pattern \`${pattern.name}\` with these parameters (${placeText(placed, pointer)}): ${message}`,
    }));
}
