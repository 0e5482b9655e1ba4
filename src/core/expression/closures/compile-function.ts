import type { ApplyNode, AstNode, FunctionNode } from '../ast.js';
import type { Code, Value } from './code.js';
import type { Environment } from './environment.js';
import type { BuiltinFunction } from './functions.js';
import { UNUSUAL, builtinFunction } from './functions.js';
import { RegexMatcher } from './regex-matcher.js';
import { fitArguments } from './signature.js';
import { castBoolean } from './values.js';

/** A call of a built-in function by its name; undefined for any other call. */
export function compileFunction(node: FunctionNode, environment: Environment): Code | undefined {
  const name = calledName(node.procedure, environment);
  return name === undefined ? undefined : compileCall(name, node.arguments, environment);
}

/** `x ~> $f(y)` is `$f(x, y)`; `x ~> $f` is `$f(x)`, where `$f` takes nothing from the context. Else undefined. */
export function compileApply(node: ApplyNode, environment: Environment): Code | undefined {
  const { lhs, rhs } = node;
  if (rhs.predicate !== undefined || rhs.group !== undefined) return undefined;
  const name = calledName(rhs.type === 'function' ? rhs.procedure : rhs, environment);
  if (name === undefined || lhs.type === 'regex') return undefined;
  if (rhs.type === 'function') return compileCall(name, [lhs, ...rhs.arguments], environment);
  return builtinFunction(name)?.direct === undefined ? undefined : compileCall(name, [lhs], environment);
}

function compileCall(name: string, nodes: readonly AstNode[], environment: Environment): Code | undefined {
  if (name === 'millis' && nodes.length === 0) return MILLIS;
  if (name === 'toMillis' && nodes.length > 1) return undefined;
  const builtin = builtinFunction(name);
  const args = builtin === undefined ? undefined : compileArguments(name, nodes, environment);
  if (builtin === undefined || args === undefined) return undefined;
  const [first, second] = args;
  if (first !== undefined && args.length === 1 && builtin.direct !== undefined) {
    return name === 'not' ? compileNot(first) : compileDirect(builtin, first, builtin.direct);
  }
  if (first !== undefined && second !== undefined && args.length === 2 && builtin.directPair !== undefined) {
    return compileDirectPair(builtin, { first, second }, builtin.directPair);
  }
  return compileGeneral(builtin, args);
}

function calledName(procedure: AstNode, environment: Environment): string | undefined {
  if (procedure.type !== 'variable' || procedure.predicate !== undefined) return undefined;
  return environment.names.stages.has(procedure.value) ? undefined : procedure.value;
}

/** Regular expressions are compiled where `$contains` looks for one; elsewhere they run in the library. */
function compileArguments(
  name: string,
  nodes: readonly AstNode[],
  environment: Environment,
): readonly Code[] | undefined {
  const codes: Code[] = [];
  for (const node of nodes) {
    const code = node.type === 'regex' ? regexArgument(name, node.value) : environment.compile(node);
    if (code === undefined) return undefined;
    codes.push(code);
  }
  return codes;
}

function regexArgument(name: string, regex: unknown): Code | undefined {
  if (name !== 'contains' || !(regex instanceof RegExp)) return undefined;
  const matcher = new RegexMatcher(new RegExp(regex.source, regex.flags));
  return { value: () => matcher, test: () => false };
}

const MILLIS: Code = {
  value: (scope) => Math.trunc(scope.event.time),
  test: (scope) => Math.trunc(scope.event.time) !== 0,
};

function compileNot(operand: Code): Code {
  const value: Value = (scope, item) => {
    const result = operand.value(scope, item);
    return result === undefined ? undefined : !castBoolean(result);
  };
  return { value, test: (scope, item) => value(scope, item) === true, boolean: true };
}

function compileDirect(builtin: BuiltinFunction, only: Code, direct: (argument: unknown) => unknown): Code {
  const value: Value = (scope, item) => {
    const argument = only.value(scope, item);
    const result = direct(argument);
    return result === UNUSUAL ? builtin.apply(fitArguments(builtin.signature, [argument], item)) : result;
  };
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}

function compileDirectPair(
  builtin: BuiltinFunction,
  args: { first: Code; second: Code },
  direct: (first: unknown, second: unknown) => unknown,
): Code {
  const { first, second } = args;
  const value: Value = (scope, item) => {
    const a = first.value(scope, item);
    const b = second.value(scope, item);
    const result = direct(a, b);
    return result === UNUSUAL ? builtin.apply(fitArguments(builtin.signature, [a, b], item)) : result;
  };
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}

function compileGeneral(builtin: BuiltinFunction, args: readonly Code[]): Code {
  const { signature, apply } = builtin;
  const value: Value = (scope, item) => {
    const given: unknown[] = [];
    for (const arg of args) given.push(arg.value(scope, item));
    return apply(fitArguments(signature, given, item));
  };
  return { value, test: (scope, item) => castBoolean(value(scope, item)), unfinished: true };
}
