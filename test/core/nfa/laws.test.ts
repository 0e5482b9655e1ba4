import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { Match } from '../../../src/core/model/match.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { Automaton } from '../../../src/core/nfa/automaton.js';
import { ActiveVersion } from '../../../src/core/nfa/active-version.js';
import { RunMatcher } from '../../../src/core/nfa/match-runs.js';
import type { PatternMatchOptions } from '../../../src/core/nfa/match-pattern.js';
import { PatternMatcher, toMatch } from '../../../src/core/nfa/match-pattern.js';
import type { RunSet } from '../../../src/core/nfa/run-set.js';
import { createRunSet } from '../../../src/core/nfa/run-set.js';
import { loadRunSet, saveRunSet } from '../../../src/core/nfa/save-runs.js';
import { cases } from '../../support/patterns/random-pattern.js';
import type { VectorCase } from '../../vectors/vector-case.js';
import { compileVector, vectorEvents } from '../../vectors/vector-case.js';
import { runThroughShard } from '../../vectors/vector-ways.js';
import { textOfMatch } from './reference/compare.js';
import { FUZZ_TIMEOUT_MS, fuzzOptions } from './reference/fuzz-options.js';

const compiler = createJsonataCompiler();
const emits = fc.constantFrom<'ordered' | 'eager'>('ordered', 'eager');

function law<T extends readonly unknown[]>(
  name: string,
  runs: number,
  arbitraries: { readonly [I in keyof T]: fc.Arbitrary<T[I]> },
  predicate: (...values: T) => void,
): void {
  const property = fc.tuple(...arbitraries) as unknown as fc.Arbitrary<T>;
  test(
    name,
    () =>
      fc.assert(
        fc.property(property, (values) => predicate(...values)),
        fuzzOptions(runs),
      ),
    FUZZ_TIMEOUT_MS,
  );
}

function straight(vector: VectorCase, options: PatternMatchOptions = {}): string[] {
  const matcher = new PatternMatcher(compileVector(vector, compiler), options);
  for (const event of vectorEvents(vector)) matcher.accept(event);
  matcher.advance(vector.endWatermark);
  return matcher.take().map(textOfMatch);
}

law<[VectorCase, 'ordered' | 'eager']>(
  'saving the state as text and going on from it changes nothing',
  700,
  [cases, emits],
  (vector, emit) => {
    const automaton = compileVector(vector, compiler);
    const given: Match[] = [];
    let matcher = new PatternMatcher(automaton, { emit });
    for (const event of vectorEvents(vector)) {
      matcher.accept(event);
      given.push(...matcher.take());
      const saved = JSON.parse(JSON.stringify(matcher.save())) as ReturnType<PatternMatcher['save']>;
      matcher = new PatternMatcher(automaton, { emit });
      matcher.load(saved);
    }
    matcher.advance(vector.endWatermark);
    given.push(...matcher.take());
    expect(given.map(textOfMatch)).toEqual(straight(vector, { emit }));
  },
);

law<[VectorCase, 'ordered' | 'eager']>(
  'the steps in which the watermark moves change nothing, be matches emitted in order or eagerly',
  700,
  [cases, emits],
  (vector, emit) => {
    const matcher = new PatternMatcher(compileVector(vector, compiler), { emit });
    let time = 0;
    const passTo = (end: number): void => {
      for (; time < end; time++) matcher.advance(time);
    };
    for (const event of vectorEvents(vector)) {
      passTo(event.time);
      matcher.accept(event);
    }
    passTo(vector.endWatermark + 1);
    expect(matcher.take().map(textOfMatch)).toEqual(straight(vector, { emit }));
  },
);

law<[VectorCase, boolean, 'kept' | 'restored' | 'spilled', number]>(
  'through event time and shard: arrival shuffled inside the bound, restarts, keys that leave memory and other keys change nothing',
  600,
  [cases, fc.boolean(), fc.constantFrom('kept', 'restored', 'spilled'), fc.nat()],
  (vector, shuffled, state, seed) => {
    const keys = ['other', 'k', 'third'];
    const ways = { shuffled, restoring: state === 'restored', spilling: state === 'spilled', keys, seed };
    expect(runThroughShard(vector, compiler, ways).map(textOfMatch)).toEqual(straight(vector));
  },
);

law<[VectorCase]>('after the last watermark nothing of a pattern with a window is left', 400, [cases], (vector) => {
  const matcher = new PatternMatcher(compileVector(vector, compiler));
  for (const event of vectorEvents(vector)) matcher.accept(event);
  matcher.advance(Infinity);
  const { runs, finished, events, nodes } = matcher.save();
  if (vector.pattern.within !== undefined) expect([runs, finished, events, nodes]).toEqual([[], [], [], []]);
});

