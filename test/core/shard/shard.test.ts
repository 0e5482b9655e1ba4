import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { MERGED, SINGLE } from '../../runtime/restart-fixture.js';
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { eventOf } from '../time/events.js';
import { ShardRun, assignmentsOf, ruleSetOf } from './shard-fixture.js';

const BOUND_MS = 5_000;
const merged = ruleSetOf(MERGED);
const single = ruleSetOf(SINGLE);

interface Drawn {
  readonly source: string;
  readonly stepMs: number;
  readonly type: string;
  readonly k: unknown;
  readonly v: number;
  /** How much later than in order it arrives. */
  readonly delayMs: number;
}

const drawn = fc.record({
  source: fc.constantFrom('a', 'b'),
  stepMs: fc.oneof({ weight: 9, arbitrary: fc.nat(4_000) }, { weight: 1, arbitrary: fc.nat(40_000) }),
  type: fc.constantFrom('x', 'y', 'z'),
  k: fc.constantFrom<unknown>('k1', 'k2', 3, null),
  v: fc.nat(5),
  delayMs: fc.nat(BOUND_MS - 1),
});
const list = fc.array(drawn, { maxLength: 80, size: 'max' });

/** The events in order of time. */
function eventsOf(given: readonly Drawn[], source?: string): StreamEvent[] {
  let time = 1_000_000;
  return given.map(({ stepMs, type, k, v, ...one }, at) => {
    time += stepMs;
    const event = eventOf({ source: source ?? one.source, seq: at + 1, time, order: v, body: { type, k, v } });
    return { ...event, type };
  });
}

function feed(
  run: ShardRun,
  events: readonly StreamEvent[],
  sizes: readonly number[],
  between = (): void => undefined,
): ShardRun {
  let at = 0;
  for (let batch = 0; at < events.length; batch++) {
    const size = sizes[batch % sizes.length] ?? 1;
    const part = events.slice(at, at + size);
    at += size;
    for (const source of ['a', 'b']) {
      const own = part.filter((event) => event.source === source);
      if (own.length > 0) run.accept(source, own);
    }
    between();
  }
  run.end();
  return run;
}
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
const straight = (events: readonly StreamEvent[]): ShardRun => feed(new ShardRun(merged), events, [1]);

describe('a shard', () => {
  test('says the same in the same order for every rule, however its input is cut', () =>
    fc.assert(
      fc.property(list, sizes, (given, cut) => {
        const events = eventsOf(given);
        expect(feed(new ShardRun(merged), events, cut).byRule).toEqual(straight(events).byRule);
      }),
      { numRuns: 200 },
    ));

  test('saved and loaded between any two inputs says the same', () =>
    fc.assert(
      fc.property(list, sizes, (given, cut) => {
        const events = eventsOf(given);
        const run = new ShardRun(merged);
        feed(run, events, cut, () => run.restart());
        expect(run.lines).toEqual(straight(events).lines);
      }),
      { numRuns: 200 },
    ));

  test('says the same of a key whatever other keys do in between', () =>
    fc.assert(
      fc.property(list, list, (given, noise) => {
        const events = eventsOf(given, 'a');
        const others = eventsOf(noise, 'a').map((event, at) => {
          const body = { ...(event.body as object), k: `other ${at % 3}` };
          return { ...event, seq: 1_000 + at, body };
        });
        const alone = new ShardRun(single);
        const among = new ShardRun(single);
        const all = [...events, ...others].sort((a, b) => a.time - b.time || a.seq - b.seq);
        const ofKeys = (run: ShardRun): string[] => run.lines.filter((line) => !line.includes('"other '));
        expect(ofKeys(feed(among, all, [3]))).toEqual(ofKeys(feed(alone, events, [3])));
      }),
      { numRuns: 200 },
    ));

  test('says the same however arrival is shuffled within the bound', () =>
    fc.assert(
      fc.property(list, sizes, (given, cut) => {
        const events = eventsOf(given);
        const arrived = events
          .map((event, at) => ({ event, at: event.time + (given[at] as Drawn).delayMs }))
          .sort((a, b) => a.at - b.at)
          .map(({ event }) => event);
        expect(feed(new ShardRun(merged), arrived, cut).lines).toEqual(straight(events).lines);
      }),
      { numRuns: 200 },
    ));

  test('says the same whether the sources come evenly or one long after the other', () =>
    fc.assert(
      fc.property(list, (given) => {
        const events = eventsOf(given);
        const apart = new ShardRun(merged);
        for (const source of ['b', 'a'])
          apart.accept(
            source,
            events.filter((event) => event.source === source),
          );
        apart.end();
        expect(apart.lines).toEqual(straight(events).lines);
      }),
    ));

  test('keeps no key, run or timer when every window has passed, in the store neither', () =>
    fc.assert(
      fc.property(list, sizes, (given, cut) => {
        for (const ruleSet of [merged, single]) {
          const source = ruleSet === single ? 'a' : undefined;
          const run = new ShardRun(ruleSet);
          feed(run, eventsOf(given, source), cut, () => void run.checkpoint());
          expect([run.shard.keyCount, run.shard.timerCount, run.liveRuns, run.checkpoint()]).toEqual([0, 0, 0, 0]);
        }
      }),
    ));
});

