/**
 * Compiles a syntax tree to closures. No text is ever turned into code: a closure is chosen per node, once, and events
 * run through the chosen ones. What is outside of the subset gives undefined, and the whole expression then runs in
 * the library; so everything here must be exactly equal to it.
 */
import type { AstNode, BlockNode, ConditionNode, FilterStage, LiteralNode } from '../ast.js';
import type { ExpressionNames } from '../expression.js';
import type { Code, Value } from './code.js';
import { compileArray, compileMinus } from './compile-array.js';
import { compileBinary } from './compile-binary.js';
import { compileApply, compileFunction } from './compile-function.js';
import { compilePath } from './compile-path.js';
import { compileVariable } from './compile-variable.js';
import type { ConstantSlots, Environment } from './environment.js';
import { NO_SLOTS } from './environment.js';
import type { Filter } from './filter.js';
import { applyFilter, compileFilters } from './filter.js';
import { finish } from './sequence.js';
import { castBoolean } from './values.js';

/** The closure of an expression; undefined if it is outside of the compiled subset. It reads the constants in `slotOf` from the scope. */
export function compileClosures(
  ast: AstNode,
  names: ExpressionNames,
  slotOf: ConstantSlots = NO_SLOTS,
): Code | undefined {
  const environment: Environment = { names, slotOf, compile: (node) => compileNode(node, environment) };
  return environment.compile(ast);
}

function compileNode(node: AstNode, environment: Environment): Code | undefined {
  if (node.group !== undefined || node.tuple !== undefined) return undefined;
  const code = compileKind(node, environment);
  if (code === undefined) return undefined;
  const { predicate } = node;
  const keepArray = node.keepArray === true;
  if (predicate === undefined) return keepArray || code.unfinished === true ? finished(code.value, keepArray) : code;
  return withPredicate(code, predicate, { node, environment });
}

function compileKind(node: AstNode, environment: Environment): Code | undefined {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'value':
      return compileLiteral(node, environment);
    case 'path':
      return compilePath(node, environment);
    case 'variable':
      return compileVariable(node, environment);
    case 'binary':
      return compileBinary(node, environment);
    case 'unary':
      return node.value === '-' ? compileMinus(node, environment) : compileArray(node, environment);
    case 'condition':
      return compileCondition(node, environment);
    case 'block':
      return compileBlock(node, environment);
    case 'function':
      return compileFunction(node, environment);
    case 'apply':
      return compileApply(node, environment);
    default:
      return undefined;
  }
}

function compileLiteral(node: LiteralNode, { slotOf }: Environment): Code {
  const slot = slotOf.get(node);
  if (slot !== undefined) return compileConstant(slot, node.type === 'number');
  const literal = node.value;
  const truth = castBoolean(literal);
  return { value: () => literal, test: () => truth, literal: { value: literal } };
}

function compileConstant(slot: number, numeric: boolean): Code {
  const value: Value = (scope) => scope.constants[slot];
  return { value, test: (scope, item) => castBoolean(value(scope, item)), constant: { slot, numeric } };
}

function compileCondition(node: ConditionNode, environment: Environment): Code | undefined {
  const condition = environment.compile(node.condition);
  const then = environment.compile(node.then);
  const otherwise = node.else === undefined ? NOTHING : environment.compile(node.else);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  return {
    value: (scope, item) => (condition.test(scope, item) ? then.value(scope, item) : otherwise.value(scope, item)),
    test: (scope, item) => (condition.test(scope, item) ? then.test(scope, item) : otherwise.test(scope, item)),
  };
}

const NOTHING: Code = { value: () => undefined, test: () => false };

function compileBlock(node: BlockNode, environment: Environment): Code | undefined {
  const [only] = node.expressions;
  return only === undefined || node.expressions.length !== 1 ? undefined : environment.compile(only);
}

function finished(value: Value, keepArray: boolean): Code {
  const run: Value = (scope, item) => finish(value(scope, item), keepArray);
  return { value: run, test: (scope, item) => castBoolean(run(scope, item)) };
}

function withPredicate(
  code: Code,
  predicate: readonly FilterStage[],
  place: { node: AstNode; environment: Environment },
): Code | undefined {
  const filters: readonly Filter[] | undefined = compileFilters(predicate, place.environment);
  if (filters === undefined) return undefined;
  const filtered: Value = (scope, item) => {
    let result = code.value(scope, item);
    for (const filter of filters) result = applyFilter(filter, { scope, input: result });
    return result;
  };
  return finished(filtered, place.node.keepArray === true);
}
