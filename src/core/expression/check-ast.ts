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
  return eachRegex(ast, (regex, node) => {
    const reason = refusalOf(regex);
    if (reason === undefined) return undefined;
    const message = `The regular expression /${regex.source}/ ${reason}, or use $contains with text.`;
    return { code: 'unsafe-regex', message, position: positionOf(regex, node, source) };
  });
}

/** A warning for every regular expression that is not matched against texts as long as others are. */
export function warnOfRegexes(ast: AstNode, source: string): readonly ExpressionProblem[] {
  return eachRegex(ast, (regex, node) => {
    const most = regexSubjectMax(regex);
    if (most === expressionLimits.regexSubjectLengthMax) return undefined;
    const message = `The regular expression /${regex.source}/ is matched against texts of at most ${most} characters; on a longer one the expression fails, and a condition is false. Leave out what stands for anything at its ends, use $contains with text, or let each repeat end where the next begins, as in [^,]*,[^,]*,`;
    return { code: 'regex-short-texts', message, position: positionOf(regex, node, source) };
  });
}

function eachRegex(
  ast: AstNode,
  tell: (regex: RegExp, node: RegexNode) => ExpressionProblem | undefined,
): readonly ExpressionProblem[] {
  const told: ExpressionProblem[] = [];
  const visit = (node: AstNode): void => {
    const one = node.type === 'regex' && node.value instanceof RegExp ? tell(node.value, node) : undefined;
    if (one !== undefined) told.push(one);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(ast);
  return told;
}

function positionOf({ source: pattern }: RegExp, node: RegexNode, source: string): number {
  const end = node.position ?? source.length;
  const start = source.lastIndexOf(`/${pattern}/`, end);
  return start < 0 ? end : start;
}

/** Why a regular expression may not be used, and how to mend it. */
function refusalOf(regex: RegExp): string | undefined {
  const unsafe = unsafeRegexReason(regex.source);
  if (unsafe !== undefined) return `could take exponential time: it has ${unsafe}. Repeat one level only`;
  if (regexSubjectMax(regex) > 0) return undefined;
  return `could take very long on a text of ${expressionLimits.regexSubjectLengthMin} characters: several repeats in it can take the same ones. Let each end where the next begins, as in [^,]*,[^,]*,`;
}
