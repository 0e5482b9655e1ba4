/**
 * Comparisons, the hot part of most rules. A field of the event against a literal has closures of its own that read the
 * field in place; all others evaluate both sides. Every case a closure does not take itself goes to `deepEqual` or
 * `compareOrder`, which decide as the library does.
 */
import type { Code, Test, Value } from './code.js';
import type { Order } from './operators.js';
import { compareOrder as ordered } from './operators.js';
import { readField } from './sequence.js';
import { deepEqual } from './values.js';

/** `=` and `!=`: both false if a side is missing. */
export function compileEquality(left: Code, right: Code, equal: boolean): Code {
  const test = equalityTest(left, right, equal);
  return { value: test, test, boolean: true };
}

function equalityTest(left: Code, right: Code, equal: boolean): Test {
  if (right.literal !== undefined) return literalEquality(left, right.literal.value, equal);
  if (right.constant !== undefined) return constantEquality(left, right.constant.slot, equal);
  const a = left.value;
  const b = right.value;
  if (equal) {
    return (scope, item) => {
      const x = a(scope, item);
      const y = b(scope, item);
      return x === y ? x !== undefined : typeof x === 'object' && y !== undefined && deepEqual(x, y);
    };
  }
  return (scope, item) => {
    const x = a(scope, item);
    const y = b(scope, item);
    if (x === undefined || y === undefined || x === y) return false;
    return typeof x !== 'object' || !deepEqual(x, y);
  };
}

function literalEquality(left: Code, literal: unknown, equal: boolean): Test {
  const a = left.value;
  const { field } = left;
  if (equal) {
    if (field === undefined) return (scope, item) => a(scope, item) === literal;
    return (scope, item) => (Array.isArray(item) ? a(scope, item) : readField(item, field)) === literal;
  }
  if (field === undefined) {
    return (scope, item) => {
      const x = a(scope, item);
      return x !== undefined && x !== literal;
    };
  }
  return (scope, item) => {
    const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
    return x !== undefined && x !== literal;
  };
}

/** As with a literal, which is one of the scope's constants. */
function constantEquality(left: Code, slot: number, equal: boolean): Test {
  const a = left.value;
  const { field } = left;
  if (equal) {
    if (field === undefined) return (scope, item) => a(scope, item) === scope.constants[slot];
    return (scope, item) => (Array.isArray(item) ? a(scope, item) : readField(item, field)) === scope.constants[slot];
  }
  return (scope, item) => {
    const x = a(scope, item);
    return x !== undefined && x !== scope.constants[slot];
  };
}

/** `<`, `<=`, `>`, `>=`: undefined if a side is missing, an error if the types differ or have no order. */
export function compileOrder(left: Code, right: Code, token: Order): Code {
  const a = left.value;
  const b = right.value;
  const value: Value = (scope, item) => {
    const x = a(scope, item);
    return ordered(token, x, b(scope, item));
  };
  const test = againstNumber(left, right, token) ?? orderTest(a, b, token);
  return { value, test, boolean: true };
}

function againstNumber(left: Code, right: Code, token: Order): Test | undefined {
  const { field } = left;
  const limit = right.literal?.value;
  if (field === undefined) return undefined;
  if (typeof limit === 'number') return fieldTest(left, { field, limit, token });
  return right.constant?.numeric === true ? constantTest(left, { field, slot: right.constant.slot, token }) : undefined;
}

const inOrder: Readonly<Record<Order, (x: number, limit: number) => boolean>> = {
  '<': (x, limit) => x < limit,
  '<=': (x, limit) => x <= limit,
  '>': (x, limit) => x > limit,
  '>=': (x, limit) => x >= limit,
};

/** A field of the context item against a number among the scope's constants. */
function constantTest(left: Code, at: { field: string; slot: number; token: Order }): Test {
  const { field, slot, token } = at;
  const a = left.value;
  const holds = inOrder[token];
  return (scope, item) => {
    const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
    const limit = scope.constants[slot] as number;
    return typeof x === 'number' ? holds(x, limit) : ordered(token, x, limit) === true;
  };
}

/** A field of the context item against a number. */
function fieldTest(left: Code, at: { field: string; limit: number; token: Order }): Test {
  const { field, limit, token } = at;
  const a = left.value;
  switch (token) {
    case '<':
      return (scope, item) => {
        const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
        return typeof x === 'number' ? x < limit : ordered('<', x, limit) === true;
      };
    case '<=':
      return (scope, item) => {
        const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
        return typeof x === 'number' ? x <= limit : ordered('<=', x, limit) === true;
      };
    case '>':
      return (scope, item) => {
        const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
        return typeof x === 'number' ? x > limit : ordered('>', x, limit) === true;
      };
    default:
      return (scope, item) => {
        const x = Array.isArray(item) ? a(scope, item) : readField(item, field);
        return typeof x === 'number' ? x >= limit : ordered('>=', x, limit) === true;
      };
  }
}

function orderTest(a: Value, b: Value, token: Order): Test {
  switch (token) {
    case '<':
      return (scope, item) => {
        const x = a(scope, item);
        const y = b(scope, item);
        return typeof x === 'number' && typeof y === 'number' ? x < y : ordered('<', x, y) === true;
      };
    case '<=':
      return (scope, item) => {
        const x = a(scope, item);
        const y = b(scope, item);
        return typeof x === 'number' && typeof y === 'number' ? x <= y : ordered('<=', x, y) === true;
      };
    case '>':
      return (scope, item) => {
        const x = a(scope, item);
        const y = b(scope, item);
        return typeof x === 'number' && typeof y === 'number' ? x > y : ordered('>', x, y) === true;
      };
    default:
      return (scope, item) => {
        const x = a(scope, item);
        const y = b(scope, item);
        return typeof x === 'number' && typeof y === 'number' ? x >= y : ordered('>=', x, y) === true;
      };
  }
}
