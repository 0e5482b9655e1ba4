/**
 * The expression compiler: JSONata source → something that runs on an event, synchronously and deterministically.
 * Most expressions become closures; the rest run in the library's evaluator behind the same interface.
 */
import { limits } from '../limits.js';
import { checkDepth, checkRegexes } from './check-ast.js';
import { checkNames } from './check-names.js';
import { equalitiesOf, rangesOf } from './equalities.js';
import { gateOf } from './gate.js';
import { joinsOf } from './joins.js';
import { closureExpression } from './closure-expression.js';
import { compileClosures } from './closures/compile-node.js';
import type { ExpressionCompiler, ExpressionNames, ExpressionProblem, ExpressionResult } from './expression.js';
import type { ExpressionLibrary } from './library.js';
import { libraryExpression } from './library-expression.js';
import { syntaxProblem } from './syntax-hints.js';

/** A compiler over a JSONata library. Everything it refuses is a value with problems; it never throws. */
export function createExpressionCompiler(library: ExpressionLibrary): ExpressionCompiler {
  return { compile: (source, names) => compileExpression(library, source, names) };
}

function compileExpression(library: ExpressionLibrary, source: string, names: ExpressionNames): ExpressionResult {
  if (source.length > limits.expressionLengthMax) return refused([tooLong(source)]);
  const parsed = library.parse(source);
  if (!parsed.ok) return refused([syntaxProblem(parsed.refusal, source)]);
  const { program } = parsed;
  const tooDeep = checkDepth(program.ast);
  if (tooDeep !== undefined) return refused([tooDeep]);
  const use = checkNames(program.ast, names);
  const problems = [...use.problems, ...checkRegexes(program.ast, source)];
  if (problems.length > 0) return refused(problems.sort((a, b) => a.position - b.position));
  const gate = use.stages.size === 0 ? undefined : gateOf(program.ast, names);
  const equalities = equalitiesOf(program.ast);
  const ranges = rangesOf(program.ast);
  const joins = joinsOf(program.ast, names);
  const fallback = libraryExpression({ source, program, use, names, equalities, ranges, joins, gate });
  const code = compileClosures(program.ast, names);
  return { ok: true, expression: code === undefined ? fallback : closureExpression(code, fallback) };
}

function refused(problems: readonly ExpressionProblem[]): ExpressionResult {
  return { ok: false, problems };
}

function tooLong(source: string): ExpressionProblem {
  const message = `The expression has ${source.length} characters; at most ${limits.expressionLengthMax} are allowed.`;
  return { code: 'expression-too-long', message, position: limits.expressionLengthMax };
}
