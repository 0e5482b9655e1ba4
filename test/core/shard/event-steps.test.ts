/** Runs that a match at a deadline pruned are dropped by the key's next event, whatever it is (`Run.condemned`). */
import { expect, test } from 'vitest';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { NO_EVENT } from '../../../src/core/nfa/active-version.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { assignmentsOf, lineOf, ruleSetOf } from './shard-fixture.js';

const RULES = assignmentsOf(
  ruleSetOf(`kind: source
name: s
file: { path: ./s.ndjson }
event: { time: ts }
---
kind: rule
name: r
source: s
key: k
onTimeout: { alert: { subject: late } }
pattern:
  within: 10ms
  skip: skipPastLastEvent
  sequence: [{ begin: x, where: "type = 'a'", times: 2 }, { notFollowedBy: n, where: "type = 'n'" }]
`),
);

const eventOf = (time: number, body: unknown): StreamEvent => ({ ...NO_EVENT, source: 's', seq: time, time, body });

/** At 10 the first run is a match, and prunes the second, which is due at 15. */
const PRUNING = [eventOf(0, { type: 'a', k: 1 }), eventOf(5, { type: 'a', k: 1 })];

interface Step {
  readonly events: readonly StreamEvent[];
  readonly watermark: number;
}

function run(steps: readonly Step[]): { readonly lines: string[]; readonly shard: Shard } {
  const shard = new Shard();
  const lines: string[] = [];
  advanceShard(shard, { kind: 'rules', rules: RULES });
  for (const { events, watermark } of steps)
    lines.push(...[...advanceShard(shard, { kind: 'events', source: 's', events, watermark }).matches].map(lineOf));
  return { lines, shard };
}

test('an event that concerns no rule drops runs that a deadline before it condemned, however the watermark moved', () => {
  const events = [...PRUNING, eventOf(12, { type: 'other', k: 1 }), eventOf(30, { type: 'other', k: 1 })];
  const atOnce = run([{ events, watermark: 30 }]);
  const oneByOne = run(events.map((event) => ({ events: [event], watermark: event.time })));
  const timeFirst = run(
    events.flatMap((event) => [
      { events: [], watermark: event.time - 1 },
      { events: [event], watermark: event.time },
    ]),
  );
  expect(atOnce.lines).toEqual(['r match 1 10 0 x=s/0/0,s/5/0']);
  expect(oneByOne.lines).toEqual(atOnce.lines);
  expect(timeFirst.lines).toEqual(atOnce.lines);
});

test('without an event before their deadline they time out', () => {
  expect(run([{ events: [...PRUNING, eventOf(16, { type: 'other', k: 1 })], watermark: 30 }]).lines).toHaveLength(2);
  expect(run([{ events: [...PRUNING, eventOf(12, { type: 'other', k: 2 })], watermark: 30 }]).lines).toHaveLength(2);
});

test('an event that concerns no rule does not count as one without a key, whatever is condemned', () => {
  const { shard } = run([
    { events: [...PRUNING, eventOf(12, { type: 'other' }), eventOf(13, { type: 'a' })], watermark: 14 },
  ]);
  expect(shard.groups.values().next().value?.table.condemning).toBe(true);
  expect([...shard.keyMissing().values()]).toEqual([1]);
});