const NOISE = { ts: 0, name: 'zz', price: -1 };

law<[VectorCase, number]>(
  'where events on which no condition holds are passed over, such an event changes nothing',
  400,
  [cases, fc.nat({ max: 8 })],
  (vector, place) => {
    const automaton = compileVector(vector, compiler);
    fc.pre(automaton.idleOnNoise);
    const at = place % vector.events.length;
    const events = vectorEvents(vector);
    const before = events[at] as StreamEvent;
    const noise = { ...before, seq: -1, body: NOISE };
    const version = new ActiveVersion(1, automaton, () => undefined);
    const receiver = { match: () => undefined, timeout: () => undefined, overflow: () => undefined };
    const matcher = new RunMatcher([version], version, 'ordered', { runsMax: 1, overflow: 'dropOldest' }, receiver);
    fc.pre(matcher.isNoise(noise, undefined));
    const run = (list: readonly StreamEvent[]): string[] => {
      const given = new PatternMatcher(automaton);
      for (const event of list) given.accept(event);
      given.advance(vector.endWatermark);
      // A run pruned by an absence still times out if no event of its key comes before: there, any event counts.
      const keeps = vector.pattern.skip === undefined;
      return given
        .take()
        .filter((match) => keeps || match.kind === 'match')
        .map(textOfMatch);
    };
    expect(run([...events.slice(0, at + 1), noise, ...events.slice(at + 1)])).toEqual(run(events));
  },
);

interface LimitedRun {
  readonly given: readonly string[];
  readonly dropped: number;
  readonly runsMax: number;
}

/** With at most `runsMax` live runs; restored from text after every event if `restoring`. */
function limited(
  vector: VectorCase,
  automaton: Automaton,
  options: { overflow: 'dropOldest' | 'dropNewest'; runsMax: number; restoring: boolean },
): LimitedRun {
  const given: string[] = [];
  let dropped = 0;
  let runsMax = 0;
  const version = new ActiveVersion(1, automaton, () => undefined);
  const matcher = new RunMatcher([version], version, 'ordered', options, {
    match: (finished) => given.push(textOfMatch(toMatch(finished, 'match', false))),
    timeout: (finished, matched) => given.push(textOfMatch(toMatch(finished, 'timeout', matched))),
    overflow: (count) => (dropped += count),
  });
  let set: RunSet = createRunSet();
  vectorEvents(vector).forEach((event, at) => {
    matcher.advance(set, event.time);
    matcher.step(set, event, at + 1, undefined);
    runsMax = Math.max(runsMax, set.size);
    if (!options.restoring) return;
    set = loadRunSet(JSON.parse(JSON.stringify(saveRunSet(set))) as ReturnType<typeof saveRunSet>, () => version);
  });
  matcher.advance(set, vector.endWatermark);
  return { given, dropped, runsMax };
}

law<[VectorCase, 'dropOldest' | 'dropNewest', number]>(
  'live runs never exceed their limit, and which go is the same after a restart',
  700,
  [cases, fc.constantFrom('dropOldest', 'dropNewest'), fc.integer({ min: 1, max: 5 })],
  (vector, overflow, runsMax) => {
    const automaton = compileVector(vector, compiler);
    const options = { overflow, runsMax, restoring: false };
    const given = limited(vector, automaton, options);
    expect(given.runsMax).toBeLessThanOrEqual(runsMax);
    expect(limited(vector, automaton, { ...options, restoring: true })).toEqual(given);
    if (given.dropped === 0) expect(given.given).toEqual(straight(vector));
  },
);

law<[VectorCase]>(
  'a run of a bounded pattern without a window ends after a bounded number of events and time',
  400,
  [cases],
  (vector) => {
    const pattern = { ...vector.pattern, within: undefined };
    fc.pre(pattern.sequence.every((step) => step.notFollowedBy === undefined || step.within !== undefined));
    const automaton = compileVector({ ...vector, pattern }, compiler);
    fc.pre(automaton.bounded);
    const version = new ActiveVersion(1, automaton, () => undefined);
    const receiver = { match: () => undefined, timeout: () => undefined, overflow: () => undefined };
    const matcher = new RunMatcher([version], version, 'ordered', { runsMax: 1e6, overflow: 'dropOldest' }, receiver);
    const set = createRunSet();
    const events = vectorEvents(vector);
    const last = events[events.length - 1] as StreamEvent;
    const more = automaton.states.map((_state, i) => ({ ...last, time: last.time + 100 * (i + 1), body: NOISE }));
    [...events, ...more].forEach((event, at) => {
      matcher.advance(set, event.time);
      matcher.step(set, event, at + 1, undefined);
    });
    expect(set.toArray().filter((run) => run.startId <= events.length)).toEqual([]);
  },
);
