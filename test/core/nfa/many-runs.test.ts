/** Runs are asked by bucket, looked up, or completed as rows: whichever way, the same comes out as when each is asked by itself. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { Automaton } from '../../../src/core/nfa/automaton.js';
import { accessPredicateOf } from '../../../src/core/nfa/bucket-plan.js';
import { toMatch } from '../../../src/core/nfa/match-pattern.js';
import type { MatchRows } from '../../../src/core/nfa/match-rows.js';
import type { Bucketing, MatchLimits } from '../../../src/core/nfa/match-runs.js';
import { ActiveVersion } from '../../../src/core/nfa/active-version.js';
import { RunMatcher } from '../../../src/core/nfa/match-runs.js';
import { createRunSet } from '../../../src/core/nfa/run-set.js';
import { loadRunSet, saveRunSet } from '../../../src/core/nfa/save-runs.js';
import { cases } from '../../support/patterns/random-pattern.js';
import type { VectorCase } from '../../vectors/vector-case.js';
import { compileVector, vectorEvents } from '../../vectors/vector-case.js';
import { textOfMatch } from './reference/compare.js';
import { FUZZ_TIMEOUT_MS, fuzzOptions } from './reference/fuzz-options.js';

const compiler = createJsonataCompiler();

const ALONE: Bucketing = { oneByOneMax: Infinity, lookupFromRuns: Infinity, rowsFromRuns: Infinity };
const TOGETHER: Bucketing = { oneByOneMax: 0, lookupFromRuns: 0, rowsFromRuns: 0 };

interface Ways extends MatchLimits {
  readonly bucketing: Bucketing;
  readonly emit: 'ordered' | 'eager';
  readonly restoring?: boolean;
}

interface Given {
  readonly given: string[];
  /** Matches given as rows. */
  rows: number;
  overflow: number;
}

function run(automaton: Automaton, events: readonly StreamEvent[], end: number, ways: Ways): Given {
  const out: Given = { given: [], rows: 0, overflow: 0 };
  const version = new ActiveVersion(1, automaton, () => undefined);
  const receiver = {
    match: (finished: Parameters<typeof toMatch>[0]) => out.given.push(textOfMatch(toMatch(finished, 'match', false))),
    matchRows: (rows: MatchRows) => {
      out.rows += rows.count;
      for (const one of rows.finished()) receiver.match(one);
    },
    timeout: (finished: Parameters<typeof toMatch>[0], matched: boolean) =>
      out.given.push(textOfMatch(toMatch(finished, 'timeout', matched))),
    overflow: (count: number) => (out.overflow += count),
  };
  const matcher = new RunMatcher([version], version, ways.emit, ways, receiver, ways.bucketing);
  let set = createRunSet();
  events.forEach((event, at) => {
    matcher.advance(set, event.time);
    matcher.step(set, event, at + 1, undefined);
    if (ways.restoring !== true) return;
    set = loadRunSet(JSON.parse(JSON.stringify(saveRunSet(set))) as ReturnType<typeof saveRunSet>, () => version);
  });
  matcher.advance(set, end);
  return out;
}

const emits = fc.constantFrom<'ordered' | 'eager'>('ordered', 'eager');
const policies = fc.constantFrom<'dropOldest' | 'dropNewest'>('dropOldest', 'dropNewest');

test(
  'patterns of every kind give the same however their runs are asked, also under a cap on runs and after restarts',
  () =>
    fc.assert(
      fc.property(
        cases,
        emits,
        policies,
        fc.constantFrom(2, 5, 1_000),
        fc.boolean(),
        (vector: VectorCase, emit, overflow, runsMax, restoring) => {
          const automaton = compileVector(vector, compiler);
          const events = vectorEvents(vector);
          const ways = { emit, overflow, runsMax };
          const alone = run(automaton, events, vector.endWatermark, { ...ways, bucketing: ALONE });
          const together = run(automaton, events, vector.endWatermark, { ...ways, bucketing: TOGETHER, restoring });
          expect({ ...together, rows: 0 }).toEqual(alone);
        },
      ),
      fuzzOptions(1_500),
    ),
  FUZZ_TIMEOUT_MS,
);

