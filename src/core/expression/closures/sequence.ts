/**
 * Sequences: the arrays JSONata makes itself while it evaluates. A sequence of one is its item, an empty one is
 * nothing; an array of the data is never unwrapped. The marks are properties of the array, as in the library, and never
 * leave the core: `plainResult` copies a marked array.
 */
import { expressionLimits } from '../expression-limits.js';
import { raise } from './raise.js';

export interface SequenceMarks {
  sequence?: true;
  /** `[]` was written: do not unwrap. */
  keepSingleton?: true;
  /** An array constructor within a path: do not flatten. */
  cons?: true;
}

export type Sequence = unknown[] & SequenceMarks;

export function emptySequence(): Sequence {
  const sequence: Sequence = [];
  sequence.sequence = true;
  return sequence;
}

export function sequenceOf(item: unknown): Sequence {
  const sequence: Sequence = [item];
  sequence.sequence = true;
  return sequence;
}

export function isSequence(value: unknown): value is Sequence {
  return Array.isArray(value) && (value as Sequence).sequence === true;
}

/** Marks an array constructor of a path, invisibly to whoever lists the array's properties. */
export function markConstructed(array: unknown[]): void {
  Object.defineProperty(array, 'cons', { enumerable: false, configurable: false, value: true });
}

/** What a node gives once it is evaluated: sequences of none and of one are unwrapped. */
export function finish(value: unknown, keepArray: boolean): unknown {
  return Array.isArray(value) ? finishArray(value, keepArray) : value;
}

function finishArray(value: Sequence, keepArray: boolean): unknown {
  if (value.sequence !== true) return value;
  if (keepArray) value.keepSingleton = true;
  if (value.length === 0) return undefined;
  return value.length === 1 && value.keepSingleton !== true ? value[0] : value;
}

/** A result as plain data. */
export function plainResult(value: unknown): unknown {
  return isSequence(value) ? value.slice() : value;
}

/** `$append`: nothing is left out, what is not an array counts as one item. */
export function append(first: unknown, second: unknown): unknown {
  if (first === undefined) return second;
  if (second === undefined) return first;
  const left = Array.isArray(first) ? first : [first];
  const right = Array.isArray(second) ? second : [second];
  const size = left.length + right.length;
  if (size > expressionLimits.sequenceLengthMax) raise('D2015', { value: size });
  return left.concat(right);
}

/** The field of an object, or of every object of an array, own properties only. */
export function lookup(input: unknown, name: string): unknown {
  if (Array.isArray(input)) return lookupEach(input, name);
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, name)) return undefined;
  return (input as Readonly<Record<string, unknown>>)[name];
}

function lookupEach(items: readonly unknown[], name: string): Sequence {
  const found = emptySequence();
  for (const item of items) {
    const value = lookup(item, name);
    if (Array.isArray(value)) for (const each of value) found.push(each);
    else if (value !== undefined) found.push(value);
  }
  return found;
}

const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * True if no plain object inherits a property of this name, so that a plain read finds own properties only.
 * Events are plain data: their objects have no prototype but Object.prototype.
 */
export function isPlainName(name: string): boolean {
  return !INHERITED.has(name);
}

/** The field of something that is not an array; the name must pass `isPlainName`. */
export function readField(input: unknown, name: string): unknown {
  if (typeof input !== 'object' || input === null) return undefined;
  return (input as Readonly<Record<string, unknown>>)[name];
}
