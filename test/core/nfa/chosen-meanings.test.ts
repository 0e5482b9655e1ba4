/** Where the text of the language leaves a choice, or says two things, what was chosen is held here. */
import { expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { PatternBody } from '../../../src/core/document/documents.js';
import { byEngine, byInterpreter } from './reference/compare.js';

const compiler = createJsonataCompiler();
const is = (name: string): string => `name = '${name}'`;

/** Outcomes of a pattern over events written `a0 b5`: name, then time; engine and interpreter agree on them. */
function outcomes(pattern: PatternBody, text: string, endWatermark: number): string[] {
  const events = text.split(' ').map((word) => ({ ts: Number(word.slice(1)), name: word.slice(0, 1) }));
  const vector = { id: 'chosen', pattern, events, endWatermark };
  const { matches, timeouts } = byEngine(vector, compiler);
  const reference = byInterpreter(vector, compiler, { stepwise: true });
  expect({ matches, timeouts }).toEqual({ matches: reference.matches, timeouts: reference.timeouts });
  return [...matches, ...timeouts];
}

test('a loop before an absence comes to wait for it only with the next event: in silence it times out', () => {
  const loop: PatternBody = {
    within: 10,
    sequence: [
      { begin: 'a', times: { min: 1 }, where: is('a') },
      { notFollowedBy: 'n', where: is('n') },
    ],
  };
  expect(outcomes(loop, 'a0', 10)).toEqual(['timeout a:0 at 10']);
  expect(outcomes(loop, 'a0 x1', 10)).toEqual(['match a:0 at 10', 'timeout a:0 at 10 matched']);
});

test('an optional stage that took an event settles the negation before it, also for a second optional one that has begun to wait', () => {
  const pattern: PatternBody = {
    sequence: [
      { begin: 'a', where: is('a') },
      { notFollowedBy: 'n', where: is('n') },
      { followedBy: 'b', optional: true, where: is('b') },
      { followedBy: 'c', optional: true, where: is('c') },
      { followedBy: 'd', where: is('d') },
    ],
  };
  expect(outcomes(pattern, 'a0 b1 x2 n3 c4 d5', 5)).toEqual(['match a:0 b:1 c:4 d:5 at 5', 'match a:0 b:1 d:5 at 5']);
  expect(outcomes(pattern, 'a0 x1 n2 b3 c4 d5', 5)).toEqual([]);
});

test('an event that satisfies the `until` of a group ends a run that waits for the head of the group', () => {
  const pattern: PatternBody = {
    sequence: [
      { begin: 'a', where: is('a') },
      { followedBy: 'g', times: { min: 1 }, until: is('u'), sequence: [{ begin: 'b', where: is('b') }] },
    ],
  };
  expect(outcomes(pattern, 'a0 u1 b2', 2)).toEqual([]);
  expect(outcomes(pattern, 'a0 x1 b2', 2)).toEqual(['match a:0 b:2 at 2']);
});

test('a run that an event leaves behind with its gap already over times out before the next event, at that gap', () => {
  const pattern: PatternBody = {
    sequence: [
      { begin: 'a', where: is('a') },
      { followedBy: 'b', optional: true, within: 5, where: is('b') },
      { followedBy: 'c', where: is('c') },
    ],
  };
  expect(outcomes(pattern, 'a0 x9', 9)).toEqual(['timeout a:0 at 5']);
});

test('deadlines pass one after another: the absence that ends first is the one a skip strategy keeps', () => {
  const pattern: PatternBody = {
    skip: 'skipToNext',
    sequence: [
      { begin: 'a', where: is('a') },
      { followedByAny: 'b', where: is('b') },
      { followedByAny: 'c', where: is('c') },
      { notFollowedBy: 'n', within: 3, where: is('n') },
    ],
  };
  expect(outcomes(pattern, 'a0 b1 b2 c3', 9)).toEqual(['match a:0 b:1 c:3 at 6']);
});

test('a run that grew by the event that settled its trailing notNext has matched, and times out as such', () => {
  const pattern: PatternBody = {
    within: 20,
    sequence: [
      { begin: 'b', times: { min: 1 }, where: is('b') },
      { notNext: 'n', where: is('n') },
    ],
  };
  expect(outcomes(pattern, 'b0 b1', 30)).toEqual([
    'match b:0 at 1',
    'timeout b:0,1 at 20 matched',
    'timeout b:1 at 21',
  ]);
});
