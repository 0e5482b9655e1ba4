/** An index looks up what a condition demands and does not ask the condition again, so what it is told must be all that is written. */
import { describe, expect, it } from 'vitest';
import { compile, scope } from './harness.js';

describe('what an index may look up of a condition', () => {
  it('is a plain field against a plain constant', () => {
    const found = (source: string): number[] => {
      const { equalities, ranges, conjuncts } = compile(source);
      return [equalities.length, ranges.length, conjuncts];
    };
    expect(found("a = 'x'")).toEqual([1, 0, 1]);
    expect(found('-1 < a.b')).toEqual([0, 1, 1]);
    expect(found('$params.small = a and a.b >= $params.small and $exists(c)')).toEqual([1, 1, 3]);
  });

  it('is nothing where the constant is picked from, grouped, bound or kept as a list', () => {
    for (const constant of ["'x'[1]", "'x'[false]", "'x'[][0]", "'x'{'k': 1}", '$params.small[]', '$params[].small']) {
      expect(compile(`a = ${constant}`).equalities, constant).toEqual([]);
    }
    for (const constant of ['1[1]', '1{}', '$params.small[]', "$params.small{'k': 2}", "$params{'small': 3}.small"]) {
      expect(compile(`a > ${constant}`).ranges, constant).toEqual([]);
    }
  });

  it('is nothing where the field is', () => {
    for (const field of ["a{'k': 1}", 'a[]', 'a[0]', 'a@$v', 'a#$i', 'a^(b)', '(a)', 'a.$']) {
      expect(compile(`${field} = 'x'`).equalities, field).toEqual([]);
    }
  });

  it('never holds where the condition does not', () => {
    for (const source of ["a = 'x'[1]", "a{'k': 1} = 'x'", 'a = $params.text[]']) {
      const expression = compile(source);
      expect(expression.test(scope({ body: { a: 'x' }, params: { text: 'x' } }))).toBe(false);
      expect(expression.equalities).toEqual([]);
    }
  });
});
