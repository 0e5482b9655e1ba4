/** From a source to its checked syntax tree, and from that to an expression by itself. */
import { limits } from '../limits.js';
import { checkDepth, checkRegexes, warnOfRegexes } from './check-ast.js';
import type { NameUse } from './check-names.js';
import { checkNames } from './check-names.js';
import { closureExpression } from './closure-expression.js';
import { compileClosures } from './closures/compile-node.js';
import { conjunctsOf } from './ast.js';
import { equalitiesOf, rangesOf } from './equalities.js';
import type { Expression, ExpressionNames, ExpressionProblem, ExpressionResult } from './expression.js';
import { gateOf } from './gate.js';
import { joinsOf } from './joins.js';
import type { ExpressionLibrary, LibraryProgram } from './library.js';
import { libraryExpression } from './library-expression.js';
import { syntaxProblem } from './syntax-hints.js';

/** A source that was parsed and found to be right. */
export interface CheckedSource {
  readonly source: string;
  readonly program: LibraryProgram;
  readonly use: NameUse;
}

type SourceCheck = { readonly ok: true; readonly value: CheckedSource } | Extract<ExpressionResult, { ok: false }>;

/** Everything that may be wrong with a source. */
export function checkSource(library: ExpressionLibrary, source: string, names: ExpressionNames): SourceCheck {
  if (source.length > limits.expressionLengthMax) return refused([tooLong(source)]);
  const parsed = library.parse(source);
  if (!parsed.ok) return refused([syntaxProblem(parsed.refusal, source)]);
  const { program } = parsed;
  const tooDeep = checkDepth(program.ast);
  if (tooDeep !== undefined) return refused([tooDeep]);
  const use = checkNames(program.ast, names);
  const problems = [...use.problems, ...checkRegexes(program.ast, source)];
  if (problems.length > 0) return refused(problems.sort((a, b) => a.position - b.position));
  return { ok: true, value: { source, program, use } };
}

function compileChecked(checked: CheckedSource, names: ExpressionNames): Expression {
  const fallback = libraryExpressionOf(checked, names);
  const code = compileClosures(checked.program.ast, names);
  return code === undefined ? fallback : closureExpression(code, fallback);
}

/** The expression, and what its author should know of it. */
export function resultOf(checked: CheckedSource, names: ExpressionNames): ExpressionResult {
  const expression = compileChecked(checked, names);
  const warnings = warnOfRegexes(checked.program.ast, checked.source);
  return warnings.length === 0 ? { ok: true, expression } : { ok: true, expression, warnings };
}

export function libraryExpressionOf({ source, program, use }: CheckedSource, names: ExpressionNames): Expression {
  const { ast } = program;
  const gate = use.stages.size === 0 ? undefined : gateOf(ast, names);
  const [equalities, ranges, joins] = [equalitiesOf(ast), rangesOf(ast), joinsOf(ast, names)];
  const conjuncts = conjunctsOf(ast).length;
  return libraryExpression({ source, program, use, names, equalities, ranges, conjuncts, joins, gate });
}

function refused(problems: readonly ExpressionProblem[]): Extract<ExpressionResult, { ok: false }> {
  return { ok: false, problems };
}

function tooLong(source: string): ExpressionProblem {
  const message = `The expression has ${source.length} characters; at most ${limits.expressionLengthMax} are allowed.`;
  return { code: 'expression-too-long', message, position: limits.expressionLengthMax };
}
