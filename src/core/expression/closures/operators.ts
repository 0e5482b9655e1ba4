/** The operators on values, as the library defines them; the closures inline the common cases and call these for the rest. */
import { expressionLimits } from '../expression-limits.js';
import { raise } from './raise.js';
import type { Sequence } from './sequence.js';
import { isNumeric } from './values.js';

export type Order = '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%';

function comparable(value: unknown): boolean {
  return value === undefined || typeof value === 'string' || typeof value === 'number';
}

/** An order of two values of one type; undefined if one is missing. */
export function compareOrder(token: Order, a: unknown, b: unknown): boolean | undefined {
  if (!comparable(a) || !comparable(b)) raise('T2010', { token, value: comparable(a) ? b : a });
  if (a === undefined || b === undefined) return undefined;
  if (typeof a !== typeof b) raise('T2009', { token, value: a, value2: b });
  const left = a as string;
  const right = b as string;
  switch (token) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

export function calculate(token: Arithmetic, a: unknown, b: unknown): number | undefined {
  if (a !== undefined && !isNumeric(a)) raise('T2001', { token, value: a });
  if (b !== undefined && !isNumeric(b)) raise('T2002', { token, value: b });
  if (a === undefined || b === undefined) return undefined;
  switch (token) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return a % b;
  }
}

/** `in`: identity of primitive values; a single value counts as a list of one. */
export function isIn(value: unknown, list: unknown): boolean {
  if (value === undefined || list === undefined) return false;
  if (!Array.isArray(list)) return value === list;
  for (const item of list) if (item === value) return true;
  return false;
}

/** Allocations beyond this are D2014 in the library too. */
const LIBRARY_RANGE_MAX = 1e7;

/** `[a..b]`: a sequence of integers, undefined if it would be empty. */
export function range(from: unknown, to: unknown): Sequence | undefined {
  if (from !== undefined && !Number.isInteger(from)) raise('T2003', { value: from });
  if (to !== undefined && !Number.isInteger(to)) raise('T2004', { value: to });
  if (from === undefined || to === undefined) return undefined;
  const first = from as number;
  const size = (to as number) - first + 1;
  if (size < 1) return undefined;
  if (size > LIBRARY_RANGE_MAX) raise('D2014', { value: size });
  if (size > expressionLimits.sequenceLengthMax) raise('D2015', { value: size });
  const result: Sequence = Array.from({ length: size }, (_, i) => first + i);
  result.sequence = true;
  return result;
}
