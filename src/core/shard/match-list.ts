/** The matches of one call, in order; those of one event that came together are made one by one as they are looked at. */
import type { RuleMatch } from '../model/match.js';
import type { MatchRows } from '../nfa/match-rows.js';
import type { MatchAbout } from './match-of-rule.js';
import { MatchOfRule } from './match-of-rule.js';

/** Matches that can be counted, and gone through once or more often. */
export interface RuleMatches extends Iterable<RuleMatch> {
  readonly length: number;
}

/** Matches of one rule and key by one event. */
export class RowsOfRule implements RuleMatches {
  constructor(
    private readonly rows: MatchRows,
    private readonly about: MatchAbout,
  ) {}

  get length(): number {
    return this.rows.count;
  }

  *[Symbol.iterator](): Iterator<RuleMatch> {
    for (const finished of this.rows.finished()) yield new MatchOfRule(finished, this.about, 'match', false, 0);
  }
}

export class MatchList implements RuleMatches {
  length = 0;
  private readonly parts: (RuleMatch | RowsOfRule)[] = [];

  add(match: RuleMatch): void {
    this.parts.push(match);
    this.length++;
  }

  addRows(rows: RowsOfRule): void {
    this.parts.push(rows);
    this.length += rows.length;
  }

  *[Symbol.iterator](): Iterator<RuleMatch> {
    for (const part of this.parts) {
      if (part instanceof RowsOfRule) yield* part;
      else yield part;
    }
  }
}
