import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { Expression, ExpressionNames, ExpressionProblem, Scope } from '../../../src/core/expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../../../src/core/expression/expression.js';

const compiler = createJsonataCompiler();

export const NAMES: ExpressionNames = {
  stages: new Map([
    ['probe', 0],
    ['hit', 1],
  ]),
  params: true,
  key: true,
};

export function compile(source: string, names: ExpressionNames = NAMES): Expression {
  const result = compiler.compile(source, names);
  if (!result.ok) throw new Error(`${source}: ${result.problems.map((each) => each.message).join()}`);
  return result.expression;
}

export function problemsOf(source: string, names: ExpressionNames = NAMES): readonly ExpressionProblem[] {
  const result = compiler.compile(source, names);
  return result.ok ? [] : result.problems;
}

/** The code and position of the one problem of a source. */
export function problemOf(source: string, names: ExpressionNames = NAMES): ExpressionProblem {
  const [problem, ...more] = problemsOf(source, names);
  if (problem === undefined || more.length > 0)
    throw new Error(`${source}: ${more.length + 1} problems expected to be 1`);
  return problem;
}

export interface Given {
  readonly body?: unknown;
  readonly stages?: readonly (readonly unknown[])[];
  readonly params?: Readonly<Record<string, unknown>>;
  readonly time?: number;
}

export function scope(given: Given = {}): Scope {
  return {
    body: given.body ?? {},
    event: { time: given.time ?? 0, type: 'auth', subject: 'payments.eu', headers: { trace: 't1' } },
    key: 'card-1',
    params: given.params ?? {},
    constants: NO_CONSTANTS,
    stageEvents: (slot) => given.stages?.[slot] ?? [],
  };
}

export function evaluate(source: string, given: Given = {}): unknown {
  return compile(source).evaluate(scope(given));
}

/** The code an evaluation fails with. */
export function failure(source: string, given: Given = {}): string {
  try {
    evaluate(source, given);
  } catch (error) {
    if (error instanceof ExpressionError) return error.code;
    throw error;
  }
  throw new Error(`${source} does not fail`);
}
