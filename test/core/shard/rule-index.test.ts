import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RulePlan } from '../../../src/core/document/plans.js';
import type { Scope } from '../../../src/core/expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../../../src/core/expression/expression.js';
import { NO_EVENT } from '../../../src/core/nfa/active-version.js';
import { FieldsIndex } from '../../../src/core/shard/access-index.js';
import { ActiveRule } from '../../../src/core/shard/active-rule.js';
import { createCounters } from '../../../src/core/shard/rule-counters.js';
import type { EqualityAccess } from '../../../src/core/shard/rule-access.js';
import { MatchList } from '../../../src/core/shard/match-list.js';
import { RuleIndex } from '../../../src/core/shard/rule-index.js';
import {
  FOUND_ASK,
  FOUND_BEGINS,
  FOUND_BITS,
  FOUND_SURE_BEGIN,
  FOUND_SURE_END,
} from '../../../src/core/shard/way-rows.js';
import { ruleSetOf } from './shard-fixture.js';

const SOURCE = `
kind: source
name: s
nats: { stream: S, subjects: ["in.>"] }
event: { time: t }
`;

const placesOf = (found: readonly number[]): number[] => found.map((one) => one >> FOUND_BITS);

function findIn(index: RuleIndex, body: unknown): number[] {
  const out: number[] = [];
  index.find(body, out);
  return out;
}

const parts = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "type = 'a'",
      "type = 'b'",
      "'c' = type",
      'code = 1',
      'code = 2',
      'at.place = 3',
      'type = $params.kind',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'v > 1',
      'v >= 2',
      '3 > v',
      'v <= 2',
      'v < $params.most',
      'at.height > 10',
      '2 <= at.height',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('v != 1', '$exists(code)', "type in ['a', 'b']"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("type = 'a'[1]", "type{'k': 1} = 'b'", 'type = $params.kind[]', 'v > 1[1]'),
  },
);
const conditions = fc.array(parts, { minLength: 1, maxLength: 3 }).map((all) => all.join(' and '));

const rules = fc.array(
  fc.record({
    first: conditions,
    second: conditions,
    filter: fc.option(conditions, { nil: undefined, freq: 2 }),
    strict: fc.constantFrom(false, false, true),
    optional: fc.constantFrom(false, false, true),
    kind: fc.constantFrom('a', 'b'),
    most: fc.nat({ max: 4 }),
  }),
  { minLength: 1, maxLength: 24 },
);

type DrawnRule = typeof rules extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

function planText({ first, second, filter, strict, optional, kind, most }: DrawnRule, at: number): string {
  return `kind: rule
name: r${at}
source: s
key: k
${filter === undefined ? '' : `where: ${JSON.stringify(filter)}\n`}pattern:
  parameters: { kind: { type: string, default: a }, most: { type: number, default: 1 } }
  within: 1m
  sequence:
    - { begin: x, where: ${JSON.stringify(first)}${optional ? ', optional: true' : ''} }
    - { ${strict ? 'next' : 'followedBy'}: y, where: ${JSON.stringify(second)} }
with: { kind: ${kind}, most: ${most} }
`;
}

const field = fc.constantFrom<unknown>(
  undefined,
  null,
  0,
  1,
  2,
  3,
  11,
  '1',
  'a',
  'b',
  'c',
  true,
  [1],
  ['a', 'b'],
  [],
  {},
);
const bodies = fc.record({
  type: fc.constantFrom<unknown>('a', 'b', 'c', 1, undefined, ['a']),
  code: field,
  v: field,
  at: fc.oneof(
    fc.record({ place: field, height: field }),
    fc.constantFrom<unknown>(undefined, 3, [{ place: 3, height: 11 }]),
  ),
});

