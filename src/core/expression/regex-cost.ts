/**
 * How long a regular expression may take, by its structure, and so the longest text it may be matched against. Backtracking tries
 * every way in which what repeats can share a text: an upper bound of the steps is
 *
 *   starts × Σ over the parts (ways in which the parts before it can match × what it takes to try the part once).
 *
 * A repeat can end in one way only where what follows it can begin with nothing that it repeats, and where what follows cannot fail.
 */
import { expressionLimits } from './expression-limits.js';
import type { CharacterSet, RegexPart, RegexSequence, RegexSequences } from './regex-tree.js';
import { EVERY_CHARACTER, parseRegex } from './regex-tree.js';

/** What comes behind a part: characters it may begin with, and whether it may fail to match. */
interface Follow {
  readonly set: CharacterSet;
  readonly fails: boolean;
}

/** Of a part: in how many ways it can match at one place, and the steps to try all of them. */
interface Cost {
  readonly ways: number;
  readonly work: number;
}

/** A character that does not repeat leaves nothing to come back to, and is compared beside its neighbours. */
const SINGLE_WORK = 0.1;

const NOTHING: Follow = { set: 0n, fails: false };
const ANYTHING: Follow = { set: EVERY_CHARACTER, fails: true };

const known = new WeakMap<RegExp, number>();

/** Characters the regular expression may be matched against; 0: it may not be used. */
export function regexSubjectMax(regex: RegExp): number {
  let most = known.get(regex);
  if (most === undefined) {
    most = longestSubject(regex);
    known.set(regex, most);
  }
  return most;
}

function longestSubject(regex: RegExp): number {
  const alternatives = parseRegex(regex);
  if (alternatives === undefined) return 0;
  const { regexStepsMax, regexSubjectLengthMax, regexSubjectLengthMin } = expressionLimits;
  const fits = (length: number): boolean => new Estimate(length, regex.multiline).steps(alternatives) <= regexStepsMax;
  if (fits(regexSubjectLengthMax)) return regexSubjectLengthMax;
  if (!fits(regexSubjectLengthMin)) return 0;
  let [low, high]: [number, number] = [regexSubjectLengthMin, regexSubjectLengthMax];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The cost on a text of some length. */
class Estimate {
  constructor(
    private readonly length: number,
    private readonly multiline: boolean,
  ) {}

  steps(alternatives: RegexSequences): number {
    const anchored = !this.multiline && alternatives.every(([first]) => first?.kind === 'start');
    return (anchored ? 1 : this.length) * (1 + this.choice(alternatives, NOTHING).work);
  }

  private choice(alternatives: RegexSequences, follow: Follow): Cost {
    const costs = alternatives.map((one) => this.sequence(one, follow));
    const ways = costs.map((cost) => cost.ways);
    const work = costs.reduce((sum, cost) => sum + cost.work, 0);
    const apart = !follow.fails || areDisjoint(alternatives.map((one) => this.before(one, follow).set));
    return { ways: apart ? Math.max(...ways) : ways.reduce((sum, one) => sum + one, 0), work };
  }

  private sequence(parts: RegexSequence, end: Follow): Cost {
    const follows: Follow[] = [];
    let follow = end;
    for (let at = parts.length - 1; at >= 0; at--) {
      follows[at] = follow;
      follow = this.beforePart(parts[at] as RegexPart, follow);
    }
    let [ways, work] = [1, 0];
    parts.forEach((part, at) => {
      const follow = follows[at] as Follow;
      const cost = this.part(part, follow);
      // What cannot fail any more is tried once, and then the whole has matched.
      work += this.beforePart(part, follow).fails ? ways * cost.work : cost.work;
      ways *= cost.ways;
    });
    return { ways, work };
  }

  private part(part: RegexPart, follow: Follow): Cost {
    if (part.kind === 'characters') return this.characters(part, follow);
    if (part.kind === 'group') return this.group(part, follow);
    if (part.kind === 'backreference') return { ways: 1, work: this.length };
    if (part.kind === 'lookahead') return { ways: 1, work: this.choice(part.alternatives, NOTHING).work };
    if (part.kind === 'lookbehind') return { ways: 1, work: this.choice(part.alternatives, ANYTHING).work };
    return { ways: 1, work: 1 };
  }

  private characters(part: Extract<RegexPart, { kind: 'characters' }>, follow: Follow): Cost {
    const most = Math.min(part.max, this.length);
    const overlaps = follow.fails && (part.set & follow.set) !== 0n;
    const work = most > 1 ? most : SINGLE_WORK;
    return { ways: overlaps ? Math.max(1, most - part.min + 1) : 1, work };
  }

  private group({ alternatives, min, max }: Extract<RegexPart, { kind: 'group' }>, follow: Follow): Cost {
    const most = Math.min(max, this.length);
    const first = this.firstOf(alternatives, follow);
    const again = most > 1 ? { set: first | follow.set, fails: follow.fails || min > 1 } : follow;
    const once = this.choice(alternatives, again);
    const overlaps = follow.fails && (first & follow.set) !== 0n;
    const ends = overlaps ? Math.max(1, most - min + 1) : 1;
    const inside = once.ways ** most;
    return { ways: inside * ends, work: Math.max(1, most) * Math.max(once.work, once.work * (inside / once.ways)) };
  }

  private firstOf(alternatives: RegexSequences, follow: Follow): CharacterSet {
    return alternatives.reduce((set, one) => set | this.before(one, follow).set, 0n);
  }

  /** What a part in front of the sequence has behind it. */
  private before(parts: RegexSequence, end: Follow): Follow {
    return parts.reduceRight((follow, part) => this.beforePart(part, follow), end);
  }

  private beforePart(part: RegexPart, follow: Follow): Follow {
    if (part.kind === 'end') return { set: this.multiline ? LINE_ENDS : 0n, fails: true };
    if (part.kind !== 'characters' && part.kind !== 'group') return ANYTHING;
    const inside = part.kind === 'characters' ? part.set : this.firstOf(part.alternatives, follow);
    return part.min === 0 ? { set: inside | follow.set, fails: follow.fails } : { set: inside, fails: true };
  }
}

/** The line feed, the carriage return and what else is no ASCII. */
const LINE_ENDS: CharacterSet = (1n << 10n) | (1n << 13n) | (1n << 128n);

function areDisjoint(sets: readonly CharacterSet[]): boolean {
  let all = 0n;
  for (const set of sets) {
    if ((all & set) !== 0n) return false;
    all |= set;
  }
  return true;
}
