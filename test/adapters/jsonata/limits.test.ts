import { describe, expect, it } from 'vitest';
import { expressionLimits } from '../../../src/core/expression/expression-limits.js';
import { regexSubjectMax } from '../../../src/core/expression/regex-cost.js';
import { evaluate, failure } from '../../core/expression/harness.js';

describe('an evaluation in the library', () => {
  it.each([
    '($f := function($n) { $n + $f($n - 1) }; $f(5))',
    '($f := function($n) { [$f($n)] }; $f(1))',
    "($f := function($n) { { 'a': $f($n) } }; $f(1))",
    '($f := function($n) { $map([1], function($x) { $f($n) }) }; $f(1))',
    '($f := function($n) { $reduce([1, 2], function($x, $y) { $f($n) }) }; $f(1))',
  ])('that recurses without end fails with D1011 instead of overflowing the stack: %s', (source) => {
    expect(failure(source)).toBe('D1011');
  });

  it.each([
    '($f := function() { $f() }; $f())',
    '$map([1..1000], function($x) { $map([1..1000], function($y) { $x * $y }) })',
    "$map([1..100000], function($x) { $pad('a', 900000) })",
    '$map([1..1000], function($x) { [1..90000] })',
  ])('that would run or grow on and on fails after a bounded number of steps: %s', (source) => {
    expect(failure(source)).toBe('too-many-steps');
  });

  it('makes no text and no array beyond the limit', () => {
    expect(failure("$reduce([1..40], function($s, $x) { $s & $s }, 'aa')")).toBe('result-too-large');
    expect(failure('$reduce([1..40], function($s, $x) { $append($s, $s) }, [1, 2])')).toBe('D2015');
    expect(failure("$pad('a', 100000000)")).toBe('D2015');
    expect(failure('[1..1000000]')).toBe('D2015');
    expect(failure('[1..20000000]')).toBe('D2014');
  });

  it('may still recurse and sort as far as rules do', () => {
    expect(evaluate('($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(150))')).toBe(150);
    expect(evaluate('$sort($map([1..5000], function($x) { 5001 - $x }))[0]')).toBe(1);
    expect(evaluate('$sort([1..5000], function($a, $b) { $a < $b })[0]')).toBe(5000);
  });
});

describe('a regular expression', () => {
  const limit = expressionLimits.regexSubjectLengthMax;

  it.each(['$contains(text, /b/)', '$match(text, /b/)', '$split(text, /b/)', "$replace(text, /b/, '')"])(
    'refuses a text longer than the limit, in closures and in the library: %s',
    (source) => {
      expect(failure(source, { body: { text: 'a'.repeat(limit + 1) } })).toBe('regex-subject-too-long');
      expect(() => evaluate(source, { body: { text: 'a'.repeat(limit) } })).not.toThrow();
    },
  );

  it.each([
    '$contains(text, /a*a*b/)',
    '$match(text, /a*a*b/)',
    '$split(text, /a*a*b/)',
    "$replace(text, /a*a*b/, '')",
  ])('whose repeats share a text refuses it sooner: %s', (source) => {
    const most = regexSubjectMax(/a*a*b/);
    expect(failure(source, { body: { text: 'a'.repeat(most + 1) } })).toBe('regex-subject-too-long');
    expect(() => evaluate(source, { body: { text: 'a'.repeat(most) } })).not.toThrow();
  });
});

describe('data nested without end', () => {
  it('fails with D1011', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(failure('$boolean(a)', { body: { a: deep } })).toBe('D1011');
    expect(failure('$map([1], function($x) { $boolean($$.a) })', { body: { a: deep } })).toBe('D1011');
  });
});
