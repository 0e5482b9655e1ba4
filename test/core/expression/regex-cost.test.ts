import { describe, expect, it } from 'vitest';
import { expressionLimits } from '../../../src/core/expression/expression-limits.js';
import { regexSubjectMax } from '../../../src/core/expression/regex-cost.js';
import { problemOf, problemsOf } from './harness.js';

const { regexSubjectLengthMax, regexSubjectLengthMin } = expressionLimits;

const bounded = [
  /a*a*b/,
  /a*a*a*b/,
  /^\S+@\S+\.\S+$/,
  /^.*foo.*bar.*$/,
  /.*error.*timeout.*/,
  /a{0,1000}a{0,1000}b/,
  /(x|xy|xyz)\S*\S*-/m,
  /(?<=\w*\w*)b/,
];

describe('the cost of a regular expression', () => {
  it.each([
    /abc/,
    /a*b/,
    /^a*a*b/,
    /.*error.*/,
    /error.*timeout/i,
    /^[\w.+-]+@[\w-]+\.[\w.-]+$/,
    /^(?=.*[A-Z])(?=.*\d).{8,}$/,
    /(foo|bar)+/,
    /(\d{1,3}\.){3}\d{1,3}/,
    /^https?:\/\/([^/]+)\/(.*)$/,
    /^\d+,\d+,\d+,\d+,\d+,\d+,\d+$/,
    /^[a-zé]*-[^-]*-\d*$/,
    /^(\w+\s)?(\w+\s)?(\w+\s)?$/,
    /\s+$/m,
    /x{/,
  ])('lets one whose repeats end where the next begins see any text: %s', (regex) => {
    expect(regexSubjectMax(regex)).toBe(regexSubjectLengthMax);
  });

  it.each(bounded)('lets one with few repeats that share see so long a text that it still ends soon: %s', (regex) => {
    const most = regexSubjectMax(regex);
    expect(most).toBeGreaterThanOrEqual(regexSubjectLengthMin);
    expect(most).toBeLessThan(regexSubjectLengthMax);
    expect(problemsOf(`$contains(a, ${String(regex)})`)).toEqual([]);
  });

  it.each([
    /a*a*a*a*b/,
    /.*.*.*.*.*=.*/,
    /\w*\d*[0-5]*.*5$/,
    new RegExp(`${'a?'.repeat(40)}b`),
    new RegExp(`${'(a|a)'.repeat(40)}b`),
    /(?=a*a*a*a*b)c/,
    new RegExp(`${'('.repeat(200)}a${')'.repeat(200)}`),
  ])('refuses one that could take very long on a short text: %s', (regex) => {
    expect(regexSubjectMax(regex)).toBe(0);
    const problem = problemOf(`$contains(a, ${String(regex)})`);
    expect(problem).toMatchObject({ code: 'unsafe-regex', position: 13 });
    expect(problem.message).toContain('[^,]*,');
  });

  it('counts places to begin at, and none for one that begins at the start alone', () => {
    expect(regexSubjectMax(/^a*a*b/)).toBeGreaterThan(regexSubjectMax(/a*a*b/));
    expect(regexSubjectMax(/^a*a*b/m)).toBe(regexSubjectMax(/a*a*b/));
    expect(regexSubjectMax(/^a*a*b|c/)).toBeLessThan(regexSubjectMax(/^a*a*b|^c/));
  });
});
