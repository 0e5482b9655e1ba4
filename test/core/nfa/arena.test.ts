/** The arena gives what single runs give: the same matches, in the same order, under a cap on runs and after restarts too. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { ActiveVersion } from '../../../src/core/nfa/active-version.js';
import { multipliesRuns, whyNotArena } from '../../../src/core/nfa/arena/accept-arena.js';
import type { RunsOrPaths } from '../../../src/core/nfa/arena/arena-matcher.js';
import { ArenaMatcher } from '../../../src/core/nfa/arena/arena-matcher.js';
import { visitPaths } from '../../../src/core/nfa/arena/list-paths.js';
import type { NodeArena } from '../../../src/core/nfa/arena/node-arena.js';
import type { SavedArena } from '../../../src/core/nfa/arena/save-arena.js';
import { loadArena, saveArena } from '../../../src/core/nfa/arena/save-arena.js';
import type { Automaton } from '../../../src/core/nfa/automaton.js';
import { toMatch } from '../../../src/core/nfa/match-pattern.js';
import type { MatchRows } from '../../../src/core/nfa/match-rows.js';
import type { MatchLimits } from '../../../src/core/nfa/match-runs.js';
import { RunMatcher } from '../../../src/core/nfa/match-runs.js';
import type { FinishedRun } from '../../../src/core/nfa/run.js';
import { createRunSet } from '../../../src/core/nfa/run-set.js';
import type { SavedEvent } from '../../../src/core/nfa/save-runs.js';
import { EventTable } from '../../../src/core/nfa/save-runs.js';
import { cases, plainCases } from '../../support/patterns/random-pattern.js';
import type { VectorCase } from '../../vectors/vector-case.js';
import { compileVector, vectorEvents } from '../../vectors/vector-case.js';
import { BruteForce, isPlain } from './reference/brute-force.js';
import { textOfMatch } from './reference/compare.js';
import { FUZZ_TIMEOUT_MS, fuzzOptions } from './reference/fuzz-options.js';
import { asMatch, requirePattern, testsOf } from './reference/interpret-vector.js';

const compiler = createJsonataCompiler();
const WIDE = { runsMax: 1_000_000, overflow: 'dropOldest' } as const;

interface Given {
  readonly matches: string[];
  overflow: number;
  /** Steps taken on the arena. */
  arenaSteps: number;
}

interface Ways extends MatchLimits {
  /** Infinity: run by run. */
  readonly fromRuns: number;
  readonly restoring?: boolean;
  readonly statesMax?: number;
}

/** Unions that follow one another to the left, at most, in the whole arena. */
function leftUnions(nodes: NodeArena): number {
  const depths = new Int32Array(nodes.size);
  for (let node = 0; node < nodes.size; node++) {
    if (nodes.isUnion(node)) depths[node] = 1 + (depths[nodes.left[node] as number] as number);
  }
  return depths.reduce((most, depth) => Math.max(most, depth), 0);
}

function checkArena({ arena }: RunsOrPaths): void {
  if (arena === undefined) return;
  expect(leftUnions(arena.store.nodes)).toBeLessThanOrEqual(3);
  const seen = new Set<string>();
  for (const { list } of arena.live) {
    expect(arena.store.nodes.isUnion(list[0] as number)).toBe(false);
    for (const root of list) {
      visitPaths(arena.store, root, (path) => {
        const text = path.join();
        expect(seen.has(text)).toBe(false);
        seen.add(text);
      });
    }
  }
}

