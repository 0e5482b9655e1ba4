import { describe, expect, it } from 'vitest';
import { compile, problemOf, problemsOf } from './harness.js';

describe('an expression that does not parse', () => {
  it.each([
    ['a == b', 3, 'write a = b'],
    ['a === b', 3, 'write a = b'],
    ['a && b', 3, '`and`'],
    ['a || b', 2, '`or`'],
    ['!a', 0, '$not(x)'],
    ['not a', 4, '$not(x)'],
    ['a <> b', 3, 'a != b'],
    ['amount > 5 AND x', 11, 'lower case'],
    ['a like "x"', 2, '$contains'],
    ['items.0', 7, 'a[0]'],
    ['(a', 0, 'close what was opened'],
    ['a and', 5, 'missing at the end'],
    ["'abc", 0, 'close the quote'],
    ['', 0, 'missing at the end'],
    ['a; b', 1, 'parentheses'],
  ])('is refused with its position and a way to mend it: %s', (source, position, hint) => {
    const problem = problemOf(source);
    expect(problem.code).toBe('expression-syntax');
    expect(problem.position).toBe(position);
    expect(problem.message).toContain(hint);
  });

  it('is refused, not thrown, where the regular expression itself is wrong', () => {
    expect(problemOf('$contains(a, /[b-a]/)').code).toBe('expression-syntax');
  });

  it.each([
    ['a = 1 and (b', 10, '( is opened here, at character 11'],
    ['$sum(items[price > (1 + 2)', 10, '[ is opened here, at character 11'],
    ["(a = 1\n  and (b = 2\n  or c = ')')", 0, '( is opened here, at line 1, character 1,'],
    ["a = ')' and (\nb = 2", 12, '( is opened here, at line 1, character 13,'],
    ['a = `x)', 4, '` is opened here'],
    ['a = ("x', 5, '" is opened here'],
    ['$contains(a, /b)', 13, '/ is opened here'],
    ['a / 2 /* half', 6, '/* is opened here'],
    ['$contains(a, /[(]/) and {"x": 1', 24, '{ is opened here'],
  ])('that is left open is told where: %s', (source, position, hint) => {
    const problem = problemOf(source);
    expect(problem).toMatchObject({ code: 'expression-syntax', position });
    expect(problem.message).toContain(hint);
  });

  it.each([
    ['items[price > 5)', 15, 'close [, opened at character 6, first'],
    ['(a; [1, 2)', 9, 'close [, opened at character 5, first'],
    ['amount > 5)', 10, 'nothing is open'],
    ['(a and )', 7, 'something is missing before it'],
    ['(a b)', 3, '(, opened at character 1, is not closed'],
  ])('that closes what is not open is told what is: %s', (source, position, hint) => {
    const problem = problemOf(source);
    expect(problem).toMatchObject({ code: 'expression-syntax', position });
    expect(problem.message).toContain(hint);
  });

  it('takes no hint from quoted text', () => {
    expect(problemOf("'a && b' = ").message).not.toContain('`and`');
  });
});

