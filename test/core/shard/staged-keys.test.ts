import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MERGED } from '../../runtime/restart-fixture.js';
import type { StagedKeys } from '../../../src/core/shard/staged-keys.js';
import { eventOf } from '../time/events.js';
import { ShardRun, ruleSetOf } from './shard-fixture.js';

const merged = ruleSetOf(MERGED);

const drawn = fc.record({
  source: fc.constantFrom('a', 'b'),
  stepMs: fc.oneof({ weight: 9, arbitrary: fc.nat(4_000) }, { weight: 1, arbitrary: fc.nat(40_000) }),
  type: fc.constantFrom('x', 'y', 'z'),
  k: fc.constantFrom<unknown>('k1', 'k2', 3, null),
  v: fc.nat(5),
  /** Keys taken before it. */
  taken: fc.nat(2),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

/** What the cut held, taken bit by bit while the rest of the events go on; `whole`: at once. */
function takenFrom(given: readonly Drawn[], cutAt: number, whole: boolean): string[] {
  const run = new ShardRun(merged);
  const records: string[] = [];
  const take = (cut: StagedKeys, most: number): void => {
    for (let i = 0; i < most; i++) {
      const change = cut.take();
      if (change === undefined) return;
      records.push(JSON.stringify(change));
    }
  };
  let time = 1_000_000;
  let cut: StagedKeys | undefined;
  given.forEach(({ source, stepMs, type, k, v, taken }, at) => {
    if (at === cutAt) {
      cut = run.shard.cut();
      if (whole) take(cut, Infinity);
    }
    if (cut !== undefined) take(cut, taken);
    time += stepMs;
    run.accept(source, [{ ...eventOf({ source, seq: at + 1, time, order: v, body: { type, k, v } }), type }]);
  });
  run.end();
  if (cut !== undefined) take(cut, Infinity);
  return records;
}

test('a cut holds every key as it was, however late it is taken and whatever happens meanwhile', () =>
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 60, size: 'max' }), fc.nat(59), (given, at) => {
      const cutAt = at % given.length;
      expect(takenFrom(given, cutAt, false)).toEqual(takenFrom(given, cutAt, true));
    }),
    { numRuns: 300 },
  ));

test('a key that goes after the cut is in this cut, and deleted by the next', () => {
  const run = new ShardRun(merged);
  const given = (seq: number, time: number): void => {
    for (const source of ['a', 'b'])
      run.accept(source, [
        { ...eventOf({ source, seq, time, order: 1, body: { type: 'x', k: 'k1', v: 1 } }), type: 'x' },
      ]);
  };
  given(1, 1_000_000);
  given(2, 1_010_000);
  const first = run.shard.cut();
  run.end();
  const second = run.shard.cut();
  const kinds = (cut: StagedKeys): boolean[] =>
    Array.from({ length: cut.count }, () => cut.take()?.record !== undefined);
  expect(first.count).toBeGreaterThan(0);
  expect(kinds(first).every((one) => one)).toBe(true);
  expect(kinds(second)).toEqual(kinds(second).map(() => false));
  expect(second.count).toBe(first.count);
});
