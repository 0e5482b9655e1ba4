/** Documents and random event sequences for the laws of restarting. */
import fc from 'fast-check';
import { World } from './world.js';

const source = (name: string, more = ''): string => `
kind: source
name: ${name}
nats: { stream: ${name}, subjects: ["in.>"] }
start: all
event: { time: t, type: type${more} }
watermark: { maxOutOfOrderness: 5s }
late: sideOutput
`;

/** Rules over one source: what outlives a restart are runs, finished runs held back, throttles and timers. */
export const SINGLE = `${source('a')}---
kind: rule
name: pair
source: a
key: k
pattern:
  within: 20s
  sequence: [{ begin: x, where: type = 'x' }, { followedByAny: y, where: type = 'y' }]
onTimeout: { alert: { severity: low } }
---
kind: rule
name: absence
source: a
key: k
pattern:
  within: 12s
  skip: skipPastLastEvent
  sequence: [{ begin: x, where: type = 'x' }, { notFollowedBy: z, where: type = 'z' }]
---
kind: rule
name: burst
source: a
key: [k, type]
pattern:
  within: 15s
  skip: { skipToLast: b }
  sequence: [{ begin: b, where: v > 3, times: { min: 2 }, greedy: true }, { notNext: c, where: v = 0 }]
alert: { throttle: 10s }
`;

/** The same, and rules that merge two sources. */
export const MERGED = `${source('a')}---${source('b', ', order: v')}---
kind: rule
name: both
source: [a, b]
key: k
pattern:
  within: 20s
  sequence: [{ begin: x, where: type = 'x' }, { followedByAny: y, where: type = 'y' }]
onTimeout: { alert: { severity: low } }
---
kind: rule
name: silence
source: [b, a]
pattern:
  within: 12s
  skip: skipToNext
  sequence: [{ begin: x, where: type = 'x' and v > 2 }, { notFollowedBy: z, where: type = 'z' }]
alert: { throttle: 7s }
---
kind: rule
name: alone
source: b
key: k
pattern:
  within: 9s
  sequence: [{ begin: x, where: type = 'x' }, { next: y, where: type = 'y' }]
`;

export interface SentEvent {
  readonly source: 'a' | 'b';
  /** Step of event time, ms, and how far behind that the event lies (beyond the bound of 5 s it may be late). */
  readonly stepMs: number;
  readonly behindMs: number;
  readonly type: string;
  readonly k: string;
  readonly v: number;
  readonly broken: boolean;
}

const sent = (sources: readonly ('a' | 'b')[]): fc.Arbitrary<SentEvent> =>
  fc.record({
    source: fc.constantFrom(...sources),
    stepMs: fc.integer({ min: 0, max: 4_000 }),
    behindMs: fc.oneof({ weight: 9, arbitrary: fc.nat(4_999) }, { weight: 1, arbitrary: fc.nat(15_000) }),
    type: fc.constantFrom('x', 'y', 'z'),
    k: fc.constantFrom('k1', 'k2', 'k3'),
    v: fc.nat(5),
    broken: fc.nat(30).map((n) => n === 0),
  });

export const singleEvents = fc.array(sent(['a']), { minLength: 1, maxLength: 60, size: 'max' });
export const mergedEvents = fc.array(sent(['a', 'b']), { minLength: 1, maxLength: 80, size: 'max' });

/** A world with these events in its streams, and events far ahead behind them that pass every window. */
export function worldOf(documents: string, events: readonly SentEvent[]): World {
  const world = new World(documents, 'a', 'b');
  let time = Date.parse('2024-05-01T00:00:00Z');
  for (const { source: name, stepMs, behindMs, type, k, v, broken } of events) {
    time += stepMs;
    world.in(name).add(broken ? '{' : { t: time - behindMs, type, k, v }, time);
  }
  for (const name of ['a', 'b']) {
    for (const hours of [1, 2]) world.in(name).add({ t: time + hours * 3_600_000, type: 'over', v: 0 }, time);
  }
  return world;
}

/** Reading in random pieces, with pauses. */
export const paceOf =
  (list: readonly number[]): ((turn: number) => number) =>
  (turn) =>
    list[turn % list.length] ?? 1;

export const pieces = fc.array(fc.nat(7), { minLength: 1, maxLength: 12 }).filter((list) => list.some((n) => n > 0));
