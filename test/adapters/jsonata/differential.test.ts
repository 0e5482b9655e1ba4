import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createJsonataCompiler, jsonataLibrary } from '../../../src/adapters/jsonata/index.js';
import type { Expression } from '../../../src/core/expression/expression.js';
import { castBoolean } from '../../../src/core/expression/closures/values.js';
import { expressions, inputs } from './expressions.js';
import type { Outcome } from './pristine.js';
import { EVENT_TIME, copyOf, frozen, outcomeOf, pristineOutcome, scopeOf, testOutcome } from './pristine.js';

const library = jsonataLibrary();
const compiler = createJsonataCompiler();
const NAMES = {
  stages: new Map([
    ['s', 0],
    ['t', 1],
  ]),
  params: true,
  key: true,
};

interface Data {
  readonly body: unknown;
  readonly s: readonly unknown[];
  readonly t: readonly unknown[];
  readonly params: Readonly<Record<string, unknown>>;
}

const data: fc.Arbitrary<Data> = fc.record({
  body: inputs,
  s: fc.array(inputs, { maxLength: 3 }),
  t: fc.array(inputs, { maxLength: 1 }),
  params: inputs as fc.Arbitrary<Record<string, unknown>>,
});

/** The same expressions on every run; FUZZ_RUNS=50000 looks further, from a new seed each time. */
function runs(usual: number): { numRuns: number; seed?: number } {
  const wanted = process.env['FUZZ_RUNS'];
  return wanted === undefined ? { numRuns: usual, seed: 20260504 } : { numRuns: Number(wanted) };
}

const share = { compiled: 0, all: 0 };

afterAll(() => {
  process.stdout.write(`closures: ${share.compiled} of ${share.all} random expressions\n`);
});

function compile(source: string): Expression {
  const result = compiler.compile(source, NAMES);
  if (!result.ok) throw new Error(`${source}: ${result.problems.map((each) => each.message).join()}`);
  return result.expression;
}

/** The library's own outcome, on a copy of the same data. */
function libraryOutcome(source: string, given: Data): Outcome {
  const parsed = library.parse(source);
  if (!parsed.ok) throw new Error(parsed.refusal.message);
  const { program } = parsed;
  const bindings = bindingsOf(given);
  return outcomeOf(() => program.evaluate({ input: copyOf(given.body), bindings, timeMs: EVENT_TIME }));
}

function bindingsOf(given: Data): Record<string, unknown> {
  const { event, key } = scopeOf(given.body, []);
  const stages = { s: copyOf(given.s), t: copyOf(given.t), params: copyOf(given.params) };
  return {
    ...stages,
    key,
    eventType: event.type,
    eventTime: event.time,
    subject: event.subject,
    headers: event.headers,
  };
}

function ownScope(given: Data): ReturnType<typeof scopeOf> {
  return scopeOf(frozen(given.body), [frozen(given.s), frozen(given.t)], {
    params: frozen(given.params) as object as Data['params'],
  });
}

/** The library evaluates items of arrays side by side, so that which of two errors comes first is its own affair. */
function sameUpToRaces(ours: Outcome, reference: Outcome): void {
  if ('code' in ours && 'code' in reference) return;
  expect(ours).toEqual(reference);
}

/** Arrays have items and nothing else, all the way down. */
function isUnmarked(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value) && Object.keys(value).length !== value.length) return false;
  return Object.values(value).every(isUnmarked);
}

describe('an expression compiled to closures', () => {
  it('gives what the synchronous library gives, error codes included', () => {
    fc.assert(
      fc.property(expressions, fc.array(data, { minLength: 1, maxLength: 4 }), (source, all) => {
        const expression = compile(source);
        share.all += 1;
        if (expression.compiled) share.compiled += 1;
        for (const given of all) {
          expect(outcomeOf(() => expression.evaluate(ownScope(given)))).toEqual(libraryOutcome(source, given));
        }
      }),
      runs(2000),
    );
  });

  it('gives what the untouched asynchronous library gives', async () => {
    await fc.assert(
      fc.asyncProperty(expressions, data, async (source, given) => {
        const ours = outcomeOf(() => compile(source).evaluate(ownScope(given)));
        sameUpToRaces(ours, await pristineOutcome(source, copyOf(given.body), bindingsOf(given)));
      }),
      runs(1000),
    );
  });

  it('tests true exactly where its value casts to true, and fails where it fails', () => {
    fc.assert(
      fc.property(expressions, data, (source, given) => {
        const expression = compile(source);
        const scope = ownScope(given);
        const outcome = outcomeOf(() => castBoolean(expression.evaluate(scope)));
        expect(testOutcome(expression, scope)).toEqual(outcome);
      }),
      runs(1000),
    );
  });

  it('gives results without marks of the evaluation', () => {
    fc.assert(
      fc.property(expressions, data, (source, given) => {
        let value: unknown;
        try {
          value = compile(source).evaluate(ownScope(given));
        } catch {
          return;
        }
        expect(isUnmarked(value)).toBe(true);
      }),
      runs(1000),
    );
  });
});
