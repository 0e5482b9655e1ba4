/**
 * Guards while an automaton is built: a conjunction of literals, or `undefined` for "never holds".
 */
import type { Guard, Literal } from './automaton.js';

export const ALWAYS: Guard = [];

/** `a && b`; undefined when one of them never holds or they contradict each other. */
export function both(a: Guard | undefined, b: Guard | undefined): Guard | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.length === 0) return b;
  const all = [...a];
  for (const literal of b) {
    if (all.includes(literal)) continue;
    if (all.includes(literal ^ 1)) return undefined;
    all.push(literal);
  }
  return all;
}

/** The negation of a condition that is one literal or always true. */
export function not(condition: Literal | undefined): Guard | undefined {
  return condition === undefined ? undefined : [condition ^ 1];
}

/** The condition itself as a guard. */
export function holds(condition: Literal | undefined): Guard {
  return condition === undefined ? ALWAYS : [condition];
}