describe('a throttle', () => {
  const throttled = ruleSetOf(`
kind: source
name: a
nats: { stream: a, subjects: [a] }
event: { time: t }
---
kind: rule
name: r
source: a
key: k
pattern: { within: 1s, sequence: [{ begin: x, where: type = 'x' }] }
alert: { throttle: 1h }
`);
  const HOUR_MS = 3_600_000;
  const at = (seq: number, time: number, type: string): StreamEvent =>
    eventOf({ source: 'a', seq, time, body: { type, k: type === 'x' ? 'k' : 'other' } });

  test('is all that stays of a key, until it is over', () => {
    const run = new ShardRun(throttled);
    run.accept('a', [at(1, 0, 'x'), at(2, HOUR_MS, 'over')]);
    expect([run.shard.keyCount, run.liveRuns, run.checkpoint()]).toEqual([1, 0, 1]);
    run.accept('a', [at(3, HOUR_MS + 1, 'over')]);
    expect([run.shard.keyCount, run.shard.timerCount, run.checkpoint()]).toEqual([0, 0, 0]);
  });

  test('that held something back is kept ten spans for the alert that tells it', () => {
    const run = new ShardRun(throttled);
    run.accept('a', [at(1, 0, 'x'), at(2, 10, 'x'), at(3, 11 * HOUR_MS - 1, 'over')]);
    run.restart();
    expect(run.shard.keyCount).toBe(1);
    run.accept('a', [at(4, 11 * HOUR_MS + 1, 'over')]);
    expect([run.shard.keyCount, run.shard.timerCount]).toEqual([0, 0]);
  });
});

describe('a change of many rules', () => {
  test('works through the keys once', () => {
    const count = 400;
    const keys = 20_000;
    const source = 'kind: source\nname: a\nnats: { stream: A, subjects: ["in.>"] }\nevent: { time: t }';
    const rules = Array.from(
      { length: count },
      (_, at) =>
        `kind: rule\nname: r${at}\nsource: a\nkey: k\npattern: { within: 1h, sequence: [{ begin: x, where: v = ${at} }, { followedBy: y, where: w = ${at} }] }`,
    );
    const run = new ShardRun(ruleSetOf([source, ...rules].join('\n---\n')));
    run.accept(
      'a',
      Array.from({ length: keys }, (_, at) =>
        eventOf({ source: 'a', seq: at + 1, time: 1_000_000 + at, body: { k: at, v: at % count } }),
      ),
    );
    const looked = { keys: 0 };
    const [group] = [...run.shard.groups.values()];
    const all = group?.table.keys as Map<unknown, unknown>;
    const values = all.values.bind(all);
    all.values = () => {
      looked.keys += all.size;
      return values() as ReturnType<typeof all.values>;
    };
    const changed = assignmentsOf(ruleSetOf([source, ...rules].join('\n---\n')));
    const next = changed.map((one) => ({ ...one, versions: one.versions.map((old) => ({ ...old, version: 2 })) }));
    const { runsDropped } = advanceShard(run.shard, { kind: 'rules', rules: next });
    expect(runsDropped).toBeGreaterThan(keys * 0.99);
    expect(run.liveRuns).toBe(0);
    expect(looked.keys).toBeLessThanOrEqual(keys);
  });
});

describe('timers', () => {
  test('ask only the rules of a key that are due', () => {
    const count = 200;
    const source = 'kind: source\nname: a\nnats: { stream: A, subjects: ["in.>"] }\nevent: { time: t }';
    const rules = Array.from(
      { length: count },
      (_, at) =>
        `kind: rule\nname: r${at}\nsource: a\npattern: { within: 1h, sequence: [{ begin: x, where: v = ${at} }, { followedBy: y, where: w = 1 }] }`,
    );
    const run = new ShardRun(ruleSetOf([source, ...rules].join('\n---\n')));
    const events = Array.from({ length: count }, (_, v) =>
      eventOf({ source: 'a', seq: v + 1, time: 1_000_000 + v, body: { v } }),
    );
    run.accept('a', events);
    let asked = 0;
    for (const rule of [...run.shard.groups.values()].flatMap((group) => group.rules)) {
      const endAlone = rule.endAlone.bind(rule);
      rule.endAlone = (...given) => {
        asked++;
        return endAlone(...given);
      };
    }
    run.end();
    expect(run.liveRuns).toBe(0);
    expect(asked).toBe(count);
  });

  test('of keys that left early do not pile up until their time', () => {
    const run = new ShardRun(
      ruleSetOf(`
kind: source
name: a
nats: { stream: A, subjects: ["in.>"] }
event: { time: t }
---
kind: rule
name: session
source: a
key: k
pattern: { within: 30d, skip: skipPastLastEvent, sequence: [{ begin: in, where: type = 'x' }, { followedBy: out, where: type = 'y' }] }
`),
    );
    const sessions = 20_000;
    const events = Array.from({ length: sessions * 2 }, (_, at) =>
      eventOf({ source: 'a', seq: at + 1, time: 1_000_000 + at, body: { type: at % 2 === 0 ? 'x' : 'y', k: at >> 1 } }),
    );
    run.accept('a', [...events, eventOf({ source: 'a', seq: events.length + 1, time: 1e8, body: {} })]);
    expect(run.matches).toHaveLength(sessions);
    expect(run.shard.keyCount).toBe(0);
    expect(run.shard.timerCount).toBeLessThan(2_000);
  });
});

