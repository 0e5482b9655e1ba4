/** The untouched asynchronous jsonata of the package, as the reference the engine's expressions are held to. */
import jsonata from 'jsonata';
import type { Expression, Scope } from '../../../src/core/expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../../../src/core/expression/expression.js';

/** What an evaluation came to. Codes stand for errors; an error of the runtime has none and counts as `evaluation-failed`. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

/** The published library reads ISO text without a zone in the machine's; the engine always in UTC. */
process.env['TZ'] = 'UTC';

export const EVENT_TIME = Date.UTC(2026, 4, 4, 10, 30, 15, 250);

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'evaluation-failed';
}

/** Functions are nothing and marks are dropped, so that results of both sides are the same kind of plain data. */
export function asData(value: unknown): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if ('_jsonata_function' in value || '_jsonata_lambda' in value) return undefined;
  if (Array.isArray(value)) return value.map((item) => asData(item) ?? null);
  const entries = Object.entries(value).map(([key, each]) => [key, asData(each)] as const);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

export async function pristineOutcome(source: string, input: unknown, bindings: object): Promise<Outcome> {
  try {
    return { value: asData(await jsonata(source).evaluate(input, bindings as Record<string, unknown>)) };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

export function outcomeOf(evaluate: () => unknown): Outcome {
  try {
    return { value: asData(evaluate()) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { code: error.code };
  }
}

/** Freezes data all the way down: an evaluation that changed its input would throw. */
export function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}

export function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : structuredClone(value);
}

/** A scope over an input, with stages by slot. */
export function scopeOf(body: unknown, stages: readonly unknown[], more: Partial<Scope> = {}): Scope {
  return {
    body,
    event: { time: EVENT_TIME, type: 'auth', subject: 'payments.eu', headers: { trace: 't1' } },
    key: 'card-1',
    params: {},
    constants: NO_CONSTANTS,
    stageEvents: (slot) => stages[slot] as readonly unknown[],
    ...more,
  };
}

/** Holds `test` to `evaluate`: the same truth, or the same error. */
export function testOutcome(expression: Expression, scope: Scope): Outcome {
  return outcomeOf(() => expression.test(scope));
}
