/**
 * Signatures of built-in functions, in the library's notation: `<s-nn?:s>` takes a string (from the context if missing),
 * a number and perhaps another. Arguments are described by one letter each and matched by a regular expression, as the
 * library does: which argument is "missing" depends on that match, so nothing simpler would be equal.
 */
import { raise } from './raise.js';
import { RegexMatcher } from './regex-matcher.js';

interface Parameter {
  readonly type: string;
  /** Letters it accepts, `m` for missing. */
  readonly letters: string;
  /** Letter its items must have, for an array with a type. */
  readonly items: string | undefined;
  readonly fromContext: boolean;
  readonly optional: boolean;
}

export interface Signature {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly pattern: RegExp;
}

const ANY = 'asnblfom';

const ITEM_NAMES: Readonly<Record<string, string>> = {
  a: 'arrays',
  b: 'booleans',
  n: 'numbers',
  o: 'objects',
  s: 'strings',
};

const PARAMETER = /\((\w+)\)|([a-z])(?:<(\w)>)?/;

/** Parses the part between `<` and `:`. */
export function parseSignature(name: string, notation: string): Signature {
  const parameters: Parameter[] = [];
  const all = new RegExp(`(?:${PARAMETER.source})([-?]?)`, 'g');
  for (const [, choice, letter = '', items, suffix] of notation.matchAll(all)) {
    parameters.push({
      type: choice === undefined ? letter : 'choice',
      letters: choice === undefined ? (letter === 'a' || letter === 'x' ? ANY : `${letter}m`) : `${choice}m`,
      items,
      fromContext: suffix === '-',
      optional: suffix !== '',
    });
  }
  const pattern = new RegExp(`^${parameters.map((p) => `(${partPattern(p)})`).join('')}$`);
  return { name, parameters, pattern };
}

function partPattern(parameter: Parameter): string {
  return `[${parameter.letters}]${parameter.optional ? '?' : ''}`;
}

/** The letter of a value's type. */
function letterOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 's';
    case 'number':
      return 'n';
    case 'boolean':
      return 'b';
    case 'object':
      if (value === null) return 'l';
      if (Array.isArray(value)) return 'a';
      return value instanceof RegexMatcher ? 'f' : 'o';
    default:
      return 'm';
  }
}

/** The arguments the function is to be called with; throws T0410, T0411 or T0412 if they do not fit. */
export function fitArguments(signature: Signature, given: readonly unknown[], context: unknown): unknown[] {
  let letters = '';
  for (const value of given) letters += letterOf(value);
  const match = signature.pattern.exec(letters);
  if (match === null) return refuseArguments(signature, letters);
  const fitted: unknown[] = [];
  let at = 0;
  signature.parameters.forEach((parameter, i) => {
    const letter = match[i + 1] ?? '';
    if (letter === '' && parameter.fromContext) {
      fitted.push(fitContext(signature, parameter, { context, index: at + 1 }));
      return;
    }
    fitted.push(
      parameter.type === 'a' ? fitArray(signature, parameter, { value: given[at], index: at + 1 }) : given[at],
    );
    at += 1;
  });
  return fitted;
}

function fitContext(signature: Signature, parameter: Parameter, place: { context: unknown; index: number }): unknown {
  if (parameter.letters.includes(letterOf(place.context))) return place.context;
  return raise('T0411', { token: signature.name, index: place.index });
}

/** An array as it is, if its items fit; another value as an array of one. */
function fitArray(signature: Signature, parameter: Parameter, place: { value: unknown; index: number }): unknown {
  const { value, index } = place;
  const { items } = parameter;
  if (value === undefined) return undefined;
  const isArray = Array.isArray(value);
  if (items !== undefined) {
    const fits = isArray ? value.every((item) => letterOf(item) === items) : letterOf(value) === items;
    if (!fits) raise('T0412', { token: signature.name, index, type: ITEM_NAMES[items] });
  }
  return isArray ? value : [value];
}

/** Finds the first argument that does not fit. */
function refuseArguments(signature: Signature, letters: string): never {
  let partial = '^';
  let fitting = 0;
  for (const parameter of signature.parameters) {
    partial += partPattern(parameter);
    const match = new RegExp(partial).exec(letters);
    if (match === null) break;
    fitting = match[0].length;
  }
  return raise('T0410', { token: signature.name, index: fitting + 1 });
}