function run(automaton: Automaton, events: readonly StreamEvent[], end: number, ways: Ways): Given {
  const out: Given = { matches: [], overflow: 0, arenaSteps: 0 };
  const version = new ActiveVersion(1, automaton, () => undefined);
  const match = (finished: FinishedRun): number => out.matches.push(textOfMatch(toMatch(finished, 'match', false)));
  const receiver = {
    match,
    timeout: () => undefined,
    overflow: (count: number) => (out.overflow += count),
    startsOver: (count: number) => expect(count).toBeGreaterThan(0),
    matchRows: (rows: MatchRows) => {
      const all = [...rows.finished()];
      expect(all.length).toBe(rows.count);
      expect(textOfMatch(toMatch(rows.first(), 'match', false))).toBe(
        textOfMatch(toMatch(all[0] as FinishedRun, 'match', false)),
      );
      all.forEach(match);
    },
  };
  const matcher = new RunMatcher([version], version, 'ordered', ways, receiver);
  const hybrid = new ArenaMatcher(version, matcher, { ...ways, starting: true }, receiver, ways.statesMax);
  const state: RunsOrPaths = { set: createRunSet(), arena: undefined };
  events.forEach((event, at) => {
    hybrid.advance(state, event.time);
    if (state.arena !== undefined) out.arenaSteps++;
    hybrid.step(state, event, at + 1, undefined);
    checkArena(state);
    if (ways.restoring !== true || state.arena === undefined) return;
    const table = new EventTable();
    const saved = saveArena(state.arena, table);
    const [again, kept] = JSON.parse(JSON.stringify([saved, table.events])) as [SavedArena, SavedEvent[]];
    state.arena = loadArena(again, kept, hybrid.automaton);
    expect(state.arena).toBeDefined();
  });
  hybrid.advance(state, end);
  if (automaton.withinMs !== Infinity) {
    hybrid.advance(state, (events[events.length - 1]?.time ?? 0) + automaton.withinMs);
    expect([state.set.isEmpty, state.arena === undefined]).toEqual([true, true]);
  }
  return out;
}

const accepts = (automaton: Automaton): boolean => whyNotArena(automaton, { onTimeout: false }) === undefined;

test(
  'what the arena accepts it matches as single runs do, in the same order, under a cap on runs, a limit of states, after restarts',
  () => {
    let arenaSteps = 0;
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom<'dropOldest' | 'dropNewest'>('dropOldest', 'dropNewest'),
        fc.constantFrom(4, 12, 1_000_000),
        fc.constantFrom(0, 2),
        fc.constantFrom(3, 1_000),
        fc.boolean(),
        (vector: VectorCase, overflow, runsMax, fromRuns, statesMax, restoring) => {
          const automaton = compileVector(vector, compiler);
          fc.pre(accepts(automaton));
          const events = vectorEvents(vector);
          const limits = { runsMax, overflow };
          const single = run(automaton, events, vector.endWatermark, { ...limits, fromRuns: Infinity });
          const given = run(automaton, events, vector.endWatermark, { ...limits, fromRuns, statesMax, restoring });
          arenaSteps += given.arenaSteps;
          expect({ ...given, arenaSteps: 0 }).toEqual(single);
        },
      ),
      { ...fuzzOptions(1_500), maxSkipsPerRun: 10_000 },
    );
    expect(arenaSteps).toBeGreaterThan(1_000);
  },
  FUZZ_TIMEOUT_MS,
);

test(
  'plain patterns give on the arena what trying every subset of the events gives',
  () => {
    let arenaSteps = 0;
    fc.assert(
      fc.property(plainCases, (vector) => {
        const def = requirePattern(vector);
        fc.pre(isPlain(def));
        const automaton = compileVector(vector, compiler);
        fc.pre(accepts(automaton));
        const reference = new BruteForce(def, vectorEvents(vector), vector.endWatermark, testsOf(def, compiler));
        const expected = reference
          .matches()
          .map(({ path, time }) => textOfMatch(asMatch({ kind: 'match', path, time, alreadyMatched: false })));
        const given = run(automaton, vectorEvents(vector), vector.endWatermark, { ...WIDE, fromRuns: 0 });
        arenaSteps += given.arenaSteps;
        expect([...given.matches].sort()).toEqual(expected.sort());
      }),
      { ...fuzzOptions(1_000), maxSkipsPerRun: 10_000 },
    );
    expect(arenaSteps).toBeGreaterThan(1_000);
  },
  FUZZ_TIMEOUT_MS,
);