/** Many runs over few values: `a` begins one, `b` may end those with its code. */
const crowds = fc.record({
  relation: fc.constantFrom('followedBy', 'followedByAny', 'next'),
  where: fc.constantFrom(
    "name = 'b'",
    "name = 'b' and code = $a.code",
    "name = 'b' and $a[0].code = code and price >= $a.price",
    'code = $a.code',
  ),
  times: fc.constantFrom(undefined, 2),
  within: fc.constantFrom(undefined, 40, 400),
  skip: fc.constantFrom(undefined, 'skipPastLastEvent', 'skipToNext'),
  events: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'a', 'b', 'c'),
      code: fc.constantFrom<unknown>(1, 2, 3, '1', true, null, undefined, [1], { deep: 1 }),
      price: fc.nat({ max: 3 }),
      stepMs: fc.nat({ max: 5 }),
    }),
    { minLength: 20, maxLength: 120 },
  ),
});

test(
  'many runs of one key are found by what they wait for: the same matches as asking each',
  () => {
    let rows = 0;
    fc.assert(
      fc.property(crowds, emits, ({ relation, where, times, within, skip, events: raw }, emit) => {
        let ts = 0;
        const events = raw.map(({ stepMs, ...body }) => ({ ts: (ts += stepMs), ...body }));
        const vector = {
          pattern: {
            within,
            skip,
            sequence: [
              { begin: 'a', where: "name = 'a'", ...(times === undefined ? {} : { times, allowCombinations: true }) },
              { [relation]: 'b', where },
            ],
          },
          events,
          endWatermark: ts + 1_000,
        } as unknown as VectorCase;
        const automaton = compileVector(vector, compiler);
        const ways = { emit, overflow: 'dropNewest' as const, runsMax: 300 };
        const alone = run(automaton, vectorEvents(vector), vector.endWatermark, { ...ways, bucketing: ALONE });
        const together = run(automaton, vectorEvents(vector), vector.endWatermark, { ...ways, bucketing: TOGETHER });
        rows += together.rows;
        expect({ ...together, rows: 0 }).toEqual(alone);
      }),
      fuzzOptions(400),
    );
    expect(rows).toBeGreaterThan(0);
  },
  FUZZ_TIMEOUT_MS,
);

test('an equality with a field of an earlier event is the access predicate of the state that waits for it', () => {
  const accessOf = (where: string): readonly string[] | undefined => {
    const sequence = [
      { begin: 'a', where: "name = 'a'" },
      { followedBy: 'b', where },
    ];
    const automaton = compileVector({ pattern: { sequence }, events: [] } as unknown as VectorCase, compiler);
    const waiting = automaton.transitions.findIndex(
      ({ kind, transitions }) => kind === 'normal' && transitions.some(({ action }) => action === 'take'),
    );
    return accessPredicateOf(automaton, waiting)?.join.stageFields;
  };
  expect(accessOf("name = 'b' and user.id = $a.login.user")).toEqual(['login', 'user']);
  expect(accessOf('$a[0].code = code')).toEqual(['code']);
  expect(accessOf('code = $a[1].code')).toBeUndefined();
  expect(accessOf('code = $a.code or price > 3')).toBeUndefined();
  expect(accessOf('code != $a.code')).toBeUndefined();
  expect(accessOf("code = $a.code & ''")).toBeUndefined();
});

test.each(['B', 'y'])(
  'matches of one start leave in the order of their paths, with some through an optional %s',
  (between) => {
    const vector = {
      pattern: {
        sequence: [
          { begin: 'a', where: "name = 'a'" },
          { followedBy: between, where: "name = 'a'", optional: true },
          { followedBy: 'm', where: "name = 'a'" },
          { followedByAny: 'b', where: "name = 'b'" },
        ],
      },
      events: Array.from({ length: 20 }, (_, ts) => ({ ts, name: ts === 19 ? 'b' : 'a' })),
      endWatermark: 100,
    } as unknown as VectorCase;
    const automaton = compileVector(vector, compiler);
    const ways = { emit: 'ordered', overflow: 'dropNewest', runsMax: 300 } as const;
    const alone = run(automaton, vectorEvents(vector), 100, { ...ways, bucketing: ALONE });
    const together = run(automaton, vectorEvents(vector), 100, { ...ways, bucketing: TOGETHER });
    expect(together.rows).toBeGreaterThan(20);
    expect(together.given).toEqual(alone.given);
  },
);
