import { afterAll, describe, expect, it } from 'vitest';
import { createJsonataCompiler, jsonataLibrary } from '../../../src/adapters/jsonata/index.js';
import type { ExpressionResult } from '../../../src/core/expression/expression.js';
import type { Outcome } from './pristine.js';
import { EVENT_TIME, copyOf, frozen, outcomeOf, pristineOutcome, scopeOf } from './pristine.js';
import type { SuiteCase } from './suite.js';
import { readSuite } from './suite.js';

const library = jsonataLibrary();
const compiler = createJsonataCompiler();

/** Endless recursion, which the suite's own runner stops by the clock: ours has tests of its own. */
const suite = readSuite().filter((each) => !/\$inf\b/.test(each.expr));

/** Cases that make more than an event engine allows: they fail with D2015 where the library gives a value. */
const BEYOND_LIMITS = 4;

const share = { compiled: 0, accepted: 0, refused: new Map<string, number>() };

afterAll(() => {
  const refused = [...share.refused].map(([code, count]) => `${count} ${code}`).join(', ');
  const line = `closures: ${share.compiled} of ${share.accepted} expressions of jsonata's suite; refused: ${refused}`;
  process.stdout.write(`${line}\n`);
});

interface Difference {
  readonly expr: string;
  readonly ours: Outcome;
  readonly reference: Outcome;
}

function isBeyondLimits(difference: Difference): boolean {
  return 'code' in difference.ours && difference.ours.code === 'D2015' && 'value' in difference.reference;
}

function libraryOutcome(each: SuiteCase): Outcome {
  const parsed = library.parse(each.expr);
  if (!parsed.ok) return { code: parsed.refusal.code === 'S0000' ? 'evaluation-failed' : parsed.refusal.code };
  const { program } = parsed;
  const input = frozen(copyOf(each.input));
  const bindings = frozen(copyOf(each.bindings)) as Record<string, unknown>;
  return outcomeOf(() => program.evaluate({ input, bindings, timeMs: EVENT_TIME }));
}

/** Bindings of a case stand in for stages. */
function compile(each: SuiteCase): ExpressionResult {
  const stages = new Map(Object.keys(each.bindings).map((name, slot) => [name, slot]));
  return compiler.compile(each.expr, { stages, params: false, key: false });
}

async function differences(cases: readonly SuiteCase[], run: (each: SuiteCase) => Outcome): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const each of cases) {
    const reference = await pristineOutcome(each.expr, copyOf(each.input), each.bindings);
    const ours = run(each);
    try {
      expect(ours).toEqual(reference);
    } catch {
      found.push({ expr: each.expr, ours, reference });
    }
  }
  return found;
}

describe("jsonata's own test suite", () => {
  it('gives in the synchronous library what it gives in the asynchronous one, and changes no input', async () => {
    const cases = suite.filter((each) => !/\$(random|shuffle|now|millis)\b/.test(each.expr));
    const found = await differences(cases, libraryOutcome);
    expect(found.filter((each) => !isBeyondLimits(each))).toEqual([]);
    expect(found.filter(isBeyondLimits)).toHaveLength(BEYOND_LIMITS);
  });

  it('gives the same through the compiler, as closures or not', async () => {
    const accepted: SuiteCase[] = [];
    const expressions = new Map<SuiteCase, ExpressionResult & { ok: true }>();
    for (const each of suite) {
      const result = compile(each);
      if (result.ok) expressions.set(each, result);
      else for (const { code } of result.problems) share.refused.set(code, (share.refused.get(code) ?? 0) + 1);
      // A stage is a list of events; what is bound to anything else has no counterpart in a rule.
      const isStages = Object.values(each.bindings).every((value) => Array.isArray(value));
      if (result.ok && isStages && !/\$(now|millis)\b/.test(each.expr)) accepted.push(each);
    }
    const found = await differences(accepted, (each) => {
      const expression = expressions.get(each)?.expression;
      if (expression === undefined) return { code: 'not compiled' };
      share.accepted += 1;
      if (expression.compiled) share.compiled += 1;
      const scope = scopeOf(frozen(copyOf(each.input)), Object.values(each.bindings));
      return outcomeOf(() => expression.evaluate(scope));
    });
    expect(found.filter((each) => !isBeyondLimits(each))).toEqual([]);
    expect(share.compiled).toBeGreaterThan(700);
    expect([...share.refused.keys()].sort()).toEqual([
      'expression-syntax',
      'not-a-function',
      'refused-function',
      'unknown-name',
    ]);
  });
});
