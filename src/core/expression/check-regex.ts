/**
 * Refuses regular expressions that can take exponential time: a repeated group whose inside can match the same text in
 * more than one way. Evaluation cannot be interrupted, so what a rule may not do is decided before it runs. The check is
 * by structure and errs on the safe side; what remains is bounded by `regex-cost.ts`.
 */

/** How a group or atom may repeat. */
interface Quantifier {
  readonly min: number;
  readonly max: number;
  /** Index behind it. */
  readonly end: number;
}

/** What is known of the text between a group's parentheses. */
interface Group {
  /** Something inside repeats a varying number of times. */
  varies: boolean;
  /** Something inside repeats without an end. */
  endless: boolean;
  /** First characters of its alternatives, if each begins with a plain character. */
  alternatives: (string | undefined)[];
  atStart: boolean;
}

/** A group repeated at most this often over a bounded inside stays cheap. */
const BOUNDED_REPEATS_MAX = 16;

const ONCE: Quantifier = { min: 1, max: 1, end: 0 };

function openGroup(): Group {
  return { varies: false, endless: false, alternatives: [undefined], atStart: true };
}

/** Says why a pattern is unsafe; undefined if it may be used. */
export function unsafeRegexReason(pattern: string): string | undefined {
  const stack: Group[] = [openGroup()];
  for (let at = 0; at < pattern.length;) {
    const group = stack[stack.length - 1];
    if (group === undefined) return undefined;
    const char = pattern.charAt(at);
    if (char === '(') {
      stack.push(openGroup());
      at = skipGroupPrefix(pattern, at + 1);
    } else if (char === ')' && stack.length > 1) {
      stack.pop();
      const quantifier = quantifierAt(pattern, at + 1);
      const reason = repeatedGroupReason(group, quantifier);
      if (reason !== undefined) return reason;
      closeInto(stack[stack.length - 1], group, quantifier);
      at = quantifier.end;
    } else if (char === '|') {
      group.alternatives.push(undefined);
      group.atStart = true;
      at += 1;
    } else {
      const step = atomAt(pattern, at);
      if (step.backreference && quantifierAt(pattern, step.end).max > 1) return 'a repeated back-reference';
      at = takeAtom(group, step, quantifierAt(pattern, step.end));
    }
  }
  return undefined;
}

function repeatedGroupReason(group: Group, outer: Quantifier): string | undefined {
  if (outer.max <= 1) return undefined;
  if (group.endless) return 'a repeated group with + or * inside';
  if (outer.max <= BOUNDED_REPEATS_MAX) return undefined;
  if (group.varies) return 'a repeated group with a varying repeat inside';
  if (group.alternatives.length > 1 && !distinct(group.alternatives)) {
    return 'a repeated choice whose alternatives may begin alike';
  }
  return undefined;
}

function distinct(alternatives: readonly (string | undefined)[]): boolean {
  return !alternatives.includes(undefined) && new Set(alternatives).size === alternatives.length;
}

function note(group: Group, quantifier: Quantifier): void {
  if (quantifier.min !== quantifier.max) group.varies = true;
  if (quantifier.max === Infinity) group.endless = true;
}

function closeInto(parent: Group | undefined, inner: Group, quantifier: Quantifier): void {
  if (parent === undefined) return;
  parent.varies ||= inner.varies;
  parent.endless ||= inner.endless;
  if (inner.alternatives.length > 1 && !distinct(inner.alternatives)) parent.varies = true;
  note(parent, quantifier);
  parent.atStart = false;
}

interface Atom {
  readonly end: number;
  /** The plain, lower-cased character it stands for. */
  readonly plain: string | undefined;
  readonly backreference: boolean;
}

function takeAtom(group: Group, atom: Atom, quantifier: Quantifier): number {
  note(group, quantifier);
  if (group.atStart && quantifier.min > 0) group.alternatives[group.alternatives.length - 1] = atom.plain;
  group.atStart = false;
  return quantifier.end;
}

const PLAIN_ESCAPE = /[^dDwWsSbBpPkcux0-9]/;

function atomAt(pattern: string, at: number): Atom {
  const char = pattern.charAt(at);
  if (char === '\\') {
    const escaped = pattern.charAt(at + 1);
    const backreference = /[1-9k]/.test(escaped);
    return { end: at + 2, plain: PLAIN_ESCAPE.test(escaped) ? escaped.toLowerCase() : undefined, backreference };
  }
  if (char === '[') return { end: classEnd(pattern, at), plain: undefined, backreference: false };
  const plain = char === '.' || char === '^' || char === '$' ? undefined : char.toLowerCase();
  return { end: at + 1, plain, backreference: false };
}

function classEnd(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern.charAt(at) === '\\') at += 1;
    else if (pattern.charAt(at) === ']') return at + 1;
  }
  return pattern.length;
}

/** Behind `?:`, `?=`, `?!`, `?<=`, `?<!` and `?<name>`. */
function skipGroupPrefix(pattern: string, at: number): number {
  const prefix = /^\?(?:[:=!]|<[=!]|<[^>]*>)/.exec(pattern.slice(at, at + 64));
  return at + (prefix?.[0].length ?? 0);
}

function quantifierAt(pattern: string, at: number): Quantifier {
  const found = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(pattern.slice(at, at + 32));
  if (found === null) return { ...ONCE, end: at };
  const end = at + found[0].length;
  const sign = pattern.charAt(at);
  if (sign === '*') return { min: 0, max: Infinity, end };
  if (sign === '+') return { min: 1, max: Infinity, end };
  if (sign === '?') return { min: 0, max: 1, end };
  const min = Number(found[1]);
  const max = found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3]);
  return { min, max, end };
}
