/**
 * The built-in functions that are compiled, each equal to the library's. `apply` gets the arguments after the signature
 * has fitted them: an argument is of its type or undefined. `direct` is the same for one argument of the usual type,
 * without the fitting, `directPair` for two; they give `UNUSUAL` for any other.
 */
import { isNumeric, castBoolean, codePoints, deepEqual, toText } from './values.js';
import { raise } from './raise.js';
import { RegexMatcher } from './regex-matcher.js';
import type { Signature } from './signature.js';
import { parseSignature } from './signature.js';
import { append, emptySequence, isSequence, lookup } from './sequence.js';

export type Arguments = readonly unknown[];

/** "Not the usual type of argument: fit it to the signature." */
export const UNUSUAL: unique symbol = Symbol('unusual');

export interface BuiltinFunction {
  readonly signature: Signature;
  readonly apply: (args: Arguments) => unknown;
  readonly direct?: (argument: unknown) => unknown;
  readonly directPair?: (first: unknown, second: unknown) => unknown;
}

const functions = new Map<string, BuiltinFunction>();

/** The compiled form of a function; undefined if it runs in the library. */
export function builtinFunction(name: string): BuiltinFunction | undefined {
  return functions.get(name);
}

interface Definition {
  readonly signature: string;
  readonly apply: (args: Arguments) => unknown;
  readonly direct?: (argument: unknown) => unknown;
  readonly directPair?: (first: unknown, second: unknown) => unknown;
}

function define(name: string, definition: Definition): void {
  const { signature, apply, direct, directPair } = definition;
  functions.set(name, { signature: parseSignature(name, signature), apply, direct, directPair });
}

/** A function of one text; other arguments follow. Nothing in, nothing out. */
function defineText(name: string, rest: string, apply: (text: string, args: Arguments) => unknown): void {
  define(name, {
    signature: `s-${rest}`,
    apply: (args) => (args[0] === undefined ? undefined : apply(args[0] as string, args)),
    direct: rest === '' ? (text) => (typeof text === 'string' ? apply(text, []) : UNUSUAL) : undefined,
  });
}

function defineNumber(name: string, rest: string, apply: (number: number, args: Arguments) => unknown): void {
  define(name, {
    signature: `n-${rest}`,
    apply: (args) => (args[0] === undefined ? undefined : apply(args[0] as number, args)),
    direct: rest === '' ? (number) => (typeof number === 'number' ? apply(number, []) : UNUSUAL) : undefined,
  });
}

/** A function of an array of numbers; nothing in, or (where `none` is asked) no numbers in, nothing out. */
function defineAggregate(name: string, none: boolean, apply: (numbers: readonly number[]) => number): void {
  const run = (numbers: readonly number[]): number | undefined =>
    none && numbers.length === 0 ? undefined : apply(numbers);
  define(name, {
    signature: 'a<n>',
    apply: (args) => (args[0] === undefined ? undefined : run(args[0] as readonly number[])),
    direct: (value) => (isNumberArray(value) ? run(value) : UNUSUAL),
  });
}

function isNumberArray(value: unknown): value is readonly number[] {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (typeof item !== 'number') return false;
  return true;
}

function total(numbers: readonly number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

function largest(numbers: readonly number[]): number {
  let best = -Infinity;
  for (const number of numbers) best = Math.max(best, number);
  return best;
}

function smallest(numbers: readonly number[]): number {
  let best = Infinity;
  for (const number of numbers) best = Math.min(best, number);
  return best;
}

defineAggregate('sum', false, total);
defineAggregate('max', true, largest);
defineAggregate('min', true, smallest);
defineAggregate('average', true, (numbers) => total(numbers) / numbers.length);

define('count', {
  signature: 'a',
  apply: ([array]) => (array === undefined ? 0 : (array as Arguments).length),
  direct: (value) => (value === undefined ? 0 : Array.isArray(value) ? value.length : 1),
});

define('string', {
  signature: 'x-b?',
  apply: ([value, pretty]) => toText(value, pretty === true),
  direct: (value) => toText(value),
});

defineText('length', '', (text) => codePoints(text).length);
defineText('lowercase', '', (text) => text.toLowerCase());
defineText('uppercase', '', (text) => text.toUpperCase());
defineText('trim', '', trim);
defineText('substring', 'nn?', (text, [, start, length]) =>
  substring(text, start as number, length as number | undefined),
);
defineText('substringBefore', 's', (text, [, mark]) => {
  const at = text.indexOf(mark as string);
  return at > -1 ? text.slice(0, at) : text;
});
defineText('substringAfter', 's', (text, [, mark]) => {
  const at = text.indexOf(mark as string);
  if (at === -1) return text;
  return mark === undefined ? raise('evaluation-failed') : text.slice(at + (mark as string).length);
});
define('contains', {
  signature: 's-(sf)',
  apply: ([text, token]) => (text === undefined || token === undefined ? undefined : contains(text as string, token)),
  directPair: (text, token) => {
    if (typeof text !== 'string') return UNUSUAL;
    return typeof token === 'string' || token instanceof RegexMatcher ? contains(text, token) : UNUSUAL;
  },
});
defineText('split', '(sf)n?', (text, [, separator, limit]) => split(text, separator, limit as number | undefined));

function contains(text: string, token: unknown): boolean {
  return token instanceof RegexMatcher ? token.test(text) : text.includes(token as string);
}

function trim(text: string): string {
  const single = text.replace(/[ \t\n\r]+/g, ' ');
  const start = single.startsWith(' ') ? 1 : 0;
  const end = single.length - start > 0 && single.endsWith(' ') ? single.length - 1 : single.length;
  return single.slice(start, end);
}

function substring(text: string, start: number, length: number | undefined): string {
  const points = codePoints(text);
  const from = points.length + start < 0 ? 0 : start;
  if (length === undefined) return points.slice(from).join('');
  if (length <= 0) return '';
  return points.slice(from, from >= 0 ? from + length : points.length + from + length).join('');
}

function split(text: string, separator: unknown, limit: number | undefined): unknown {
  if (limit !== undefined && limit < 0) raise('D3020', { value: limit });
  if (limit !== undefined && !(limit > 0)) return [];
  return typeof separator === 'string' ? text.split(separator, limit) : raise('evaluation-failed');
}

define('join', {
  signature: 'a<s>s?',
  apply: ([texts, separator]) =>
    texts === undefined ? undefined : (texts as string[]).join((separator ?? '') as string),
});

define('number', {
  signature: '(nsb)-',
  apply: ([value]) => toNumber(value),
  direct: (value) => (typeof value === 'number' ? value : UNUSUAL),
});

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/;
/** As in the library, anchors included. */
const OTHER_BASE = /^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$/;

function toNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return value;
  if (value === true) return 1;
  if (value === false) return 0;
  const text = value as string;
  if (DECIMAL.test(text) && Number.isFinite(Number(text))) return parseFloat(text);
  return OTHER_BASE.test(text) ? Number(text) : raise('D3030', { value });
}

