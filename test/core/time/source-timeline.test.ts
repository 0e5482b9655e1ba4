import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { WatermarkPlan } from '../../../src/core/document/plans.js';
import type { Expression } from '../../../src/core/expression/expression.js';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { compareEvents } from '../../../src/core/model/event.js';
import type { SavedTimeline } from '../../../src/core/time/source-timeline.js';
import { SourceTimeline } from '../../../src/core/time/source-timeline.js';
import { arrivals, arrivedEvents, eventOf } from './events.js';

function expression(source: string): Expression {
  const result = createJsonataCompiler().compile(source, { stages: new Map(), params: false, key: false });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.expression;
}

const plans: readonly WatermarkPlan[] = [
  { maxOutOfOrdernessMs: 30, by: [], idleAfterMs: undefined },
  { maxOutOfOrdernessMs: 10, by: [expression('$')], idleAfterMs: undefined },
  { maxOutOfOrdernessMs: 10, by: [expression('$')], idleAfterMs: 100 },
];
const plan = fc.nat(plans.length - 1);

interface Decision {
  readonly seq: number;
  readonly late: boolean;
  readonly watermark: number;
}

function decide(timeline: SourceTimeline, event: StreamEvent, out: StreamEvent[]): Decision {
  const late = !timeline.accept(event, out);
  return { seq: event.seq, late, watermark: timeline.watermark };
}

const sorted = ({ watermark, units, arrivalClock }: SavedTimeline): unknown => ({
  watermark,
  arrivalClock,
  units: units.map((unit) => JSON.stringify(unit)).sort(),
});

