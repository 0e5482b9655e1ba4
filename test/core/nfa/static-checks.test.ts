import { describe, expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { PatternBody, StepDocument } from '../../../src/core/document/documents.js';
import { normalizePattern } from '../../../src/core/document/normalize-pattern.js';
import type { Automaton } from '../../../src/core/nfa/automaton.js';
import { compileAutomaton } from '../../../src/core/nfa/compile-automaton.js';

const compiler = createJsonataCompiler();

/** What a pattern is refused for, `code at pointer`; empty if it compiles. */
function refusals(pattern: PatternBody): string[] {
  const def = normalizePattern(pattern, { name: 'p', params: {}, pointer: '' });
  if (!def.ok) return def.diagnostics.map(({ code, pointer }) => `${code} ${pointer}`);
  const automaton = compileAutomaton(def.value, { expressions: compiler });
  return automaton.ok ? [] : automaton.diagnostics.map(({ code, pointer }) => `${code} ${pointer}`);
}

function automatonOf(pattern: PatternBody): Automaton {
  const def = normalizePattern(pattern, { name: 'p', params: {}, pointer: '' });
  if (!def.ok) throw new Error(def.diagnostics[0]?.message);
  const automaton = compileAutomaton(def.value, { expressions: compiler });
  if (!automaton.ok) throw new Error(automaton.diagnostics[0]?.message);
  return automaton.value;
}

const where = "name = 'x'";
const a: StepDocument = { begin: 'a', where };
const b: StepDocument = { followedBy: 'b', where };
const c: StepDocument = { followedBy: 'c', where };
const never: StepDocument = { notFollowedBy: 'n', where };
const notNow: StepDocument = { notNext: 'm', where };
const group = (step: StepDocument, ...sequence: StepDocument[]): StepDocument => ({ ...step, sequence });

const branch: StepDocument = { begin: 'x', where };
const other: StepDocument = { begin: 'y', where };
const anyOf = (...branches: StepDocument[]): PatternBody => ({ sequence: [a, { followedBy: 'g', anyOf: branches }] });
const allOf = (...branches: StepDocument[]): PatternBody => ({ sequence: [a, { followedBy: 'g', allOf: branches }] });

const refused: readonly (readonly [string, PatternBody, string])[] = [
  ['a pattern whose stages are all optional', { sequence: [{ ...a, optional: true }] }, 'all-optional /sequence'],
  [
    'a group whose stages are all optional',
    { sequence: [a, group({ followedBy: 'g' }, { ...a, begin: 'h', times: { min: 0 } })] },
    'all-optional /sequence/1/sequence',
  ],
  ['a choice of one', anyOf(branch), 'invalid-branches /sequence/1/anyOf'],
  [
    'a set of seven',
    allOf(...'stuvwxy'.split('').map((begin) => ({ begin, where }))),
    'invalid-branches /sequence/1/allOf',
  ],
  ['an optional branch', anyOf({ ...branch, optional: true }, other), 'optional-branch /sequence/1/anyOf/0'],
  [
    'a branch that begins with an optional step',
    anyOf(group({ begin: 'h' }, { ...branch, optional: true }, b), other),
    'optional-branch /sequence/1/anyOf/0',
  ],
  [
    'a greedy branch',
    anyOf({ ...branch, times: { min: 1 }, greedy: true }, other),
    'greedy-branch /sequence/1/anyOf/0/greedy',
  ],
  [
    'a branch behind one that takes every event',
    anyOf({ begin: 'x' }, other),
    'unreachable-branch /sequence/1/anyOf/0',
  ],
  ['a member of several events', allOf({ ...branch, times: 2 }, other), 'invalid-branches /sequence/1/allOf/0'],
  ['a branch with a word of its own', anyOf(branch, { next: 'y', where }), 'invalid-step /sequence/1/anyOf/1/next'],
  [
    'a choice with a condition',
    { sequence: [{ begin: 'g', where, anyOf: [branch, other] }] },
    'invalid-step /sequence/0/where',
  ],
  [
    'a choice with a gap',
    { sequence: [a, { followedBy: 'g', within: '1m', anyOf: [branch, other] }] },
    'within-on-group /sequence/1/within',
  ],
  [
    'a choice and a group in one',
    { sequence: [a, { followedBy: 'g', sequence: [branch], anyOf: [branch, other] }] },
    'invalid-step /sequence/1/anyOf',
  ],
  [
    'a negation of a choice',
    { sequence: [a, { notFollowedBy: 'g', anyOf: [branch, other] }, b] },
    'invalid-step /sequence/1/anyOf',
  ],
  [
    'a branch as the target of a skip',
    { ...anyOf(branch, other), skip: { skipToFirst: 'x' } },
    'unknown-skip-target /skip',
  ],
  ['a negation first', { sequence: [never, b] }, 'invalid-step /sequence/0/notFollowedBy'],
  [
    'a negation first in a group',
    { sequence: [a, group({ followedBy: 'g' }, notNow, b)] },
    'invalid-step /sequence/1/sequence/0/notNext',
  ],
  ['two negations in a row', { sequence: [a, notNow, never, b] }, 'negations-in-a-row /sequence/2/notFollowedBy'],
  [
    'a negation directly after an optional stage',
    { sequence: [a, { ...b, optional: true }, never, c] },
    'negation-after-optional /sequence/2/notFollowedBy',
  ],
  [
    'a negation directly after a stage that may be taken no time',
    { sequence: [a, { ...b, times: { min: 0 } }, notNow, c] },
    'negation-after-optional /sequence/2/notNext',
  ],
  ['an absence without a time', { sequence: [a, never] }, 'absence-without-within /sequence/1/notFollowedBy'],
  [
    'a negation at the end of a group',
    { within: 5, sequence: [group({ begin: 'g' }, a, never), b] },
    'negation-ends-group /sequence/0/sequence/1/notFollowedBy',
  ],
  [
    '`within` on a group',
    { sequence: [{ ...group({ begin: 'g' }, a), within: 5 }] },
    'within-on-group /sequence/0/within',
  ],
  [
    '`within` on a negation inside',
    { sequence: [a, { ...never, within: 5 }, b] },
    'within-on-negation /sequence/1/within',
  ],
  [
    '`within` on a trailing notNext',
    { sequence: [a, { ...notNow, within: 5 }] },
    'within-on-negation /sequence/1/within',
  ],
  ['a window of nothing', { within: 0, sequence: [a, b] }, 'invalid-duration /within'],
  [
    '`until` without an open maximum',
    { sequence: [{ ...a, times: { min: 1, max: 3 }, until: where }] },
    'until-without-loop /sequence/0/until',
  ],
  ['`times: 0`', { sequence: [{ ...a, times: 0 }, b] }, 'invalid-times /sequence/0/times'],
  [
    'a maximum below the minimum',
    { sequence: [{ ...a, times: { min: 3, max: 2 } }] },
    'invalid-times /sequence/0/times',
  ],
  ['a greedy group', { sequence: [{ ...group({ begin: 'g' }, a), greedy: true }] }, 'greedy-group /sequence/0/greedy'],
  ['an empty group', { sequence: [a, group({ followedBy: 'g' })] }, 'empty-group /sequence/1/sequence'],
  [
    'a stage name twice',
    { sequence: [a, group({ followedBy: 'g' }, { ...a, begin: 'a' })] },
    'duplicate-stage /sequence/1/sequence/0/begin',
  ],
  ['a skip target that is not a stage', { skip: { skipToFirst: 'z' }, sequence: [a, b] }, 'unknown-skip-target /skip'],
  [
    'a skip target inside a group',
    { skip: { skipToLast: 'a' }, sequence: [group({ begin: 'g' }, a), b] },
    'unknown-skip-target /skip',
  ],
  ['a negation as skip target', { skip: { skipToLast: 'n' }, sequence: [a, never, b] }, 'unknown-skip-target /skip'],
  [
    'a condition over a later stage',
    { sequence: [{ ...a, where: 'price > $b[0].price' }, b] },
    'stage-ahead /sequence/0/where',
  ],
  [
    '`until` over a later stage',
    { sequence: [{ ...a, times: { min: 1 }, until: '$count($b) > 1' }, b] },
    'stage-ahead /sequence/0/until',
  ],
  [
    'a later stage of the same group, if the group is not repeated',
    { sequence: [group({ begin: 'g' }, { ...a, where: '$count($b) = 0' }, b)] },
    'stage-ahead /sequence/0/sequence/0/where',
  ],
  [
    'contiguity of two kinds at once',
    { sequence: [{ ...a, times: 2, consecutive: true, allowCombinations: true }] },
    'invalid-step /sequence/0/allowCombinations',
  ],
  ['a condition on a group', { sequence: [{ ...group({ begin: 'g' }, a), where }] }, 'invalid-step /sequence/0/where'],
  ['a count on a negation', { sequence: [a, { ...never, times: 2 }, b] }, 'invalid-step /sequence/1/times'],
];

describe('refused, with the place:', () => {
  test.each(refused)('%s', (_, pattern, refusal) => {
    expect(refusals(pattern)).toContain(refusal);
  });
});

describe('not refused:', () => {
  test('one obligatory stage among optional ones', () => {
    expect(refusals({ sequence: [{ ...a, optional: true }, b, { ...c, optional: true }] })).toEqual([]);
  });

  test('an absence under a window of its own or of the pattern', () => {
    expect(refusals({ sequence: [a, { ...never, within: 5 }] })).toEqual([]);
    expect(refusals({ within: 5, sequence: [a, never] })).toEqual([]);
  });

  test('a later stage of the same repeated group, in a condition and in its `until`', () => {
    const repeated = { ...group({ begin: 'g' }, { ...a, where: '$count($b) < 3' }, b), times: { min: 1 } };
    expect(refusals({ sequence: [{ ...repeated, until: '$count($b) = 3' }, c] })).toEqual([]);
  });

  test('the stage itself, which holds what it took before', () => {
    expect(refusals({ sequence: [{ ...a, times: { min: 1 }, where: '$count($a) < 3' }, b] })).toEqual([]);
  });
});

describe('a pattern is bounded', () => {
  test('under a window, whatever it repeats', () => {
    expect(automatonOf({ within: 5, sequence: [{ ...a, times: { min: 1 } }, b] }).bounded).toBe(true);
  });

  test('if it never waits and never repeats without end', () => {
    const strict: StepDocument = { next: 'b', where };
    expect(automatonOf({ sequence: [a, { ...strict, times: { min: 1, max: 3 }, consecutive: true }] }).bounded).toBe(
      true,
    );
  });

  test('if a gap ends every wait', () => {
    expect(automatonOf({ sequence: [a, { ...b, within: 5 }] }).bounded).toBe(true);
    expect(automatonOf({ sequence: [a, { ...never, within: 5 }] }).bounded).toBe(true);
    expect(automatonOf({ sequence: [a, notNow] }).bounded).toBe(true);
  });

  test('not if it waits without end, or repeats without end', () => {
    expect(automatonOf({ sequence: [a, b] }).bounded).toBe(false);
    expect(automatonOf({ sequence: [a, { ...b, within: 5, times: { min: 1 } }] }).bounded).toBe(false);
    expect(automatonOf({ sequence: [{ ...a, times: { min: 1 }, consecutive: true }] }).bounded).toBe(false);
  });
});

describe('an event on which no condition holds can be passed over', () => {
  test('if the runs only wait', () => {
    expect(automatonOf({ sequence: [a, b] }).idleOnNoise).toBe(true);
    expect(automatonOf({ within: 5, sequence: [a, never] }).idleOnNoise).toBe(true);
  });

  test('not if a run would end by it, move on by it or match by it', () => {
    expect(automatonOf({ sequence: [a, { next: 'b', where }] }).idleOnNoise).toBe(false);
    expect(automatonOf({ sequence: [{ ...a, times: { min: 1 } }, b] }).idleOnNoise).toBe(false);
    expect(automatonOf({ sequence: [a, notNow] }).idleOnNoise).toBe(false);
  });

  test('not if a stage takes every event, or a condition looks at earlier events', () => {
    expect(automatonOf({ sequence: [a, { followedBy: 'b' }] }).idleOnNoise).toBe(false);
    expect(automatonOf({ sequence: [a, { ...b, where: 'price > $a[0].price' }] }).idleOnNoise).toBe(false);
  });
});
