/**
 * W1: one rule, `a ->(followedBy) b within 10 m` by key, on decoded events in order. 5 % of events are relevant (half `a`, half
 * `b`), 10,000 keys, one event a millisecond; a fixed seed.
 */
import type { StreamEvent } from '../../src/core/model/event.js';

export interface WorkloadOptions {
  readonly events: number;
  readonly keys: number;
  readonly seed: number;
  /** Share of events that a stage may take. */
  readonly relevant: number;
  readonly stepMs: number;
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Payload {
  readonly ts: number;
  readonly type: string;
  readonly key: string;
  readonly amount: number;
}

const TYPES = ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const START_MS = 1_700_000_000_000;

/** The payloads of a workload, in order. */
export function* payloads(options: WorkloadOptions): Generator<Payload> {
  const random = seeded(options.seed);
  for (let at = 0; at < options.events; at++) {
    const draw = random();
    const type =
      draw < options.relevant / 2
        ? 'a'
        : draw < options.relevant
          ? 'b'
          : (TYPES[Math.floor(random() * TYPES.length)] as string);
    const key = `key-${Math.floor(random() * options.keys)}`;
    yield { ts: START_MS + at * options.stepMs, type, key, amount: Math.floor(random() * 1_000) };
  }
}

/** The payloads as decoded events of the source `bench`. */
export function decodedEvents(options: WorkloadOptions): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (const body of payloads(options)) {
    events.push({
      source: 'bench',
      seq: events.length + 1,
      index: 0,
      time: body.ts,
      arrival: body.ts,
      order: undefined,
      id: undefined,
      type: body.type,
      subject: '',
      headers: undefined,
      body,
    });
  }
  return events;
}
