import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coversSubjects,
  createSubjectFilter,
  matchesSubject,
  minimalPatterns,
  subjectsOverlap,
} from '../../../src/adapters/nats/subjects.js';
import { natsLimits } from '../../../src/adapters/nats/limits.js';

/** The same meaning by another way: a pattern as a regular expression. */
function referenceMatches(pattern: string, subject: string): boolean {
  const source = pattern
    .split('.')
    .map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token))
    .join('\\.');
  return new RegExp(`^${source}$`).test(subject);
}

const token = fc.constantFrom('a', 'b', 'c');
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 3 }), fc.constantFrom('a', 'b', '*', '>'))
  .map(([tokens, last]) => [...tokens, last].join('.'));
const everySubject = (length: number): string[] =>
  length === 0
    ? ['']
    : everySubject(length - 1).flatMap((rest) =>
        ['a', 'b', 'c'].map((first) => (rest === '' ? first : `${first}.${rest}`)),
      );
const universe = [1, 2, 3, 4, 5].flatMap(everySubject);

describe('subjects', () => {
  it('match as NATS says', () => {
    expect(matchesSubject('a.*', 'a.b')).toBe(true);
    expect(matchesSubject('a.*', 'a.b.c')).toBe(false);
    expect(matchesSubject('a.*', 'a')).toBe(false);
    expect(matchesSubject('a.>', 'a.b.c')).toBe(true);
    expect(matchesSubject('a.>', 'a')).toBe(false);
    expect(matchesSubject('>', 'a')).toBe(true);
    expect(matchesSubject('a.b', 'a.b')).toBe(true);
    expect(matchesSubject('a.b', 'a.B')).toBe(false);
  });

  it('match as the regular expression of their pattern does', () => {
    fc.assert(fc.property(pattern, subject, (p, s) => matchesSubject(p, s) === referenceMatches(p, s)));
  });

  it('cover when every subject of the inner pattern is one of the outer', () => {
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        const inside = universe.filter((s) => referenceMatches(inner, s));
        expect(coversSubjects(outer, inner)).toBe(inside.every((s) => referenceMatches(outer, s)));
      }),
    );
  });

  it('overlap when a subject matches both patterns', () => {
    fc.assert(
      fc.property(pattern, pattern, (left, right) => {
        const shared = universe.some((s) => referenceMatches(left, s) && referenceMatches(right, s));
        expect(subjectsOverlap(left, right)).toBe(shared);
      }),
    );
  });

  it('need only those patterns that no other covers', () => {
    expect(minimalPatterns(['a.b', 'a.>', 'a.b', 'c', 'a.*.c'])).toEqual(['a.>', 'c']);
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 5 }), subject, (patterns, s) => {
        const matches = (all: readonly string[]): boolean => all.some((p) => matchesSubject(p, s));
        expect(matches(minimalPatterns(patterns))).toBe(matches(patterns));
      }),
    );
  });

  it('are judged the same again, beyond what is remembered', () => {
    const accepts = createSubjectFilter(['a.*', 'b.>']);
    for (let i = 0; i < natsLimits.subjectVerdictsMax + 10; i++) expect(accepts(`a.${i}`)).toBe(true);
    expect(accepts('a.1')).toBe(true);
    expect(accepts('b')).toBe(false);
    expect(accepts('b')).toBe(false);
    expect(createSubjectFilter(['>'])('anything.at.all')).toBe(true);
  });
});