/** A condition that fails does not hold. */
function holdsOn(expression: RulePlan['where'], body: unknown, params: RulePlan['params']): boolean {
  if (expression === undefined) return true;
  const event = { time: 0, type: undefined, subject: '', headers: undefined };
  const scope: Scope = {
    body,
    event,
    key: undefined,
    params,
    constants: NO_CONSTANTS,
    stageEvents: () => [],
  };
  try {
    return expression.test(scope);
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

function isConcerned(plan: RulePlan, body: unknown): boolean {
  const { automaton } = plan;
  if (!holdsOn(plan.where, body, plan.params)) return false;
  if (!automaton.idleOnNoise) return true;
  return automaton.predicates.some(({ expression }) => holdsOn(expression, body, automaton.params));
}

/** True if the event would begin a run of the rule. */
function begins(rule: ActiveRule, body: unknown): boolean {
  const event = { ...NO_EVENT, body };
  return rule.admit(event, undefined) && rule.starts(event, undefined);
}

/** True if the event would complete a lone run, gaps aside. */
function ends({ loneEnd }: ActiveRule, { automaton }: RulePlan, body: unknown): boolean {
  const expression = loneEnd && automaton.predicates[loneEnd.predicate]?.expression;
  return expression !== undefined && holdsOn(expression, body, automaton.params);
}

function activeRules(plans: readonly RulePlan[]): ActiveRule[] {
  return plans.map((plan, at) => {
    const rule = new ActiveRule(plan.name, at + 1, createCounters(), () => new MatchList());
    rule.useVersions([{ version: 1, plan, draining: false }], 0, 0);
    return rule;
  });
}

test('every rule that an event may concern is found, in order and once, and said to begin a run if it does, whatever it demands', () => {
  let found = 0;
  let saidToBegin = 0;
  let asked = 0;
  let sure = 0;
  fc.assert(
    fc.property(rules, fc.array(bodies, { minLength: 5, maxLength: 20 }), (drawn, events) => {
      const plans = [...ruleSetOf([SOURCE, ...drawn.map(planText)].join('---\n')).rules.values()];
      const active = activeRules(plans);
      const index = new RuleIndex(active);
      for (const body of events) {
        const out = findIn(index, body);
        const places = placesOf(out);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        const missing = plans.flatMap((plan, at) =>
          isConcerned(plan, body) && !places.includes(at) ? [plan.name] : [],
        );
        expect(missing).toEqual([]);
        const unsaid = active.flatMap((rule, at) =>
          begins(rule, body) && !out.some((one) => one >> FOUND_BITS === at && (one & FOUND_BEGINS) !== 0)
            ? [rule.name]
            : [],
        );
        expect(unsaid).toEqual([]);
        for (const one of out) {
          if ((one & FOUND_ASK) !== 0) continue;
          const at = one >> FOUND_BITS;
          const [rule, plan] = [active[at] as ActiveRule, plans[at] as RulePlan];
          expect((one & FOUND_SURE_BEGIN) !== 0).toBe(begins(rule, body));
          expect((one & FOUND_SURE_END) !== 0).toBe(ends(rule, plan, body));
          sure++;
        }
        found += out.length;
        saidToBegin += out.filter((one) => (one & FOUND_BEGINS) !== 0).length;
        asked += plans.length;
      }
    }),
    { numRuns: 300, seed: 11 },
  );
  // It leaves out what it can: else it were no index.
  expect(found).toBeLessThan(0.8 * asked);
  expect(saidToBegin).toBeLessThan(found);
  expect(sure).toBeGreaterThan(100);
});

test('of thousands of rules that differ in constants and thresholds those are found that hold, and no others', () => {
  const texts = Array.from(
    { length: 2_000 },
    (_, at) => `kind: rule
name: r${at}
source: s
key: k
pattern:
  within: 1m
  sequence:
    - { begin: x, where: "type = 't${at % 20}' and code = ${at % 100} and v > ${at % 7}" }
    - { followedBy: y, where: "type = 'end' and code = ${at % 100}" }
`,
  );
  const plans = [...ruleSetOf([SOURCE, ...texts].join('---\n')).rules.values()];
  const index = new RuleIndex(activeRules(plans));
  for (let code = 0; code < 100; code++) {
    for (const v of [0, 3, 6.5]) {
      const out = findIn(index, { type: `t${code % 20}`, code, v });
      const holding = plans.flatMap((_, at) => (at % 20 === code % 20 && at % 100 === code && v > at % 7 ? [at] : []));
      expect(placesOf(out)).toEqual(holding);
    }
  }
  // What only the second step takes begins nothing.
  expect(findIn(index, { type: 'end', code: 7, v: 9 })).toEqual(
    plans.flatMap((_, at) => (at % 100 === 7 ? [(at << FOUND_BITS) | FOUND_SURE_END] : [])),
  );
  expect(findIn(index, { type: 'other', code: 1, v: 9 })).toEqual([]);
});

test('a rule found by less than all that its condition demands is asked', () => {
  const texts = Array.from(
    { length: 40 },
    (_, at) => `kind: rule
name: r${at}
source: s
key: k
pattern:
  within: 1m
  sequence: [{ begin: x, where: "type = 'a' and f${at} = 1" }, { followedBy: y, where: "type = 'b' and f${at} = 1" }]
`,
  );
  const index = new RuleIndex(activeRules([...ruleSetOf([SOURCE, ...texts].join('---\n')).rules.values()]));
  const found = findIn(index, { type: 'a' });
  expect(found.length).toBeGreaterThan(10);
  const marks = FOUND_ASK | FOUND_SURE_BEGIN | FOUND_SURE_END;
  expect(found.filter((one) => (one & marks) !== FOUND_ASK)).toEqual([]);
});

test('a field is told from a path, whatever it is called', () => {
  const texts = ['a.b = 1', '`["a","b"]` = 1', '`a\nb` = 1', 'a = 1 and b = 1'].map(
    (where, at) => `kind: rule
name: r${at}
source: s
key: k
pattern:
  within: 1m
  sequence: [{ begin: x, where: ${JSON.stringify(where)} }, { followedBy: y, where: "end = 1" }]
`,
  );
  const index = new RuleIndex(activeRules([...ruleSetOf([SOURCE, ...texts].join('---\n')).rules.values()]));
  const bodies = [{ a: { b: 1 } }, { '["a","b"]': 1 }, { 'a\nb': 1 }, { a: 1, b: 1 }];
  expect(bodies.filter((body, at) => !placesOf(findIn(index, body)).includes(at))).toEqual([]);
});

test('rules that come, change and go one by one leave what putting them in anew gives', () => {
  const changes = fc.array(
    fc.record({
      at: fc.nat({ max: 23 }),
      what: fc.constantFrom('remove', 'change', 'add', 'swap'),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(rules, changes, fc.array(bodies, { minLength: 3, maxLength: 10 }), (drawn, steps, events) => {
      const plans = [...ruleSetOf([SOURCE, ...drawn.map(planText)].join('---\n')).rules.values()];
      let list = activeRules(plans);
      const spare = activeRules(plans);
      const index = new RuleIndex(list);
      for (const { at, what } of steps) {
        const place = at % Math.max(1, list.length);
        const plan = plans[at % plans.length] as RulePlan;
        if (what === 'remove') list = list.filter((_, i) => i !== place);
        else if (what === 'swap') list = [...list.slice(place), ...list.slice(0, place)];
        else if (what === 'change') list[place]?.useVersions([{ version: 2, plan, draining: false }], 0, 0);
        else list = [...list, ...spare.splice(0, 1)];
        index.use(list);
        const anew = new RuleIndex(list);
        for (const body of events) {
          const [given, expected]: [number[], number[]] = [[], []];
          index.find(body, given);
          anew.find(body, expected);
          expect(given).toEqual(expected);
        }
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});

test('constants that come and go leave room behind, and the index says when it should be made anew', () => {
  const index = new FieldsIndex([['code'], ['type']]);
  const equalities = (code: number): EqualityAccess[] => [
    { fields: ['code'], value: code },
    { fields: ['type'], value: 'a' },
  ];
  const way = (slot: number): number => slot << FOUND_BITS;
  index.add(equalities(0), undefined, way(1));
  let changes = 0;
  while (!index.isWasteful) {
    index.add(equalities(++changes), undefined, way(2));
    index.remove(equalities(changes), way(2));
  }
  expect(changes).toBeGreaterThan(100);
  const found: number[] = [];
  for (const code of [0, changes]) index.find({ code, type: 'a' }, (one) => found.push(one));
  expect(found).toEqual([way(1)]);
  index.remove(equalities(0), way(1));
  expect(index.isEmpty).toBe(true);
});