describe('a rule whose pattern is one event', () => {
  const ALONE = (more: string): string => `
kind: source
name: a
nats: { stream: A, subjects: ["in.>"] }
event: { time: t }
---
kind: rule
name: alone
source: a
key: k
where: v > 0
pattern: { sequence: [{ begin: x, where: type = 'x' }] }
${more}`;
  const events = Array.from({ length: 30 }, (_, at) =>
    eventOf({
      source: 'a',
      seq: at + 1,
      time: 1_000_000 + at,
      body: { type: at % 3 === 0 ? 'y' : 'x', k: at % 4, v: at % 5 },
    }),
  );
  const expected = events.filter(({ body }) => {
    const { type, v } = body as { type: string; v: number };
    return type === 'x' && v > 0;
  });

  test('gives each event that satisfies it, and makes no key', () => {
    const run = new ShardRun(ruleSetOf(ALONE('')));
    run.accept('a', events);
    run.end();
    expect(run.matches.map((match) => match.stages[0]?.events[0]?.seq)).toEqual(expected.map(({ seq }) => seq));
    expect(run.matches.map(({ key }) => key)).toEqual(expected.map(({ body }) => (body as { k: number }).k));
    expect(run.shard.keyCount).toBe(0);
    expect(run.checkpoint()).toBe(0);
    expect(
      [...run.shard.counters.values()].map(({ matches, alerts, liveRuns }) => [matches, alerts, liveRuns]),
    ).toEqual([[expected.length, expected.length, 0]]);
  });

  test('keeps a key for its throttle alone', () => {
    const run = new ShardRun(ruleSetOf(ALONE('alert: { throttle: 1h }')));
    run.accept('a', events);
    expect(run.matches).toHaveLength(4);
    expect(run.shard.keyCount).toBe(4);
    expect(run.liveRuns).toBe(0);
  });
});

describe('sources that are merged', () => {
  test('hold the one ahead back when too much waits, but never what comes back after a restart', () => {
    const run = new ShardRun(merged);
    const events = Array.from({ length: 20 }, (_, at) =>
      eventOf({ source: 'a', seq: at + 1, time: 1_000_000 + at * 10_000, body: {} }),
    );
    run.accept('b', [eventOf({ source: 'b', seq: 1, time: 1_000_000, body: {} })]);
    expect(run.shard.isTooFarAhead('a', 10)).toBe(false);
    run.accept('a', events);
    expect(run.shard.isTooFarAhead('a', 10)).toBe(true);
    expect(run.shard.isTooFarAhead('b', 10)).toBe(false);
    const waiting = run.shard.waitingEvents('a');
    run.checkpoint();
    const saved = run.shard.save();
    run.restart();
    expect(run.shard.isTooFarAhead('a', 10)).toBe(true);
    run.shard.awaitReplay(saved, ['a']);
    expect(run.shard.isTooFarAhead('a', waiting.length - 1)).toBe(false);
  });

  test('stand still in a checkpoint too when everything is back, until an input lets time go on', () => {
    const run = new ShardRun(merged);
    run.accept('b', [eventOf({ source: 'b', seq: 1, time: 1_000_000, body: {} })]);
    run.accept('a', [eventOf({ source: 'a', seq: 1, time: 1_100_000, body: {} })]);
    const before = run.shard.lowestGroupWatermark('a');
    const saved = run.shard.save();
    const watermarks = new Map([
      ['a', 1_094_999],
      ['b', 1_094_999],
    ]);
    const shard = new Shard();
    // Both sources are further than the group was: it had waited for `b`.
    shard.load(
      { ...saved, held: [...shard.groups.keys()].map((id) => [id, before]) },
      assignmentsOf(merged),
      watermarks,
    );
    shard.awaitReplay({ ...saved, held: [...shard.groups.keys()].map((id) => [id, before]) }, ['a', 'b']);
    for (const source of ['a', 'b']) advanceShard(shard, { kind: 'replayed', source });
    expect(shard.lowestGroupWatermark('a')).toBe(before);
    expect(shard.save().held).toContainEqual([expect.stringContaining('"a"'), before]);
    advanceShard(shard, { kind: 'events', source: 'b', events: [], watermark: 1_094_999 });
    expect(shard.lowestGroupWatermark('a')).toBe(1_094_999);
    expect(shard.save().held).toEqual([]);
  });
});
