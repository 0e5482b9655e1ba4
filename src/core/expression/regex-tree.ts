/** Regular expressions as a tree, as far as their cost depends on it. What is read was taken by `RegExp` before. */

/** Characters a part may begin with or consist of: a bit for each sample, and one for all others. */
export type CharacterSet = bigint;

interface Repeat {
  readonly min: number;
  readonly max: number;
}

export type RegexPart =
  | (Repeat & { readonly kind: 'characters'; readonly set: CharacterSet })
  | (Repeat & { readonly kind: 'group'; readonly alternatives: RegexSequences })
  /** Once inside, never gone back into. */
  | { readonly kind: 'lookahead' | 'lookbehind'; readonly alternatives: RegexSequences }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'backreference' };

export type RegexSequence = readonly RegexPart[];
export type RegexSequences = readonly RegexSequence[];

/** Groups within each other; deeper gives no tree. */
const DEPTH_MAX = 100;

const SAMPLES = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
/** Of the others: spaces, ends of lines, letters, one that folds to a letter of ASCII, half of a pair. */
const OTHER_SAMPLES = ['\u00a0', '\u3000', '\u2028', '\u00e9', '\u4e2d', '\u017f', '\u212a', '\ud83d'];
const OTHERS = 1n << BigInt(SAMPLES.length);
export const EVERY_CHARACTER: CharacterSet = 2n * OTHERS - 1n;
const NO_REPEAT = { min: 1, max: 1 };

/** An atom that may name single characters beyond the samples: taken for every character. */
const BEYOND_SAMPLES = /[^\0-\x7f]|\\[ux]|\\c/;
const ATOM =
  /\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|k<[^>]*>|[1-9]\d*|[^])|\[(?:\\[^]|[^\]\\])*\]|\(\?(?:[:=!]|<[=!]|<[^>]*>)|[^]/iy;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y;

/** The alternatives of a pattern; undefined where it is nested too deeply. */
export function parseRegex(regex: RegExp): RegexSequences | undefined {
  const reader = new RegexReader(regex.source, regex.flags.replace(/[gy]/g, ''));
  const alternatives = reader.alternatives(0);
  return reader.isTooDeep ? undefined : alternatives;
}

class RegexReader {
  isTooDeep = false;
  private at = 0;
  private readonly sets = new Map<string, CharacterSet>();

  constructor(
    private readonly pattern: string,
    private readonly flags: string,
  ) {}

  /** Up to the end of the group, or of the pattern. */
  alternatives(depth: number): RegexSequences {
    this.isTooDeep ||= depth > DEPTH_MAX;
    const alternatives: RegexPart[][] = [[]];
    while (this.at < this.pattern.length && !this.isTooDeep) {
      const atom = this.take(ATOM)?.[0] ?? '';
      if (atom === ')') break;
      if (atom === '|') alternatives.push([]);
      else alternatives[alternatives.length - 1]?.push(this.part(atom, depth));
    }
    return alternatives;
  }

  private part(atom: string, depth: number): RegexPart {
    if (atom === '^') return { kind: 'start' };
    if (atom === '$') return { kind: 'end' };
    if (/^\\[bB]$/.test(atom)) return { kind: 'boundary' };
    if (atom.startsWith('(')) return this.group(atom, depth);
    const { min, max } = this.repeat();
    if (/^\\(?:[1-9]|k<)/.test(atom)) return { kind: 'backreference' };
    return { kind: 'characters', set: this.setOf(atom), min, max };
  }

  private group(prefix: string, depth: number): RegexPart {
    const alternatives = this.alternatives(depth + 1);
    const { min, max } = this.repeat();
    if (prefix.startsWith('(?<=') || prefix.startsWith('(?<!')) return { kind: 'lookbehind', alternatives };
    if (prefix === '(?=' || prefix === '(?!') return { kind: 'lookahead', alternatives };
    return { kind: 'group', alternatives, min, max };
  }

  private repeat(): Repeat {
    const found = this.take(QUANTIFIER);
    if (found === null) return NO_REPEAT;
    const [, sign, least, comma, most] = found;
    if (sign !== undefined) return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    const min = Number(least);
    return { min, max: comma === undefined ? min : most === '' ? Infinity : Number(most) };
  }

  private take(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.at;
    const found = token.exec(this.pattern);
    if (found !== null) this.at = token.lastIndex;
    return found;
  }

  /** Asks the atom itself what it matches. */
  private setOf(atom: string): CharacterSet {
    const known = this.sets.get(atom);
    if (known !== undefined) return known;
    let set = 0n;
    if (BEYOND_SAMPLES.test(atom)) set = EVERY_CHARACTER;
    else {
      const asked = new RegExp(`^(?:${atom})$`, this.flags.replace('m', ''));
      for (const [bit, sample] of SAMPLES.entries()) if (asked.test(sample)) set |= 1n << BigInt(bit);
      if (OTHER_SAMPLES.some((sample) => asked.test(sample))) set |= OTHERS;
    }
    this.sets.set(atom, set);
    return set;
  }
}
