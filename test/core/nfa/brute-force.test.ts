import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { plainCases } from '../../support/patterns/random-pattern.js';
import { FUZZ_TIMEOUT_MS, fuzzOptions } from './reference/fuzz-options.js';
import { BruteForce, isPlain } from './reference/brute-force.js';
import { byEngine, byInterpreter, textOfMatch } from './reference/compare.js';
import { asMatch, requirePattern, testsOf } from './reference/interpret-vector.js';
import { vectorEvents } from '../../vectors/vector-case.js';

const compiler = createJsonataCompiler();

test(
  'plain patterns give what trying every subset of the events gives',
  () => {
    let compared = 0;
    fc.assert(
      fc.property(plainCases, (vector) => {
        const def = requirePattern(vector);
        fc.pre(isPlain(def));
        compared++;
        const tests = testsOf(def, compiler);
        const given = new BruteForce(def, vectorEvents(vector), vector.endWatermark, tests).matches();
        const expected = given.map(({ path, time }) =>
          textOfMatch(asMatch({ kind: 'match', path, time, alreadyMatched: false })),
        );
        expect([...byEngine(vector, compiler).matches].sort()).toEqual(expected.sort());
        expect([...byInterpreter(vector, compiler, { stepwise: false }).matches].sort()).toEqual(expected);
      }),
      fuzzOptions(1_500),
    );
    expect(compared).toBeGreaterThan(0);
  },
  FUZZ_TIMEOUT_MS,
);
