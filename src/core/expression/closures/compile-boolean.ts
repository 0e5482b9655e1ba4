/** `and`, `or`: operands are cast, the right one is evaluated only if it decides. Chains become one closure. */
import type { AstNode, BinaryNode } from '../ast.js';
import type { Code, Test } from './code.js';
import type { Environment } from './environment.js';
import { compileAll } from './environment.js';

export function compileAnd(node: BinaryNode, environment: Environment): Code | undefined {
  const tests = chainTests(node, environment);
  return tests === undefined ? undefined : booleanCode(allOf(tests));
}

export function compileOr(node: BinaryNode, environment: Environment): Code | undefined {
  const tests = chainTests(node, environment);
  return tests === undefined ? undefined : booleanCode(anyOf(tests));
}

function booleanCode(test: Test): Code {
  return { value: test, test, boolean: true };
}

/** The operands of `a op b op c` in order; another `[…]` or `[]` on a part ends the chain there. */
function chain(node: AstNode, token: string): AstNode[] {
  if (node.type !== 'binary' || node.value !== token || node.predicate !== undefined) return [node];
  return [...chain(node.lhs, token), ...chain(node.rhs, token)];
}

function chainTests(node: BinaryNode, environment: Environment): readonly Test[] | undefined {
  const operands = [...chain(node.lhs, node.value), ...chain(node.rhs, node.value)];
  return compileAll(operands, environment)?.map((code) => code.test);
}

function allOf(tests: readonly Test[]): Test {
  const [a, b, c, d] = tests;
  if (a !== undefined && b !== undefined && tests.length === 2)
    return (scope, item) => a(scope, item) && b(scope, item);
  if (a !== undefined && b !== undefined && c !== undefined && tests.length === 3) {
    return (scope, item) => a(scope, item) && b(scope, item) && c(scope, item);
  }
  if (a !== undefined && b !== undefined && c !== undefined && d !== undefined && tests.length === 4) {
    return (scope, item) => a(scope, item) && b(scope, item) && c(scope, item) && d(scope, item);
  }
  return (scope, item) => {
    for (const test of tests) if (!test(scope, item)) return false;
    return true;
  };
}

function anyOf(tests: readonly Test[]): Test {
  const [a, b, c] = tests;
  if (a !== undefined && b !== undefined && tests.length === 2)
    return (scope, item) => a(scope, item) || b(scope, item);
  if (a !== undefined && b !== undefined && c !== undefined && tests.length === 3) {
    return (scope, item) => a(scope, item) || b(scope, item) || c(scope, item);
  }
  return (scope, item) => {
    for (const test of tests) if (test(scope, item)) return true;
    return false;
  };
}
