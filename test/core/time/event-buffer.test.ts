import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamEvent } from '../../../src/core/model/event.js';
import { compareEvents } from '../../../src/core/model/event.js';
import { EventBuffer } from '../../../src/core/time/event-buffer.js';
import { eventOf } from './events.js';

const parts = fc.record({
  source: fc.constantFrom('a', 'b'),
  time: fc.nat(60),
  order: fc.oneof(fc.constant(undefined), fc.nat(3), fc.constantFrom('x', 'y')),
  index: fc.nat(2),
});
/** What is pushed, and times up to which is released in between. */
const steps = fc.array(fc.oneof({ weight: 4, arbitrary: parts }, { weight: 1, arbitrary: fc.nat(60) }), {
  maxLength: 300,
  size: 'max',
});

type Places = readonly (StreamEvent | undefined)[];

/** Events the buffer has a reference to. */
function heldBy(buffer: EventBuffer): number {
  const { ring, heap } = buffer as unknown as { readonly ring: Places; readonly heap: { readonly events: Places } };
  return [...ring, ...heap.events].filter((event) => event !== undefined).length;
}

describe('the event buffer', () => {
  test('holds on to nothing that it released, whatever waits before it', () => {
    const buffer = new EventBuffer();
    buffer.push(eventOf({ seq: 1, time: 1e9 }));
    buffer.push(eventOf({ seq: 2, time: 1e9 - 1 }));
    const out: StreamEvent[] = [];
    for (let at = 3; at < 50_000; at++) {
      buffer.push(eventOf({ seq: at, time: at }));
      buffer.releaseTo(at - 10, out);
    }
    expect(heldBy(buffer)).toBe(buffer.size);
    expect([buffer.size, buffer.lowestSeq()]).toEqual([12, 1]);
  });

  test('releases every event once, in the total order, as a sorted list does', () =>
    fc.assert(
      fc.property(steps, (given) => {
        const buffer = new EventBuffer();
        let waiting: StreamEvent[] = [];
        given.forEach((step, at) => {
          if (typeof step !== 'number') {
            const event = eventOf({ ...step, seq: at + 1 });
            buffer.push(event);
            waiting.push(event);
          } else {
            const out: StreamEvent[] = [];
            buffer.releaseTo(step, out);
            expect(out).toEqual(waiting.filter(({ time }) => time <= step).sort(compareEvents));
            waiting = waiting.filter(({ time }) => time > step);
          }
          expect(buffer.size).toBe(waiting.length);
          expect(heldBy(buffer)).toBe(waiting.length);
          expect(buffer.peek()).toBe([...waiting].sort(compareEvents)[0]);
        });
        expect(new Set(buffer)).toEqual(new Set(waiting));
      }),
    ));

  test('knows the lowest sequence that waits, when what is released once stays released', () =>
    fc.assert(
      fc.property(steps, (given) => {
        const buffer = new EventBuffer();
        let released = -1;
        let waiting: StreamEvent[] = [];
        given.forEach((step, at) => {
          if (typeof step !== 'number') {
            const event = eventOf({ ...step, source: 's', time: released + 1 + step.time, seq: at + 1 });
            buffer.push(event);
            waiting.push(event);
          } else {
            released += step;
            buffer.releaseTo(released, []);
            waiting = waiting.filter(({ time }) => time > released);
          }
          expect(buffer.lowestSeq()).toBe(
            waiting.length === 0 ? undefined : Math.min(...waiting.map(({ seq }) => seq)),
          );
        });
      }),
    ));

  test('puts many events that come in no order in order', () => {
    const buffer = new EventBuffer();
    const events = Array.from({ length: 5_000 }, (_, at) => eventOf({ seq: at + 1, time: (at * 2_741) % 4_999 }));
    for (const event of events) buffer.push(event);
    const out: StreamEvent[] = [];
    buffer.releaseTo(2_000, out);
    buffer.releaseTo(Infinity, out);
    expect(out).toEqual([...events].sort(compareEvents));
    expect([buffer.size, heldBy(buffer), buffer.peek(), buffer.lowestSeq()]).toEqual([0, 0, undefined, undefined]);
  });

  test('holds many events in order without growing behind its front', () => {
    const buffer = new EventBuffer();
    const out: StreamEvent[] = [];
    for (let seq = 1; seq <= 30_000; seq++) {
      buffer.push(eventOf({ seq, time: seq }));
      if (seq % 10 === 0) buffer.releaseTo(seq - 100, out);
    }
    expect(buffer.size).toBe(100);
    expect(out.map(({ seq }) => seq)).toEqual(Array.from({ length: 29_900 }, (_, i) => i + 1));
  });
});
