import type { AstNode, UnaryNode } from '../ast.js';
import type { Code, Test, Value } from './code.js';
import type { Environment } from './environment.js';
import { compileAll } from './environment.js';
import { raise } from './raise.js';
import { append, markConstructed } from './sequence.js';
import { castBoolean, isNumeric } from './values.js';

/** `[…]`: an item that is itself written as an array stays one, all others are appended. */
export function compileArray(node: UnaryNode, environment: Environment): Code | undefined {
  const { expressions } = node;
  if (node.value !== '[' || expressions === undefined) return undefined;
  const codes = compileAll(expressions, environment);
  if (codes === undefined) return undefined;
  const nested = expressions.map(isArrayConstructor);
  if (expressions.some((each, i) => nested[i] === true && each.predicate !== undefined)) return undefined;
  const constructed = node.consarray === true;
  const value: Value = (scope, item) => {
    let result: unknown[] = [];
    for (let i = 0; i < codes.length; i++) {
      const each = codes[i]?.value(scope, item);
      if (each === undefined) continue;
      if (nested[i] === true) result.push(each);
      else result = append(result, each) as unknown[];
    }
    if (constructed) markConstructed(result);
    return result;
  };
  const test: Test = (scope, item) => castBoolean(value(scope, item));
  return { value, test, literals: literalItems(codes) };
}

function literalItems(codes: readonly Code[]): Code['literals'] {
  const literals = codes.flatMap((code) => (code.literal === undefined ? [] : [code.literal.value]));
  return literals.length === codes.length ? literals : undefined;
}

function isArrayConstructor(node: AstNode): boolean {
  return 'value' in node && node.value === '[';
}

/** Unary minus of something that is not a literal. */
export function compileMinus(node: UnaryNode, environment: Environment): Code | undefined {
  const operand = node.expression === undefined ? undefined : environment.compile(node.expression);
  if (operand === undefined) return undefined;
  const value: Value = (scope, item) => {
    const number = operand.value(scope, item);
    if (number === undefined) return undefined;
    return isNumeric(number) ? -number : raise('D1002', { value: number });
  };
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}
