/** Rules whose patterns are drawn from the language's grammar: relations, counts, groups, choices, negations, windows, skips. */
import * as fc from 'fast-check';
import type { PatternBody } from '../../src/core/document/documents.js';
import { cases } from '../support/patterns/random-pattern.js';
import { below } from './sim-process.js';

/** A document of kind rule, as JSON. */
export type RandomRule = Readonly<Record<string, unknown>> & { readonly name: string };

const WINDOW = 8;
/** A pattern's unit of time, s: then its windows hold some of a stream's events. */
const UNIT_S = 3;
/** A run too many goes: patterns that match everything match often. */
const RUNS_PER_KEY = 40;

export function drawRules(random: () => number): RandomRule[] {
  const seed = below(random, 2 ** 31);
  const patterns = fc.sample(cases, { seed, numRuns: below(random, 3) });
  return patterns.map(({ pattern }, at) => ({
    kind: 'rule',
    name: `random-${at + 1}`,
    source: [['a'], ['b'], ['u'], ['a', 'b']][below(random, 4)],
    key: 'k',
    // Every run ends.
    pattern: inSeconds({ ...pattern, within: pattern.within ?? WINDOW }),
    limits: { runsPerKey: RUNS_PER_KEY, overflow: random() < 0.5 ? 'dropOldest' : 'dropNewest' },
    ...(random() < 0.3 ? { emit: 'eager' } : {}),
    ...(random() < 0.3 ? { onTimeout: { alert: { severity: 'low' } } } : {}),
  }));
}

/** The same with every `within` as a text. */
function inSeconds(part: PatternBody): unknown {
  return JSON.parse(
    JSON.stringify(part, (field, value: unknown) =>
      field === 'within' && typeof value === 'number' ? `${value * UNIT_S}s` : value,
    ),
  );
}
