/** Events for the laws of time. */
import fc from 'fast-check';
import type { StreamEvent } from '../../../src/core/model/event.js';

export interface EventParts {
  readonly source?: string;
  readonly seq: number;
  readonly index?: number;
  readonly time: number;
  readonly arrival?: number;
  readonly order?: number | string | undefined;
  readonly body?: unknown;
}

export function eventOf({
  source = 's',
  seq,
  index = 0,
  time,
  arrival = time,
  order,
  body = {},
}: EventParts): StreamEvent {
  return {
    source,
    seq,
    index,
    time,
    arrival,
    order,
    id: undefined,
    type: undefined,
    subject: '',
    headers: undefined,
    body,
  };
}

export interface Arrival {
  readonly stepMs: number;
  readonly behindMs: number;
  readonly unit: string;
}

/** Arrivals: the arrival clock steps on, event time lies behind it, some far. */
export const arrivals = fc.array(
  fc.record({
    stepMs: fc.oneof({ weight: 9, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.nat(500) }),
    behindMs: fc.oneof({ weight: 9, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(400) }),
    unit: fc.constantFrom('a', 'b', 'c', 'd'),
  }),
  { maxLength: 120, size: 'max' },
);

/** The events of arrivals; `unit` is the whole payload. */
export function arrivedEvents(list: readonly Arrival[]): StreamEvent[] {
  let arrival = 1_000;
  return list.map(({ stepMs, behindMs, unit }, at) => {
    arrival += stepMs;
    return eventOf({ seq: at + 1, time: arrival - behindMs, arrival, body: unit });
  });
}
