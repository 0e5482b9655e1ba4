/** Conditions that several rules have are evaluated once for an event, and mean to each rule what they mean to it alone. */
import { expect, test } from 'vitest';
import type { Expression } from '../../../src/core/expression/expression.js';
import { squeezeBlanks } from '../../../src/core/expression/source-form.js';
import { SharedVerdicts } from '../../../src/core/nfa/shared-verdicts.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { ActiveRule } from '../../../src/core/shard/active-rule.js';
import { MatchList } from '../../../src/core/shard/match-list.js';
import { createCounters } from '../../../src/core/shard/rule-counters.js';
import { advanceShard, Shard } from '../../../src/core/shard/shard.js';
import { NO_EVENT } from '../../../src/core/nfa/active-version.js';
import { assignmentsOf, ruleSetOf } from './shard-fixture.js';

const SOURCE = 'kind: source\nname: s\nnats: { stream: S, subjects: ["in.>"] }\nevent: { time: t }\n';

interface Written {
  readonly first: string;
  readonly second: string;
  readonly filter?: string;
}

const textOf = ({ first, second, filter }: Written, at: number): string => `kind: rule
name: r${at}
source: s
key: k
${filter === undefined ? '' : `where: "${filter}"\n`}pattern:
  within: 1m
  sequence:
    - { begin: x${at}, where: "${first}" }
    - { followedBy: y, where: "${second}" }
`;

function assignmentsFor(rules: readonly Written[]): ReturnType<typeof assignmentsOf> {
  return assignmentsOf(ruleSetOf([SOURCE, ...rules.map(textOf)].join('---\n')));
}

const eventOf = (seq: number, body: unknown): StreamEvent => ({ ...NO_EVENT, source: 's', seq, time: seq, body });

/** Counts evaluations by source. */
function counted(expressions: Iterable<Expression>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const expression of new Set(expressions)) {
    const original = expression.test.bind(expression);
    expression.test = (scope) => {
      const source = squeezeBlanks(expression.source);
      counts.set(source, (counts.get(source) ?? 0) + 1);
      return original(scope);
    };
  }
  return counts;
}

test('a condition of many rules is evaluated once for an event, however it is spaced', () => {
  const rules = Array.from({ length: 40 }, (_, at) => ({
    first: at % 2 === 0 ? "$contains(name, 'adm')" : "$contains( name,  'adm' )",
    second: `$length(name) > ${at % 4}`,
    filter: '$exists(name)',
  }));
  const assignments = assignmentsFor(rules);
  const plans = assignments.map(({ versions }) => versions[0]?.plan);
  const counts = counted(
    plans.flatMap((plan) => [
      ...(plan?.automaton.predicates.map(({ expression }) => expression) ?? []),
      ...(plan?.where === undefined ? [] : [plan.where]),
    ]),
  );
  const shard = new Shard();
  advanceShard(shard, { kind: 'rules', rules: assignments });
  const events = ['admin', 'guest', 'adm', 'x', 'administrator'].map((name, at) => eventOf(at + 1, { k: 1, name }));
  const { matches } = advanceShard(shard, { kind: 'events', source: 's', events, watermark: 0 });
  expect(matches.length).toBeGreaterThan(40);
  expect(counts.size).toBeGreaterThanOrEqual(6);
  for (const count of counts.values()) expect(count).toBeLessThanOrEqual(events.length);
});

test('one that fails is counted for each rule that asks', () => {
  const assignments = assignmentsFor(
    Array.from({ length: 5 }, () => ({ first: '$length(name) > 1', second: 'false' })),
  );
  const shard = new Shard();
  advanceShard(shard, { kind: 'rules', rules: assignments });
  const events = [eventOf(1, { k: 1, name: 5 }), eventOf(2, { k: 1, name: 'ab' }), eventOf(3, { k: 1, name: 7 })];
  advanceShard(shard, { kind: 'events', source: 's', events, watermark: 0 });
  const failures = [...shard.counters.values()].map(({ conditionErrors, lastConditionError }) => [
    conditionErrors,
    lastConditionError?.event,
  ]);
  expect(failures).toEqual(Array.from({ length: 5 }, () => [2, 's/3/0']));
});

test('one over the key or parameters is asked by each rule', () => {
  const text = (at: number): string =>
    textOf({ first: '$contains(name, $params.part)', second: "$string($key) & name = '1a'" }, at)
      .replace('pattern:\n', 'pattern:\n  parameters: { part: { type: string, default: a } }\n')
      .concat(`with: { part: ${at === 0 ? 'a' : 'b'} }\n`);
  const rules = assignmentsOf(ruleSetOf([SOURCE, text(0), text(1)].join('---\n')));
  const shard = new Shard();
  advanceShard(shard, { kind: 'rules', rules });
  const events = ['a', 'b', 'a'].map((name, at) => eventOf(at + 1, { k: 1, name }));
  const { matches } = advanceShard(shard, { kind: 'events', source: 's', events, watermark: 0 });
  const found = [...matches].map(({ rule, stages }) => [rule, ...stages.map(({ events: taken }) => taken[0]?.seq)]);
  expect(found).toEqual([
    ['r0', 1, 3],
    ['r1', 2, 3],
  ]);
});

test('nothing is kept of conditions of rules that are gone', () => {
  const verdicts = new SharedVerdicts();
  const rules = Array.from({ length: 3 }, (_, at) => ({ first: `a = ${at}`, second: 'b = 1', filter: `c = ${at}` }));
  const [one, two, three] = assignmentsFor(rules).map(({ versions }) => versions[0]);
  const rule = new ActiveRule('r', 1, createCounters(), () => new MatchList(), { verdicts });
  const other = new ActiveRule('o', 2, createCounters(), () => new MatchList(), { verdicts });
  if (one === undefined || two === undefined || three === undefined) throw new Error('three rules');
  rule.useVersions([one], 0, 0);
  other.useVersions([three], 0, 0);
  expect(verdicts.size).toBe(5);
  rule.useVersions(
    [
      { ...one, draining: true },
      { ...two, version: 2 },
    ],
    0,
    0,
  );
  expect(verdicts.size).toBe(7);
  rule.useVersions([{ ...two, version: 2 }], 0, 0);
  expect(verdicts.size).toBe(5);
  rule.useVersions([{ ...one, version: 2 }], 0, 0);
  expect(verdicts.size).toBe(5);
  other.release();
  expect(verdicts.size).toBe(3);
  rule.release();
  expect(verdicts.size).toBe(0);
});

test('blanks are squeezed between tokens, never within them', () => {
  expect(squeezeBlanks("  type  =\n 'a  b'  and x\t> 1 ")).toBe("type = 'a  b' and x > 1");
  expect(squeezeBlanks('a /* two  blanks */ = 1')).toBe('a /* two  blanks */ = 1');
  expect(squeezeBlanks('$match(a, /x  y/)')).toBe('$match(a, /x  y/)');
});