/** Patterns whose runs multiply, over few kinds of event: long enough for stores to be cleared and lists to grow. */
const crowds = fc.record({
  steps: fc.array(
    fc.record({
      relation: fc.constantFrom('followedBy', 'followedByAny', 'followedByAny'),
      name: fc.constantFrom("'a'", "'b'", "'c'"),
      many: fc.constantFrom(
        {},
        {},
        { times: { min: 1 } },
        { times: { min: 1 }, allowCombinations: true },
        { optional: true },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  within: fc.constantFrom(6, 12, 20),
  events: fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), stepMs: fc.nat({ max: 3 }) }), {
    minLength: 10,
    maxLength: 60,
  }),
});

test(
  'where runs multiply, windows close and stores are cleared, the arena gives what single runs give',
  () => {
    let arenaSteps = 0;
    fc.assert(
      fc.property(crowds, fc.boolean(), ({ steps, within, events: raw }, restoring) => {
        let ts = 0;
        const events = raw.map(({ stepMs, name }) => ({ ts: (ts += stepMs), name }));
        const sequence = [
          { begin: 's0', where: "name = 'a'" },
          ...steps.map(({ relation, name, many }, at) => ({
            [relation]: `s${at + 1}`,
            where: `name = ${name}`,
            ...many,
          })),
          { followedByAny: 'last', where: "name = 'c'" },
        ];
        const vector = { pattern: { within, sequence }, events, endWatermark: ts + 1_000 } as unknown as VectorCase;
        const automaton = compileVector(vector, compiler);
        const limits = { runsMax: 3_000, overflow: 'dropOldest' } as const;
        const end = vector.endWatermark;
        const single = run(automaton, vectorEvents(vector), end, { ...limits, fromRuns: Infinity });
        const given = run(automaton, vectorEvents(vector), end, { ...limits, fromRuns: 3, restoring });
        arenaSteps += given.arenaSteps;
        expect({ ...given, arenaSteps: 0 }).toEqual(single);
      }),
      fuzzOptions(150),
    );
    expect(arenaSteps).toBeGreaterThan(500);
  },
  FUZZ_TIMEOUT_MS,
);

describe('which patterns go to the arena', () => {
  const compiled = (sequence: object[], more: object = {}): Automaton =>
    compileVector({ pattern: { sequence, ...more }, events: [] } as unknown as VectorCase, compiler);
  const a = { begin: 'a', where: "name = 'a'" };
  const b = { followedByAny: 'b', where: "name = 'b'" };

  test.each([
    ['a skip strategy', compiled([a, b], { skip: 'skipToNext' }), 'skip'],
    ['a condition over earlier events', compiled([a, { ...b, where: 'code = $a.code' }]), 'earlier'],
    ['an absence', compiled([a, { notFollowedBy: 'b', where: "name = 'b'" }], { within: 10 }), 'absence'],
    ['a gap', compiled([a, { ...b, within: 5 }]), 'window of its own'],
  ])('%s keeps a pattern off it', (_, automaton, reason) => {
    expect(whyNotArena(automaton, { onTimeout: false })).toContain(reason);
  });

  test('an alert on time-outs keeps a pattern with a window off it', () => {
    const automaton = compiled([a, b], { within: 10 });
    expect(whyNotArena(automaton, { onTimeout: true })).toContain('time-outs');
    expect(whyNotArena(automaton, { onTimeout: false })).toBeUndefined();
  });

  test('runs multiply where a state can take an event and wait on, or take it in two stages', () => {
    const c = { followedByAny: 'c', where: "name = 'c'" };
    expect(multipliesRuns(compiled([a, b]))).toBe(false);
    expect(multipliesRuns(compiled([a, b, c]))).toBe(true);
    expect(multipliesRuns(compiled([a, { followedBy: 'b', where: "name = 'b'" }, c]))).toBe(false);
    expect(multipliesRuns(compiled([a, { followedBy: 'b', where: "name = 'b'", times: { min: 1 } }]))).toBe(false);
    expect(multipliesRuns(compiled([a, { ...b, times: { min: 1 }, allowCombinations: true }]))).toBe(true);
  });
});
