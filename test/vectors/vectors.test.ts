import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import type { VectorCase } from './vector-case.js';
import { whyNotArena } from '../../src/core/nfa/arena/accept-arena.js';
import { compileVector, judge, matchesAlone, runRestoring, runStraight } from './vector-case.js';
import type { WayOptions } from './vector-ways.js';
import { runThroughShard } from './vector-ways.js';

const expressions = createJsonataCompiler();

function casesOf(file: string): VectorCase[] {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as VectorCase[];
}

const files: readonly (readonly [string, number])[] = [
  ['worked.json', 66],
  ['generated.json', 1_500],
  ['negations.json', 2],
  ['choices.json', 20],
  ['found.json', 16],
];

test.each(files)('%s holds, straight and with the state restored after every event', (file, count) => {
  const cases = casesOf(file);
  expect(cases).toHaveLength(count);
  for (const run of [runStraight, runRestoring]) {
    const failed = cases.map((vector) => judge(vector, run(vector, expressions))).filter((verdict) => !verdict.passed);
    expect(failed.map(({ id, expected, got }) => ({ id, expected, got }))).toEqual([]);
  }
});

const alone = ['k'];
const ways: readonly (readonly [string, Omit<WayOptions, 'seed'>])[] = [
  ['straight', { shuffled: false, restoring: false, keys: alone }],
  ['with arrival shuffled inside the bound', { shuffled: true, restoring: false, keys: alone }],
  ['saved and restored after every input', { shuffled: false, restoring: true, keys: alone }],
  ['with other keys in between', { shuffled: false, restoring: false, keys: ['other', 'k', 'third'] }],
  [
    'with no key in memory between inputs',
    { shuffled: true, restoring: false, spilling: true, keys: ['other', 'k', 'third'] },
  ],
  ['all at once', { shuffled: true, restoring: true, keys: ['other', 'k', 'third'] }],
];

test('the arena accepts a good part of the vectors', () => {
  const automata = files.flatMap(([file]) => casesOf(file)).map((vector) => compileVector(vector, expressions));
  const accepted = automata.filter((automaton) => whyNotArena(automaton, { onTimeout: false }) === undefined);
  expect(accepted.length).toBeGreaterThan(automata.length / 4);
});

test.each(ways)('every vector gives its matches on every executor that accepts it, %s', (_, way) => {
  for (const [file] of files) {
    const failed = casesOf(file)
      .map((vector, seed) =>
        judge(matchesAlone(vector), runThroughShard(vector, expressions, { ...way, seed, paths: true })),
      )
      .filter((verdict) => !verdict.passed);
    expect(failed.map(({ id, expected, got }) => ({ id, expected, got }))).toEqual([]);
  }
});

test.each(ways)('every vector holds through event time and shard, %s', (_, way) => {
  for (const [file] of files) {
    const failed = casesOf(file)
      .map((vector, seed) => judge(vector, runThroughShard(vector, expressions, { ...way, seed })))
      .filter((verdict) => !verdict.passed);
    expect(failed.map(({ id, expected, got }) => ({ id, expected, got }))).toEqual([]);
  }
});
