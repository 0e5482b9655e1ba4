/** What the compiler of documents is given in tests: the real parser of texts, and a small stand-in for expressions. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import type { CompileEnvironment } from '../../../src/core/document/compile.js';
import { compileParsed } from '../../../src/core/document/compile.js';
import type { DocumentOrigin, ParsedDocuments } from '../../../src/core/document/documents.js';
import type { RulePlan, RuleSet, SourcePlan } from '../../../src/core/document/plans.js';
import type { ExpressionCompiler, ExpressionProblem } from '../../../src/core/expression/expression.js';
import type { Checked, Diagnostic } from '../../../src/core/model/diagnostic.js';

/** Knows names only: `$name(` is a function, `$name` must be bound, and `??` is no syntax. Evaluates nothing. */
export const fakeExpressions: ExpressionCompiler & { compiled: number } = {
  compiled: 0,
  compile(source, names) {
    fakeExpressions.compiled++;
    const problems: ExpressionProblem[] = [];
    const syntax = source.indexOf('??');
    if (syntax >= 0)
      problems.push({ code: 'expression-syntax', message: 'Nothing is written `??`.', position: syntax });
    const stagesUsed = new Set<string>();
    for (const { 1: name = '', index } of source.matchAll(/\$([A-Za-z_]\w*)(?!\w*\()/g)) {
      const bound = (name === 'params' && names.params) || (name === 'key' && names.key) || name === 'eventTime';
      if (names.stages.has(name)) stagesUsed.add(name);
      else if (!bound)
        problems.push({ code: 'unknown-name', message: `There is no \`$${name}\` here.`, position: index });
    }
    if (problems.length > 0) return { ok: false, problems };
    const evaluate = (): never => {
      throw new Error('not evaluated in these tests');
    };
    const usesKey = source.includes('$key');
    return {
      ok: true,
      expression: {
        source,
        stagesUsed,
        gate: undefined,
        equalities: [],
        conjuncts: 1,
        ranges: [],
        joins: [],
        usesKey,
        usesParams: source.includes('$params'),
        compiled: true,
        evaluate,
        test: evaluate,
      },
    };
  },
};

export const environment: CompileEnvironment = {
  expressions: fakeExpressions,
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  schemaCheck: compileSchema,
  alertPrefix: 'alerts',
  dataDirectory: 'data',
  revision: 7,
};

export function parse(text: string, origin: DocumentOrigin = 'file'): ParsedDocuments {
  return parseDocuments(text, origin === 'file' ? { origin, file: 'x.yaml' } : { origin });
}

export function compileText(text: string, origin: DocumentOrigin = 'file'): Checked<RuleSet> {
  return compileParsed(parse(text, origin), environment);
}

/** The rule set of documents that must be right. */
export function compiled(text: string): RuleSet {
  const checked = compileText(text);
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics, null, 1));
  return checked.value;
}

export function ruleOf(text: string, name = 'r'): RulePlan {
  const rule = compiled(text).rules.get(name);
  if (rule === undefined) throw new Error(`no rule ${name}`);
  return rule;
}

export function sourceOf(text: string, name = 's'): SourcePlan {
  const source = compiled(text).sources.get(name);
  if (source === undefined) throw new Error(`no source ${name}`);
  return source;
}

/** All diagnostics of documents, those of shape, meaning and warnings alike. */
export function diagnosticsOf(text: string, origin: DocumentOrigin = 'file'): readonly Diagnostic[] {
  const checked = compileText(text, origin);
  return checked.ok ? checked.warnings : checked.diagnostics;
}

/** `line:column code pointer` of each diagnostic. */
export function placesOf(text: string, origin: DocumentOrigin = 'file'): string[] {
  return diagnosticsOf(text, origin).map(({ line, column, code, pointer }) => `${line}:${column} ${code} ${pointer}`);
}

/**
 * Expects exactly these diagnostics. The text marks their places: `«` before the character, removed before parsing;
 * codes come in the order of the marks.
 */
export function expectDiagnostics(
  marked: string,
  codes: readonly string[],
  origin: DocumentOrigin = 'file',
): readonly Diagnostic[] {
  const places: string[] = [];
  const lines = marked.split('\n').map((line, index) => {
    let rest = line;
    for (let at = rest.indexOf('«'); at >= 0; at = rest.indexOf('«')) {
      places.push(`${index + 1}:${at + 1}`);
      rest = rest.slice(0, at) + rest.slice(at + 1);
    }
    return rest;
  });
  const found = diagnosticsOf(lines.join('\n'), origin);
  const told = found.map(({ line, column, code }) => `${line}:${column} ${code}`).sort();
  expect(told).toEqual(codes.map((code, index) => `${places[index]} ${code}`).sort());
  return found;
}

export const SOURCE = 'kind: source\nname: s\nnats: { stream: S, subjects: [in.>] }\nevent: { time: ts }\n---\n';
