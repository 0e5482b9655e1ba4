import { expect, test } from 'vitest';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { NO_EVENT } from '../../../src/core/nfa/active-version.js';
import { AHEAD_MAX, FOUND_AHEAD_MAX, LookAhead } from '../../../src/core/shard/look-ahead.js';
import { RuleIndex } from '../../../src/core/shard/rule-index.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { ActiveRule } from '../../../src/core/shard/active-rule.js';
import { MatchList } from '../../../src/core/shard/match-list.js';
import { createCounters } from '../../../src/core/shard/rule-counters.js';
import { assignmentsOf, lineOf, ruleSetOf } from './shard-fixture.js';

const RULES = 600;

/** Rules that are asked about every event, in two groups of keys. */
const ruleSet = ruleSetOf(
  [
    'kind: source\nname: s\nfile: { path: ./s.ndjson }\nevent: { time: ts }\n',
    ...Array.from(
      { length: RULES },
      (_, at) => `kind: rule
name: r${at}
source: s
key: ${at % 3 === 0 ? 'k' : 'l'}
pattern:
  within: 5ms
  sequence: [{ begin: x, where: "v != ${at}" }, { next: y, where: "w = ${at}" }]
`,
    ),
  ].join('---\n'),
);

const events = Array.from({ length: 300 }, (_, at): StreamEvent => {
  const body = at % 60 === 59 ? { k: at - 1, l: at - 1, w: at } : { k: at, l: at, v: at };
  return { ...NO_EVENT, source: 's', seq: at, time: at, arrival: at, body };
});

test('looking ahead ends where more was found than a chunk of events should hold', () => {
  const active = [...ruleSet.rules.values()].map((plan, at) => {
    const rule = new ActiveRule(plan.name, at + 1, createCounters(), () => new MatchList());
    rule.useVersions([{ version: 1, plan, draining: false }], 0, 0);
    return rule;
  });
  const ahead = new LookAhead();
  const index = new RuleIndex(active);
  expect(RULES * AHEAD_MAX).toBeGreaterThan(2 * FOUND_AHEAD_MAX);
  let chunks = 0;
  for (let from = 0; from < events.length; chunks++) {
    const to = ahead.find(index, events, from, Math.min(events.length, from + AHEAD_MAX));
    expect(to).toBeGreaterThan(from);
    expect(ahead.found.length).toBe(RULES * (to - from));
    expect(ahead.found.length).toBeLessThan(FOUND_AHEAD_MAX + RULES);
    from = to;
  }
  expect(chunks).toBe(3);
});

test('what comes out does not depend on how far was looked ahead', () => {
  const linesOf = (batchMax: number): string[] => {
    const shard = new Shard();
    const lines: string[] = [];
    advanceShard(shard, { kind: 'rules', rules: assignmentsOf(ruleSet) });
    for (let from = 0; from < events.length; from += batchMax) {
      const batch = events.slice(from, from + batchMax);
      const watermark = (batch[batch.length - 1] as StreamEvent).time;
      for (const match of advanceShard(shard, { kind: 'events', source: 's', events: batch, watermark }).matches)
        lines.push(lineOf(match));
    }
    return [...lines, JSON.stringify([...shard.counters.values()])];
  };
  const lines = linesOf(events.length);
  expect(lines).toHaveLength(6);
  expect(lines).toEqual(linesOf(1));
});
