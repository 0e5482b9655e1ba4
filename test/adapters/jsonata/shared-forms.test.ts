import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonataLibrary } from '../../../src/adapters/jsonata/index.js';
import type { AstNode } from '../../../src/core/expression/ast.js';
import { createExpressionCompiler } from '../../../src/core/expression/compile.js';
import type { Expression, ExpressionCompiler, Scope } from '../../../src/core/expression/expression.js';
import { SharedForms } from '../../../src/core/expression/shared-forms.js';
import type { SourceForm } from '../../../src/core/expression/source-form.js';
import { formOf } from '../../../src/core/expression/source-form.js';
import { expressions, inputs } from './expressions.js';
import { outcomeOf, scopeOf, testOutcome } from './pristine.js';
import { readSuite } from './suite.js';

const library = jsonataLibrary();
const alone = createExpressionCompiler(library);
const NAMES = {
  stages: new Map([
    ['s', 0],
    ['t', 1],
  ]),
  params: true,
  key: true,
};

/** The same sources on every run; FUZZ_RUNS=50000 looks further, from a new seed each time. */
function runs(usual: number): { numRuns: number; seed?: number } {
  const wanted = process.env['FUZZ_RUNS'];
  return wanted === undefined ? { numRuns: usual, seed: 20260612 } : { numRuns: Number(wanted) };
}

const NUMBERS = [
  '0',
  '1',
  '2',
  '10',
  '1.5',
  '0.0',
  '-0',
  '-1',
  '1e3',
  '2E-2',
  '123456.789',
  '9007199254740993',
  '1e999',
];
const TEXTS = [
  `''`,
  `""`,
  `'a'`,
  `"a"`,
  `'abc'`,
  `"it's"`,
  `'"'`,
  `'10'`,
  `' x '`,
  `'ä😀'`,
  `'a\\n'`,
  `"\\u0041"`,
  `'/x/'`,
  `'\`'`,
];

/** The source with other literals of the same kind; a few make it another form or break it, which is to be seen as such. */
function withLiterals(source: string, form: SourceForm, choices: readonly number[]): string {
  let text = '';
  let copied = 0;
  form.literals.forEach(({ value, end }, at) => {
    const start = startOf(source, copied, { value, end });
    const among = typeof value === 'number' ? NUMBERS : TEXTS;
    text += source.slice(copied, start) + (among[(choices[at % choices.length] ?? 0) % among.length] ?? '');
    copied = end;
  });
  return text + source.slice(copied);
}

function startOf(source: string, from: number, literal: SourceForm['literals'][number]): number {
  if (typeof literal.value === 'string') return literal.end - literal.value.length - 2;
  let start = literal.end - 1;
  while (
    start > from &&
    Number(source.slice(start - 1, literal.end)) === literal.value &&
    /[\d.]/.test(source[start - 1] ?? '')
  )
    start--;
  while (start > from && Number(source.slice(start, literal.end)) !== literal.value) start--;
  return start;
}

const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });

/** Comparisons in number, as rules have them: the random expressions have few. */
const conditions: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'a',
        'b',
        '$s.a',
        '$s[0].a',
        '$t[1].c',
        '$params.a',
        '$count(items)',
        '$',
        'a.b',
        '-1',
        "'a'",
        '`a b`',
      ),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>=', 'in', '&', '+', '?:'),
      fc.constantFrom(
        '1',
        '2.50',
        '-3',
        "'abc'",
        '"it\'s"',
        "['a', 'b']",
        '[1, 2][1]',
        '$s[0].a',
        "'x'[0]",
        '(1)',
        '/a/',
        '/* 1 */ 2',
      ),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.map((part) => part.join(' ')).join(' and '));

const sources = fc.oneof(conditions, expressions, fc.constantFrom(...readSuite().map(({ expr }) => expr)));

/** A tree without places, and without the values of what is a literal in the source. */
function shapeOf(node: unknown, ends: ReadonlySet<unknown>): unknown {
  if (Array.isArray(node)) return node.map((each) => shapeOf(each, ends));
  if (typeof node !== 'object' || node === null || node instanceof RegExp) return node;
  const isLiteral = ends.has((node as AstNode).position);
  const fields = Object.entries(node).filter(([name]) => name !== 'position');
  return Object.fromEntries(
    fields.map(([name, value]) => [name, isLiteral && name === 'value' ? typeof value : shapeOf(value, ends)]),
  );
}

