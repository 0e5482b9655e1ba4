import type { BinaryNode } from '../ast.js';
import type { Code, Test, Value } from './code.js';
import { compileAnd, compileOr } from './compile-boolean.js';
import { compileEquality, compileOrder } from './compile-comparison.js';
import type { Environment } from './environment.js';
import type { Arithmetic, Order } from './operators.js';
import { calculate, isIn, range } from './operators.js';
import { finish } from './sequence.js';
import { castBoolean, toConcatText } from './values.js';

/** An operator between two operands; undefined if an operand is outside of the subset. */
export function compileBinary(node: BinaryNode, environment: Environment): Code | undefined {
  if (node.value === 'and') return compileAnd(node, environment);
  if (node.value === 'or') return compileOr(node, environment);
  const left = environment.compile(node.lhs);
  const right = environment.compile(node.rhs);
  if (left === undefined || right === undefined) return undefined;
  switch (node.value) {
    case '=':
    case '!=':
      return compileEquality(left, right, node.value === '=');
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrder(left, right, node.value as Order);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return compileArithmetic(left, right, node.value as Arithmetic);
    case '&':
      return valueCode((scope, item) => {
        const a = left.value(scope, item);
        const b = right.value(scope, item);
        return toConcatText(a) + toConcatText(b);
      });
    case 'in':
      return compileIn(left, right);
    case '..':
      return valueCode((scope, item) => {
        const from = left.value(scope, item);
        return finish(range(from, right.value(scope, item)), false);
      });
    default:
      return undefined;
  }
}

function valueCode(value: Value): Code {
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}

/** Lists up to this length are searched from the front, longer ones are looked up. */
const SEARCHED_LIST_MAX = 8;

function compileIn(left: Code, right: Code): Code {
  if (right.literals !== undefined) return compileInLiterals(left, right.literals);
  const test: Test = (scope, item) => {
    const value = left.value(scope, item);
    return isIn(value, right.value(scope, item));
  };
  return { value: test, test, boolean: true };
}

/** A literal is never NaN, so that looking it up in a set is the same as comparing. */
function compileInLiterals(left: Code, literals: readonly unknown[]): Code {
  const a = left.value;
  const set = new Set(literals);
  const test: Test =
    literals.length > SEARCHED_LIST_MAX
      ? (scope, item) => set.has(a(scope, item))
      : (scope, item) => {
          const value = a(scope, item);
          for (let i = 0; i < literals.length; i++) if (literals[i] === value) return true;
          return false;
        };
  return { value: test, test, boolean: true };
}

function compileArithmetic(left: Code, right: Code, token: Arithmetic): Code {
  switch (token) {
    case '+':
      return valueCode((scope, item) => {
        const a = left.value(scope, item);
        const b = right.value(scope, item);
        return bothFinite(a, b) ? (a as number) + (b as number) : calculate('+', a, b);
      });
    case '-':
      return valueCode((scope, item) => {
        const a = left.value(scope, item);
        const b = right.value(scope, item);
        return bothFinite(a, b) ? (a as number) - (b as number) : calculate('-', a, b);
      });
    case '*':
      return valueCode((scope, item) => {
        const a = left.value(scope, item);
        const b = right.value(scope, item);
        return bothFinite(a, b) ? (a as number) * (b as number) : calculate('*', a, b);
      });
    default:
      return valueCode((scope, item) => {
        const a = left.value(scope, item);
        return calculate(token, a, right.value(scope, item));
      });
  }
}

function bothFinite(a: unknown, b: unknown): boolean {
  return Number.isFinite(a) && Number.isFinite(b);
}
