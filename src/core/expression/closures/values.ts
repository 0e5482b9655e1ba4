/**
 * JSONata's view of plain values: casts and comparisons, equal to the library's 2.2.2 and held so by the differential
 * tests. Values are JSON data: strings, numbers, booleans, null, arrays, objects; undefined is "nothing".
 */
import { raise } from './raise.js';

/** True for a number that is not NaN; an infinite one is an error (D1001). */
export function isNumeric(value: unknown): value is number {
  if (typeof value !== 'number') return false;
  if (Number.isFinite(value)) return true;
  if (Number.isNaN(value)) return false;
  return raise('D1001', { value });
}

/** `$boolean(value)`, with undefined as false. */
export function castBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return false;
  if (typeof value === 'string') return value.length > 0;
  if (typeof value === 'number') return isNumeric(value) && value !== 0;
  if (Array.isArray(value)) return castArray(value);
  return typeof value === 'object' && Object.keys(value).length > 0;
}

function castArray(array: readonly unknown[]): boolean {
  if (array.length === 1) return castBoolean(array[0]);
  let any = false;
  for (const item of array) if (castBoolean(item)) any = true;
  return any;
}

/** `=` of two values that are there. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) return equalItems(a, b);
  return equalProperties(a, b);
}

function equalItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
  return true;
}

function equalProperties(a: object, b: object): boolean {
  const keys = Object.getOwnPropertyNames(a).sort();
  const others = Object.getOwnPropertyNames(b).sort();
  if (keys.length !== others.length || keys.some((key, i) => key !== others[i])) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  return keys.every((key) => deepEqual(left[key], right[key]));
}

/** `$string(value)`; undefined stays undefined. */
export function toText(value: unknown, pretty = false): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !Number.isFinite(value)) return raise('D3001', { value });
  return JSON.stringify(value, roundNumber, pretty ? 2 : 0);
}

function roundNumber(_key: string, value: unknown): unknown {
  if (!isNumeric(value)) return value;
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

/** Operand of `&`: nothing is the empty text. */
export function toConcatText(value: unknown): string {
  return typeof value === 'string' ? value : (toText(value) ?? '');
}

/** Characters of a text as code points. */
export function codePoints(text: string): string[] {
  return [...text];
}