function parsedShape(source: string): unknown {
  const parsed = library.parse(source);
  if (!parsed.ok) return parsed.refusal.code;
  return JSON.stringify(shapeOf(parsed.program.ast, new Set(formOf(source)?.literals.map(({ end }) => end))));
}

/** Everything that can be asked of an expression. */
function askAll(expression: Expression, scopes: readonly (() => Scope)[]): unknown {
  const { source, equalities, ranges, joins, stagesUsed, usesKey, compiled, gate } = expression;
  const outcomes = scopes.map((scope) => [
    outcomeOf(() => expression.evaluate(scope())),
    testOutcome(expression, scope()),
    gate?.(scope()),
  ]);
  return { source, equalities, ranges, joins, stagesUsed, usesKey, compiled, outcomes };
}

function answers(compiler: ExpressionCompiler, source: string, scopes: readonly (() => Scope)[]): unknown {
  const result = compiler.compile(source, NAMES);
  return result.ok ? askAll(result.expression, scopes) : result;
}

describe('the form of a source', () => {
  it('says with the literals what the tokens are: sources of one form have one syntax tree but for the values', () => {
    fc.assert(
      fc.property(sources, choices, (source, chosen) => {
        const form = formOf(source);
        fc.pre(form !== undefined);
        const other = withLiterals(source, form, chosen);
        fc.pre(formOf(other)?.text === form.text);
        expect(parsedShape(other)).toBe(parsedShape(source));
      }),
      runs(3_000),
    );
  });

  it('is none where something is quoted that the form does not understand', () => {
    for (const source of [
      "a = 'x\\'y'",
      'a = /x/ and b = 1',
      '`a b` = 1',
      'a /* 1 */ = 2',
      'a / 2',
      'a = 1e999',
      'a = b',
    ])
      expect(formOf(source)).toBeUndefined();
  });

  it('keeps what is no literal apart from what is', () => {
    const texts = [
      'a = 1',
      "a = '1'",
      'a1 = 1',
      "a = b'1",
      'a = 1 and b',
      "$a1 = 'x'",
      'a[1] = 1',
      'a = -1',
      "a='1'",
    ].map((source) => formOf(source)?.text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(formOf('a = 1')?.text).toBe(formOf('a = 2.5e3')?.text);
    expect(formOf(`a = 'x'`)?.text).toBe(formOf('a = "it\'s"')?.text);
  });
});

describe('expressions compiled by form', () => {
  it('are in everything what they are when they are compiled by themselves', () => {
    fc.assert(
      fc.property(
        sources,
        fc.array(choices, { minLength: 1, maxLength: 4 }),
        fc.array(inputs, { minLength: 1, maxLength: 3 }),
        (source, chosen, bodies) => {
          const form = formOf(source);
          fc.pre(form !== undefined);
          const shared = new SharedForms(library, { aloneMax: 0 });
          const scopes = [...bodies, bodies].map((body) => () => scopeOf(body, [bodies, []], { params: { a: 1 } }));
          for (const one of [source, ...chosen.map((each) => withLiterals(source, form, each)), source])
            expect(answers(shared, one, scopes)).toEqual(answers(alone, one, scopes));
        },
      ),
      runs(1_000),
    );
  });

  it('share what they are compiled to', () => {
    const shared = new SharedForms(library, { aloneMax: 0 });
    const formsOf = (...texts: string[]): unknown[] =>
      texts.map((text) => {
        const result = shared.compile(text, NAMES);
        return result.ok ? result.expression.form : result;
      });
    const [first, second, third] = formsOf("a = 'x' and b > 1", `a = "y" and b > -0`, "a = 'x' and b > 2.5");
    expect(first).toBeDefined();
    expect([second === first, third === first]).toEqual([false, true]);
    const [one, other, same] = formsOf('a[0] = 1', 'a[1] = 1', 'a[0] = 2');
    expect([one === undefined, other === one, same === one]).toEqual([false, false, true]);
  });
});