describe('a name', () => {
  it('that nobody declared is refused with what is known', () => {
    const problem = problemOf('amount > 5 and $prob.amount > 3');
    expect(problem).toMatchObject({ code: 'unknown-name', position: 15 });
    expect(problem.message).toContain('Did you mean $probe?');
    expect(problem.message).toContain('stages: $probe, $hit');
    expect(problem.message).toContain('$eventTime');
    expect(problem.message).toContain('$uppercase');
  });

  it('of a field with a dollar before it is shown the field, beside what else may be meant', () => {
    expect(problemOf('$amount > 5').message).toContain('Did you mean `amount`? A field has no dollar.');
    expect(problemOf('$amount > 5').message).not.toContain('$count?');
    expect(problemOf('$hits > 5').message).toContain('Did you mean $hit? A field has no dollar: `hits`.');
    expect(problemOf('$map(names, $uppercas)').message).toContain('Did you mean $uppercase?');
  });

  it('that is called is looked for among the functions', () => {
    const { message } = problemOf('$uppercas(name) = "A"');
    expect(message).toContain('Did you mean $uppercase?');
    expect(message).toContain('$substring');
    expect(message).not.toContain('$random,');
    expect(problemOf('name ~> $tim').message).toContain('Did you mean $trim?');
  });

  it('that looks like a parameter is shown the way to one', () => {
    expect(problemOf('amount > $smallest_amount').message).toContain('$params.smallest_amount');
  });

  it('of a variable is refused where that is not bound', () => {
    const names = { stages: new Map<string, number>(), params: false, key: false };
    expect(problemOf('$params.x', names).code).toBe('unknown-name');
    expect(problemOf('$key', names).message).toContain('not available in this expression');
    expect(problemsOf('$eventType & $eventTime & $subject & $headers.a', names)).toEqual([]);
  });

  it('bound in the expression needs no declaration', () => {
    expect(problemsOf('($x := 1; $y := $x + 1; $x + $y)')).toEqual([]);
    expect(problemsOf('$map(items, function($item, $i) { $item.price * $i })')).toEqual([]);
    expect(problemsOf('items@$i.(parts#$n.[$i, $n])')).toEqual([]);
    expect(problemsOf('($f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(3))')).toEqual([]);
  });

  it('bound in an inner block is unknown outside of it', () => {
    expect(problemOf('(($x := 1); $x)')).toMatchObject({ code: 'unknown-name', position: 12 });
    expect(problemOf('[$map(a, function($x) { $x }), $x]').code).toBe('unknown-name');
  });

  it('is reported each time it is wrong, in the order of the source', () => {
    const problems = problemsOf('$one + $two(3) + $random()');
    expect(problems.map((each) => [each.code, each.position])).toEqual([
      ['unknown-name', 0],
      ['unknown-name', 7],
      ['refused-function', 17],
    ]);
  });
});

describe('a function', () => {
  it.each(['$random()', '$shuffle(items)', "$eval('1')", '$map(items, $eval)', 'items ~> $shuffle'])(
    'that no replay could repeat, or that makes text code, is refused: %s',
    (source) => {
      expect(problemOf(source).code).toBe('refused-function');
    },
  );

  it('$table is refused as not supported', () => {
    expect(problemOf("$table('blocklist', card)")).toMatchObject({ code: 'not-supported', position: 0 });
  });

  it('without its dollar is refused, with the dollar shown', () => {
    const problem = problemOf('a > 1 and count(items) > 2');
    expect(problem).toMatchObject({ code: 'not-a-function', position: 10 });
    expect(problem.message).toContain('$count(…)');
    expect(problemOf('myFunction(1)').code).toBe('not-a-function');
  });
});

describe('a source beyond a limit', () => {
  it('is refused for its length before it is parsed', () => {
    expect(problemOf(' '.repeat(10_001)).code).toBe('expression-too-long');
    expect(problemsOf(`a${' '.repeat(9_999)}`)).toEqual([]);
  });

  it('is refused for its depth, however deep, and never overflows the stack', () => {
    expect(problemOf(Array.from({ length: 900 }, () => 'a=1').join(' or ')).code).toBe('expression-too-deep');
    expect(problemsOf('('.repeat(4_900) + 'a' + ')'.repeat(4_900)).length).toBe(1);
    expect(problemsOf('-'.repeat(9_000) + 'a').length).toBe(1);
    expect(problemsOf('['.repeat(4_900) + ']'.repeat(4_900)).length).toBe(1);
  });

  it('just within runs, in closures and in the library', () => {
    const chain = Array.from({ length: 480 }, (_, i) => `a=${i}`).join(' or ');
    expect(compile(chain).compiled).toBe(true);
    expect(compile(`$map([1], function($x) { ${chain} })`).compiled).toBe(false);
  });
});

describe('a regular expression', () => {
  it('that could take exponential time is refused where it stands', () => {
    expect(problemOf('$contains(name, /^(a+)+$/)')).toMatchObject({ code: 'unsafe-regex', position: 16 });
    expect(problemOf('$replace(name, /(a|a)*b/i, "")').code).toBe('unsafe-regex');
    expect(problemOf('$map(items, function($x) { $match($x, /(\\w*)*x/) })').code).toBe('unsafe-regex');
  });
});
