import { describe, expect, it } from 'vitest';
import { compile, evaluate, failure, scope } from './harness.js';

process.env['TZ'] = 'America/New_York';

const probes = [[{ amount: 2, tags: ['x'] }, { amount: 3 }], [{ amount: 700 }]];

describe('an expression on an event', () => {
  it('reads the event, its variables, the parameters and the stages', () => {
    const given = { body: { amount: 5 }, stages: probes, params: { small: 9 }, time: 1_000 };
    expect(evaluate('amount + $params.small', given)).toBe(14);
    expect(evaluate('$key & " " & $eventType & " " & $subject & " " & $headers.trace', given)).toBe(
      'card-1 auth payments.eu t1',
    );
    expect(evaluate('$eventTime', given)).toBe(1_000);
    expect(evaluate('$probe.amount', given)).toEqual([2, 3]);
    expect(evaluate('$hit.amount', given)).toBe(700);
    expect(evaluate('$hit.amount[]', given)).toEqual([700]);
    expect(evaluate('$probe[-1].amount', given)).toBe(3);
    expect(evaluate('$probe[$$.amount > amount].amount', given)).toEqual([2, 3]);
    expect(evaluate('$count($probe)', given)).toBe(2);
    expect(evaluate('$sum($probe.amount)', given)).toBe(5);
  });

  it('sees a stage without events as an empty list', () => {
    expect(evaluate('$probe')).toEqual([]);
    expect(evaluate('$probe.amount')).toBeUndefined();
    expect(evaluate('$count($probe)')).toBe(0);
    expect(evaluate('$exists($probe[0])')).toBe(false);
  });

  it('takes the event time for the time', () => {
    const given = { time: Date.UTC(2026, 4, 4, 10, 30, 15, 250) };
    expect(evaluate('$now()', given)).toBe('2026-05-04T10:30:15.250Z');
    expect(evaluate("$now('[Y]-[M01]-[D01] [H01]:[m01]', '+0200')", given)).toBe('2026-05-04 12:30');
    expect(evaluate('$millis()', given)).toBe(given.time);
    expect(evaluate('$map([1], function($x) { $millis() })', given)).toBe(given.time);
    expect(evaluate("$toMillis('10:00', '[H01]:[m01]')", given)).toBe(Date.UTC(2026, 4, 4, 10));
  });

  it('reads ISO text without a zone as UTC, whatever the machine is set to', () => {
    expect(evaluate("$toMillis('2026-05-04T10:30:00')")).toBe(Date.UTC(2026, 4, 4, 10, 30));
    expect(evaluate("$toMillis('2026-05-04T10:30:00+02:00')")).toBe(Date.UTC(2026, 4, 4, 8, 30));
  });

  it('holds if and only if its value casts to true', () => {
    const body = { zero: 0, text: 'a', empty: '', list: [0, 0], object: {}, nothing: null };
    const holds = (source: string): boolean => compile(source).test(scope({ body }));
    for (const source of ['text', '1', '[0, 1]', '{"a": 1}', 'zero = 0']) expect(holds(source)).toBe(true);
    for (const source of ['zero', 'empty', 'list', 'object', 'nothing', 'missing', '$sum', 'missing > 1']) {
      expect(holds(source)).toBe(false);
    }
  });

  it('compares a missing value neither as equal nor as unequal', () => {
    expect(evaluate('missing = 1')).toBe(false);
    expect(evaluate('missing != 1')).toBe(false);
    expect(evaluate('missing < 1')).toBeUndefined();
    expect(evaluate('$not(missing = 1)')).toBe(true);
  });

  it("fails with jsonata's codes on values of the wrong type", () => {
    const body = { text: 'a', number: 1, list: [1, 2], flag: true, object: {} };
    expect(failure('text > 3', { body })).toBe('T2009');
    expect(failure('flag > 3', { body })).toBe('T2010');
    expect(failure('list > 3', { body })).toBe('T2010');
    expect(failure('text + 1', { body })).toBe('T2001');
    expect(failure('1 + text', { body })).toBe('T2002');
    expect(failure('$uppercase(number)', { body })).toBe('T0410');
    expect(failure('object.$uppercase()', { body })).toBe('T0411');
    expect(failure('$sum(text)', { body })).toBe('T0412');
    expect(failure("$number('x')", { body })).toBe('D3030');
    expect(failure("$error('no')", { body })).toBe('D3137');
  });

  it('decides `and` and `or` from the left, and fails only where it has to look', () => {
    expect(evaluate("false and 1 > 'a'")).toBe(false);
    expect(evaluate("true or 1 > 'a'")).toBe(true);
    expect(failure("true and 1 > 'a'")).toBe('T2009');
  });

  it('gives plain arrays, also inside of arrays', () => {
    const [inner] = evaluate('[[1, 2, 3][$ > 1]]') as [number[]];
    expect(Object.keys(inner)).toEqual(['0', '1']);
    expect(Object.keys(evaluate('$map([1..3], function($x) { $x })') as object)).toEqual(['0', '1', '2']);
  });

  it('treats a payload that is an array as one value', () => {
    const body = [{ a: 1 }, { a: 2 }];
    expect(evaluate('a', { body })).toEqual([1, 2]);
    expect(evaluate('$count($)', { body })).toBe(2);
    expect(evaluate('$[1].a = 2', { body })).toBe(true);
  });
});

describe('a payload', () => {
  const hostile = JSON.parse('{"__proto__": {"x": 1}, "constructor": "mine", "f": {"_jsonata_lambda": true, "a": 1}}');

  it('is read by own properties only', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'constructor.name']) {
      expect(evaluate(name, { body: { a: 1 } })).toBeUndefined();
      expect(evaluate(`$.a.${name}`, { body: { a: 'text' } })).toBeUndefined();
      expect(evaluate(`$lookup($, '${name}')`, { body: {} })).toBeUndefined();
    }
    expect(evaluate('constructor', { body: hostile })).toBe('mine');
    expect(evaluate('`__proto__`.x', { body: hostile })).toBe(1);
  });

  it('cannot pose as a function', () => {
    expect(evaluate('f.a', { body: hostile })).toBe(1);
    expect(evaluate('$boolean(f)', { body: hostile })).toBe(true);
    expect(evaluate('$map([f], function($x) { $x.a })', { body: hostile })).toBe(1);
    expect(failure('$map([1], f)', { body: hostile })).toBe('T0410');
  });

  it('never becomes code or pollutes a prototype', () => {
    const body = JSON.parse('{"name": "$eval(1)", "key": "__proto__", "value": {"polluted": true}}');
    expect(evaluate('name', { body })).toBe('$eval(1)');
    evaluate('{ key: value }', { body });
    evaluate('$merge([{ key: value }, value])', { body });
    evaluate('$ ~> | $ | { "__proto__": value } |', { body });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
