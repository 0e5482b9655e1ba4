/** Checks of a syntax tree that need no names: how deep it is, and whether its regular expressions are safe to run. */
import type { AstNode, RegexNode } from './ast.js';
import { childrenOf } from './ast.js';
import { unsafeRegexReason } from './check-regex.js';
import type { ExpressionProblem } from './expression.js';
import { expressionLimits } from './expression-limits.js';
import { regexSubjectMax } from './regex-cost.js';

/** The problem of a tree nested more deeply than allowed. Stops at the limit, so any depth is safe to ask about. */
export function checkDepth(ast: AstNode): ExpressionProblem | undefined {
  if (isWithin(ast, expressionLimits.depthMax)) return undefined;
  const message = `The expression is nested more than ${expressionLimits.depthMax} levels deep; a long list of values is shorter as: field in [a, b, c].`;
  return { code: 'expression-too-deep', message, position: 0 };
}

function isWithin(node: AstNode, levels: number): boolean {
  return levels > 0 && childrenOf(node).every((child) => isWithin(child, levels - 1));
}

/** A problem for every regular expression that could take too long. */
export function checkRegexes(ast: AstNode, source: string): readonly ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  const visit = (node: AstNode): void => {
    if (node.type === 'regex') problems.push(...regexProblems(node, source));
    for (const child of childrenOf(node)) visit(child);
  };
  visit(ast);
  return problems;
}

/** Why a regular expression may not be used, and how to mend it. */
function refusalOf(regex: RegExp): string | undefined {
  const unsafe = unsafeRegexReason(regex.source);
  if (unsafe !== undefined) return `could take exponential time: it has ${unsafe}. Repeat one level only`;
  if (regexSubjectMax(regex) > 0) return undefined;
  return `could take very long on a text of ${expressionLimits.regexSubjectLengthMin} characters: several repeats in it can take the same ones. Let each end where the next begins, as in [^,]*,[^,]*,`;
}

function regexProblems(node: RegexNode, source: string): readonly ExpressionProblem[] {
  if (!(node.value instanceof RegExp)) return [];
  const pattern = node.value.source;
  const reason = refusalOf(node.value);
  if (reason === undefined) return [];
  const end = node.position ?? source.length;
  const start = source.lastIndexOf(`/${pattern}/`, end);
  const message = `The regular expression /${pattern}/ ${reason}, or use $contains with text.`;
  return [{ code: 'unsafe-regex', message, position: start < 0 ? end : start }];
}
