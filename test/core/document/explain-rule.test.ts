import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { explainRule } from '../../../src/core/document/explain-rule.js';
import type { PatternBody } from '../../../src/core/document/documents.js';
import { normalizePattern } from '../../../src/core/document/normalize-pattern.js';
import type { RulePlan } from '../../../src/core/document/plans.js';
import { BOUND_EVENT_BYTES, stateBoundOf } from '../../../src/core/document/state-bound.js';
import { PatternMatcher } from '../../../src/core/nfa/match-pattern.js';
import { cases } from '../../support/patterns/random-pattern.js';
import { compileVector, vectorEvents } from '../../vectors/vector-case.js';
import { ruleSetOf } from '../shard/shard-fixture.js';

const compiler = createJsonataCompiler();

function planOf(more: string): RulePlan {
  const text = `
kind: source
name: s
nats: { stream: S, subjects: ["in.>"] }
event: { time: t }
---
kind: rule
name: r
source: s
key: card
${more}`;
  return ruleSetOf(text).rules.get('r') as RulePlan;
}

const PAIR = `pattern:
  within: 1m
  sequence:
    - { begin: a, where: type = 'x' }
    - { followedBy: b, where: type = 'y' and shop = $a.shop, within: 10s }`;

describe('an explanation', () => {
  const explained = explainRule(planOf(PAIR));

  test('tells which conditions look at the event and which at the run, and what they demand', () => {
    expect(explained.conditions).toEqual([
      { text: "type = 'x'", looksAt: 'event', evaluatedBy: 'closures', demands: ['type = "x"'], joins: [] },
      {
        text: "type = 'y' and shop = $a.shop",
        looksAt: 'run',
        evaluatedBy: 'closures',
        demands: ['type = "y"'],
        joins: ['shop = $a.shop'],
      },
    ]);
    expect(explained.sources).toEqual([{ source: 's', key: 'card' }]);
  });

  test('tells how an event finds the rule, and a run in its state', () => {
    expect(explained.reachedBy.constants).toEqual(['type = "x"', 'type = "y"']);
    expect(explained.executor.name).toBe('runs');
    const [start, waiting] = explained.states;
    expect(start).toMatchObject({
      kind: 'start',
      foundBy: null,
      ways: [{ action: 'take', stage: 'a', completes: false }],
    });
    expect(waiting).toMatchObject({ foundBy: 'shop = $a.shop' });
    expect(waiting?.ways).toContainEqual({
      action: 'take',
      stage: 'b',
      when: ["type = 'y' and shop = $a.shop"],
      to: expect.any(Number) as number,
      gapMs: 10_000,
      completes: true,
    });
    expect(waiting?.ways).toContainEqual(
      expect.objectContaining({ action: 'wait', when: ["not (type = 'y' and shop = $a.shop)"], to: waiting?.state }),
    );
  });

  test('of a rule that is asked about every event says why', () => {
    const strict = explainRule(
      planOf("pattern: { within: 1m, sequence: [{ begin: a, where: type = 'x' }, { next: b, where: v > 3 }] }"),
    );
    expect(strict.reachedBy).toMatchObject({ constants: [], because: expect.stringContaining('end a run') as string });
    const open = explainRule(planOf('pattern: { sequence: [{ begin: a, where: v > 3 }] }'));
    expect(open.reachedBy.because).toMatch(/demands no constant/);
    expect(open.executor.name).toBe('stateless');
  });
});

describe('the bound of a key', () => {
  const boundOf = (sequence: PatternBody['sequence']): unknown => {
    const def = normalizePattern({ sequence, within: '1m' }, { name: 'p', params: {}, pointer: '' });
    if (!def.ok) throw new Error(def.diagnostics[0]?.message);
    return stateBoundOf(def.value, { bounded: true, runsPerKeyMax: 10 }).eventsPerRunMax;
  };

  test('counts the events a run can take, in groups and choices too', () => {
    expect(
      boundOf([{ begin: 'a' }, { notFollowedBy: 'n' }, { followedBy: 'b', times: { min: 0, max: 3 } }, { next: 'c' }]),
    ).toBe(5);
    expect(boundOf([{ begin: 'g', times: 3, sequence: [{ begin: 'a', times: 2 }, { next: 'b' }] }])).toBe(9);
    const branches = [{ begin: 'a', where: 'x', times: 4 }, { begin: 'b' }];
    expect(boundOf([{ begin: 'g', anyOf: branches }])).toBe(4);
    expect(boundOf([{ begin: 'g', allOf: [{ begin: 'a' }, { begin: 'b' }] }])).toBe(2);
    expect(boundOf([{ begin: 'a', times: { min: 1 } }])).toBeNull();
  });

  test('is never exceeded by a saved key', () => {
    fc.assert(
      fc.property(cases, (vector) => {
        const automaton = compileVector(vector, compiler);
        const def = normalizePattern(vector.pattern, { name: 'p', params: {}, pointer: '' });
        if (!def.ok) return;
        const matcher = new PatternMatcher(automaton);
        let runsMax = 0;
        let bytesMax = 0;
        let eventsMax = 0;
        for (const event of vectorEvents(vector)) {
          matcher.accept(event);
          runsMax = Math.max(runsMax, matcher.liveRuns);
          const saved = matcher.save();
          bytesMax = Math.max(bytesMax, JSON.stringify(saved).length);
          eventsMax = Math.max(eventsMax, ...saved.nodes.map((_, at) => depthOf(saved.nodes, at)), 0);
        }
        const bound = stateBoundOf(def.value, { bounded: true, runsPerKeyMax: Math.max(1, runsMax) });
        if (bound.eventsPerRunMax === null || bound.bytesPerKeyMax === null) return;
        expect(eventsMax).toBeLessThanOrEqual(bound.eventsPerRunMax);
        // Finished runs that wait for earlier ones are held beside the live ones.
        if (vector.pattern.skip === undefined)
          expect(bytesMax).toBeLessThanOrEqual(bound.bytesPerKeyMax + BOUND_EVENT_BYTES);
      }),
      { numRuns: 400, seed: 7 },
    );
  });
});

function depthOf(nodes: readonly (readonly unknown[])[], at: number): number {
  const parent = nodes[at]?.[0] as number;
  return parent < 0 ? 1 : 1 + depthOf(nodes, parent);
}
