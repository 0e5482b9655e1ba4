import { natsLimits } from './limits.js';

/**
 * Subjects and their wildcards: `*` is exactly one token, a final `>` is one token or more. Pure functions.
 */

/** Does the concrete `subject` match the `pattern`? */
export function matchesSubject(pattern: string, subject: string): boolean {
  return coversSubjects(pattern, subject);
}

/** Does every subject that `inner` (a subject or a pattern) stands for match `outer`? */
export function coversSubjects(outer: string, inner: string): boolean {
  const outerTokens = outer.split('.');
  const innerTokens = inner.split('.');
  for (let i = 0; i < outerTokens.length; i++) {
    const token = outerTokens[i];
    const against = innerTokens[i];
    if (against === undefined) return false;
    if (token === '>') return true;
    if (against === '>') return false;
    if (token !== '*' && token !== against) return false;
  }
  return outerTokens.length === innerTokens.length;
}

/** Is there a subject that matches both patterns? */
export function subjectsOverlap(left: string, right: string): boolean {
  const leftTokens = left.split('.');
  const rightTokens = right.split('.');
  const shared = Math.min(leftTokens.length, rightTokens.length);
  for (let i = 0; i < shared; i++) {
    const a = leftTokens[i];
    const b = rightTokens[i];
    if (a === '>' || b === '>') return true;
    if (a !== '*' && b !== '*' && a !== b) return false;
  }
  return leftTokens.length === rightTokens.length;
}

/** The patterns without those another one already covers: what to subscribe to. */
export function minimalPatterns(patterns: readonly string[]): readonly string[] {
  const distinct = [...new Set(patterns)];
  return distinct.filter((pattern) => !distinct.some((other) => other !== pattern && coversSubjects(other, pattern)));
}

/** A predicate for "matches any of the patterns" that remembers its verdicts. */
export function createSubjectFilter(patterns: readonly string[]): (subject: string) => boolean {
  if (patterns.includes('>')) return () => true;
  const verdicts = new Map<string, boolean>();
  return (subject) => {
    const known = verdicts.get(subject);
    if (known !== undefined) return known;
    const verdict = patterns.some((pattern) => matchesSubject(pattern, subject));
    if (verdicts.size >= natsLimits.subjectVerdictsMax) verdicts.clear();
    verdicts.set(subject, verdict);
    return verdict;
  };
}
