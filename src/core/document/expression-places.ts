/** Where the expressions of a document stand, and which of them are wrong whatever else the document says. */
import type { ExpressionCompiler } from '../expression/expression.js';
import type { AlertDocument, RuleDocument, StepDocument, WeirDocument } from './documents.js';
import { pointerTo } from './pointer.js';
import { EVENT_NAMES } from './report.js';
import type { Report } from './report.js';

interface Place {
  readonly pointer: string;
  readonly source: string;
}

/** What is wrong with an expression by itself: it depends on no name. */
export const WITHIN_EXPRESSION: ReadonlySet<string> = new Set([
  'expression-syntax',
  'expression-too-deep',
  'expression-too-long',
  'not-a-function',
  'refused-function',
  'unsafe-regex',
]);

function placesIn(value: unknown, pointer: string): Place[] {
  if (typeof value === 'string') return [{ pointer, source: value }];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [...entries].flatMap(([token, one]) => placesIn(one, pointerTo(pointer, token)));
}

function placesInSteps(steps: readonly StepDocument[] = [], pointer: string): Place[] {
  return steps.flatMap((step, at) => {
    const here = pointerTo(pointer, at);
    return [
      ...placesIn(step.where, `${here}/where`),
      ...placesIn(step.until, `${here}/until`),
      ...placesInSteps(step.sequence, `${here}/sequence`),
      ...placesInSteps(step.anyOf, `${here}/anyOf`),
      ...placesInSteps(step.allOf, `${here}/allOf`),
    ];
  });
}

function placesInAlert(alert: AlertDocument | undefined, pointer: string): Place[] {
  return [...placesIn(alert?.title, `${pointer}/title`), ...placesIn(alert?.payload, `${pointer}/payload`)];
}

function placesInRule({ key, where, pattern, alert, onTimeout }: RuleDocument): Place[] {
  return [
    ...placesIn(key, '/key'),
    ...placesIn(where, '/where'),
    ...(typeof pattern === 'string' ? [] : placesInSteps(pattern.sequence, '/pattern/sequence')),
    ...placesInAlert(alert, '/alert'),
    ...placesInAlert(onTimeout?.alert, '/onTimeout/alert'),
  ];
}

/** Of a source every expression is compiled, whatever is wrong with it. */
function placesInDocument(document: WeirDocument): Place[] {
  if (document.kind === 'rule') return placesInRule(document);
  return document.kind === 'pattern' ? placesInSteps(document.sequence, '/sequence') : [];
}

/**
 * What is wrong with a document may have kept some of its expressions from being compiled, those of an alert for instance while the
 * pattern's stages are unknown: what is wrong with them by themselves is reported all the same.
 */
export function reportUncompiled(document: WeirDocument, report: Report, expressions: ExpressionCompiler): void {
  const told = new Set(report.diagnostics.map(({ pointer }) => pointer));
  for (const { pointer, source } of placesInDocument(document)) {
    const result = told.has(pointer) ? undefined : expressions.compile(source, EVENT_NAMES);
    if (result?.ok !== false) continue;
    for (const { code, message, position } of result.problems) {
      if (WITHIN_EXPRESSION.has(code)) report.add({ code, message, pointer, offset: position });
    }
  }
}
