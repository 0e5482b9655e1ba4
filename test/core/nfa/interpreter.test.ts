import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { cases } from '../../support/patterns/random-pattern.js';
import type { VectorCase } from '../../vectors/vector-case.js';
import { judge } from '../../vectors/vector-case.js';
import type { Given } from './reference/compare.js';
import { byEngine, byInterpreter } from './reference/compare.js';
import { FUZZ_TIMEOUT_MS, fuzzOptions } from './reference/fuzz-options.js';
import { interpretVector } from './reference/interpret-vector.js';

const compiler = createJsonataCompiler();

test.each(['worked', 'generated', 'negations', 'found'])(
  'the direct interpreter gives the vectors of %s.json',
  (file) => {
    const vectors = JSON.parse(
      readFileSync(new URL(`../../vectors/${file}.json`, import.meta.url), 'utf8'),
    ) as VectorCase[];
    const failed = vectors
      .map((vector) => judge(vector, interpretVector(vector, compiler)))
      .filter((verdict) => !verdict.passed);
    expect(failed).toEqual([]);
  },
);

/** Whether a pruned absence counts as a match before it is pruned shows only when all deadlines pass in one step. */
function timeouts(vector: VectorCase, given: Given): readonly string[] {
  if (vector.pattern.skip === undefined) return given.timeouts;
  return given.timeouts.map((text) => text.replace(/ matched$/, ''));
}

/**
 * Time-outs are compared with the interpreter as the text has it, deadlines passing in one step before each event. Matches are
 * compared in order with deadlines passing one after another, for a watermark may come in any steps.
 */
test(
  'the engine gives what the direct interpreter gives, for patterns of every kind',
  () => {
    fc.assert(
      fc.property(cases, (vector) => {
        const given = byEngine(vector, compiler);
        expect(given.matches).toEqual(byInterpreter(vector, compiler, { stepwise: true }).matches);
        const atOnce = byInterpreter(vector, compiler, { stepwise: false });
        expect(timeouts(vector, given)).toEqual(timeouts(vector, atOnce));
      }),
      fuzzOptions(2_000),
    );
  },
  FUZZ_TIMEOUT_MS,
);