describe('the timeline of a source', () => {
  test('gives each event once: late, or final and in order; never behind its watermark, which never goes back', () =>
    fc.assert(
      fc.property(plan, arrivals, (number, list) => {
        const timeline = new SourceTimeline(plans[number] as WatermarkPlan);
        const events = arrivedEvents(list);
        const out: StreamEvent[] = [];
        const late: number[] = [];
        let before = -Infinity;
        for (const event of events) {
          const given = out.length;
          const wasLate = event.time <= timeline.watermark;
          const decision = decide(timeline, event, out);
          expect(decision.late).toBe(wasLate);
          if (decision.late) late.push(event.seq);
          expect(timeline.watermark).toBeGreaterThanOrEqual(before);
          for (const one of out.slice(given)) {
            expect(one.time).toBeGreaterThan(before);
            expect(one.time).toBeLessThanOrEqual(timeline.watermark);
          }
          before = timeline.watermark;
        }
        timeline.end(out);
        expect(timeline.watermark).toBe(Infinity);
        expect(out).toEqual([...out].sort(compareEvents));
        expect([...late, ...out.map(({ seq }) => seq)].sort((a, b) => a - b)).toEqual(events.map(({ seq }) => seq));
      }),
      { numRuns: 300 },
    ));

  test('within the bound loses nothing, however events are shuffled', () =>
    fc.assert(
      fc.property(arrivals, (list) => {
        const timeline = new SourceTimeline({ maxOutOfOrdernessMs: 40, by: [], idleAfterMs: undefined });
        const events = arrivedEvents(list.map((one) => ({ ...one, behindMs: Math.min(one.behindMs, 40) })));
        const out: StreamEvent[] = [];
        for (const event of events) expect(timeline.accept(event, out)).toBe(true);
        timeline.end(out);
        expect(out).toEqual([...events].sort(compareEvents));
      }),
    ));

  test('saved and loaded between any two events, with what waited put back, goes on as if nothing had been', () =>
    fc.assert(
      fc.property(plan, arrivals, (number, list) => {
        const given = plans[number] as WatermarkPlan;
        const whole = new SourceTimeline(given);
        let broken = new SourceTimeline(given);
        const wholeOut: StreamEvent[] = [];
        const brokenOut: StreamEvent[] = [];
        const events = arrivedEvents(list);
        events.forEach((event, at) => {
          expect(decide(broken, event, brokenOut)).toEqual(decide(whole, event, wholeOut));
          const lowest = broken.lowestSeq() ?? Infinity;
          const saved = JSON.parse(JSON.stringify(broken.save())) as ReturnType<SourceTimeline['save']>;
          broken = new SourceTimeline(given);
          broken.load(saved);
          for (const again of events.slice(0, at + 1)) {
            if (again.seq >= lowest && again.time > broken.watermark) broken.restore(again);
          }
          expect(broken.buffered).toBe(whole.buffered);
        });
        expect(brokenOut).toEqual(wholeOut);
        expect(sorted(broken.save())).toEqual(sorted(whole.save()));
      }),
    ));

  test('decides for one unit, with what that knows beforehand, what it decides for any number of them', () =>
    fc.assert(
      fc.property(arrivals, fc.constantFrom(undefined, 0, 100), fc.constantFrom(7, 1_000), (list, idleAfterMs, max) => {
        const options = { bufferedMax: max };
        const bound = { maxOutOfOrdernessMs: 30, idleAfterMs };
        const one = new SourceTimeline({ ...bound, by: [] }, options);
        const any = new SourceTimeline({ ...bound, by: [expression('"one"')] }, options);
        const oneOut: StreamEvent[] = [];
        const anyOut: StreamEvent[] = [];
        for (const event of arrivedEvents(list)) {
          expect(decide(one, event, oneOut)).toEqual(decide(any, event, anyOut));
          if (event.time % 7 > 0) continue;
          one.tick(event.arrival + 20, oneOut);
          any.tick(event.arrival + 20, anyOut);
        }
        expect(oneOut).toEqual(anyOut);
        expect(one.forced).toBe(any.forced);
        expect(one.lowestSeq()).toBe(any.lowestSeq());
      }),
      { numRuns: 300 },
    ));

  test('with a full buffer lets its oldest event go, counts it, and stays in order', () =>
    fc.assert(
      fc.property(arrivals, (list) => {
        const timeline = new SourceTimeline(
          { maxOutOfOrdernessMs: 10_000, by: [], idleAfterMs: undefined },
          { bufferedMax: 5 },
        );
        const out: StreamEvent[] = [];
        let late = 0;
        for (const event of arrivedEvents(list)) {
          if (!timeline.accept(event, out)) late++;
          expect(timeline.buffered).toBeLessThanOrEqual(5);
        }
        timeline.end(out);
        expect(out).toEqual([...out].sort(compareEvents));
        expect(out.length + late).toBe(list.length);
        if (timeline.forced === 0) expect(out.length).toBeLessThanOrEqual(5);
      }),
    ));

  test('a tick moves time only when every unit is silent for long enough', () => {
    const timeline = new SourceTimeline({ maxOutOfOrdernessMs: 10, by: [expression('$')], idleAfterMs: 100 });
    const out: StreamEvent[] = [];
    timeline.accept(eventOf({ seq: 1, time: 1_000, body: 'a' }), out);
    timeline.accept(eventOf({ seq: 2, time: 1_050, body: 'b' }), out);
    expect(timeline.watermark).toBe(989);
    timeline.tick(1_099, out);
    expect(timeline.watermark).toBe(989);
    timeline.tick(1_100, out);
    expect(timeline.watermark).toBe(1_039);
    timeline.tick(1_149, out);
    expect(timeline.watermark).toBe(1_039);
    timeline.tick(1_160, out);
    expect(timeline.watermark).toBe(1_149);
    expect(out.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('a late event keeps its unit awake, and moves no clock', () => {
    const timeline = new SourceTimeline({ maxOutOfOrdernessMs: 0, by: [], idleAfterMs: 100 });
    const out: StreamEvent[] = [];
    timeline.accept(eventOf({ seq: 1, time: 1_000, arrival: 1_000 }), out);
    expect(timeline.accept(eventOf({ seq: 2, time: 500, arrival: 1_090 }), out)).toBe(false);
    timeline.tick(1_150, out);
    expect(timeline.watermark).toBe(999);
  });
});

test('an event that passes is late, and moves time, as one that waits', () => {
  fc.assert(
    fc.property(arrivals, plan, (list, which) => {
      const events = arrivedEvents(list);
      const [waits, passes] = [0, 1].map(() => new SourceTimeline(plans[which] as WatermarkPlan)) as [
        SourceTimeline,
        SourceTimeline,
      ];
      for (const event of events) {
        const { late, watermark } = decide(waits, event, []);
        expect([!passes.pass(event, []), passes.watermark]).toEqual([late, watermark]);
      }
      expect(sorted(passes.save())).toEqual(sorted(waits.save()));
    }),
  );
});