/** As the library: a date, or a date with a time; a zone is optional and means UTC where it is missing. */
const ISO_8601 = /^\d{4}(-[01]\d)?(-[0-3]\d)?(T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$/;

defineText('toMillis', 's?', (text, [, picture]) => {
  if (picture !== undefined) return raise('evaluation-failed');
  const match = ISO_8601.exec(text);
  if (match === null) return raise('D3110', { value: text });
  return Date.parse(match[3] !== undefined && match[5] === undefined ? `${text}Z` : text);
});

defineNumber('abs', '', Math.abs);
defineNumber('floor', '', Math.floor);
defineNumber('ceil', '', Math.ceil);
defineNumber('round', 'n?', (number, [, precision]) => round(number, precision as number | undefined));
defineNumber('sqrt', '', (number) => (number < 0 ? raise('D3060', { value: number }) : Math.sqrt(number)));
defineNumber('power', 'n', (base, [, exponent]) => {
  const result = Math.pow(base, exponent as number);
  return Number.isFinite(result) ? result : raise('D3061', { value: base, value2: exponent });
});

/** Moves the decimal point in the text of the number: multiplying would add an error of its own. */
function shift(number: number, places: number): number {
  const [digits, exponent] = number.toString().split('e');
  return Number(`${digits}e${exponent === undefined ? places : Number(exponent) + places}`);
}

/** Half to even. */
function round(number: number, precision: number | undefined): number {
  const places = precision === undefined || Number.isNaN(precision) ? 0 : precision;
  const shifted = places === 0 ? number : shift(number, places);
  let result = Math.round(shifted);
  if (Math.abs(result - shifted) === 0.5 && Math.abs(result % 2) === 1) result -= 1;
  if (places !== 0) result = shift(result, -places);
  return Object.is(result, -0) ? 0 : result;
}

define('boolean', {
  signature: 'x-',
  apply: ([value]) => (value === undefined ? undefined : castBoolean(value)),
  direct: (value) => (value === undefined ? undefined : castBoolean(value)),
});
define('not', {
  signature: 'x-',
  apply: ([value]) => (value === undefined ? undefined : !castBoolean(value)),
  direct: (value) => (value === undefined ? undefined : !castBoolean(value)),
});
define('exists', {
  signature: 'x',
  apply: ([value]) => value !== undefined,
  direct: (value) => value !== undefined,
});
define('type', { signature: 'x', apply: ([value]) => typeName(value) });
define('append', { signature: 'xx', apply: ([first, second]) => append(first, second) });
define('distinct', { signature: 'x', apply: ([value]) => distinct(value) });
define('reverse', {
  signature: 'a',
  apply: ([array]) =>
    array === undefined || (array as Arguments).length <= 1 ? array : [...(array as Arguments)].reverse(),
});
define('lookup', { signature: 'x-s', apply: ([input, name]) => lookup(input, name as string) });

function typeName(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return 'null';
  if (isNumeric(value)) return 'number';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  return Array.isArray(value) ? 'array' : 'object';
}

function distinct(value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= 1) return value;
  const results: unknown[] = isSequence(value) ? emptySequence() : [];
  for (const item of value) if (!results.some((known) => deepEqual(item, known))) results.push(item);
  return results;
}
