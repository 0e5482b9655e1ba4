/** The seeded event streams of the workloads. Each is a generator, so that a file of any length takes no memory. */
import { seeded } from '../core-workload.js';
import type { EventRecord } from './workload-spec.js';

export type EventStream = Generator<EventRecord>;

const START_MS = 1_700_000_000_000;
const NOISE = ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

type Random = () => number;

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function noiseType(random: Random): string {
  return NOISE[below(random, NOISE.length)] as string;
}

export interface PairsOptions {
  readonly events: number;
  readonly keys: number;
  readonly seed: number;
  /** Share of events that a stage may take, half `a`, half `b`. */
  readonly relevant: number;
}

/** W1: `a` and `b` among other types, keys at random, one event a millisecond. */
export function* pairs({ events, keys, seed, relevant }: PairsOptions): EventStream {
  const random = seeded(seed);
  for (let at = 0; at < events; at++) {
    const draw = random();
    const type = draw < relevant / 2 ? 'a' : draw < relevant ? 'b' : noiseType(random);
    const key = `key-${below(random, keys)}`;
    yield { ts: START_MS + at, type, key, amount: below(random, 1_000), code: 0 };
  }
}

/** W7: the stream with `share` of its events arriving up to `boundMs` (exclusive) of event time late. */
export function* outOfOrder(
  stream: EventStream,
  { share, boundMs, seed }: { readonly share: number; readonly boundMs: number; readonly seed: number },
): EventStream {
  const random = seeded(seed);
  const arrivals: { readonly at: number; readonly event: EventRecord }[] = [];
  for (const event of stream) {
    const delay = random() < share ? 1 + below(random, boundMs - 1) : 0;
    arrivals.push({ at: event.ts + delay, event });
  }
  arrivals.sort((one, other) => one.at - other.at || one.event.ts - other.event.ts);
  for (const { event } of arrivals) yield event;
}

export interface LongWindowOptions {
  readonly fill: number;
  readonly events: number;
  readonly keys: number;
  readonly seed: number;
  readonly stepMs: number;
  readonly relevant: number;
  /** One `b` in so many ends a run. */
  readonly endsOne: number;
}

/**
 * W3: the codes of `a` are numbered, and one `b` in `endsOne` bears the code of one of the last 300 `a` of its key, the later the
 * likelier; the others bear one that no `a` has. The fill holds `a` alone, as dense as they come later, so that it is short.
 */
export function* longWindows(options: LongWindowOptions): EventStream {
  const { fill, events, keys, seed, stepMs, relevant, endsOne } = options;
  const random = seeded(seed);
  const begun = new Map<string, number[]>();
  let nextCode = 1;
  let seconds = 0;
  let ts = START_MS;
  const begin = (key: string): EventRecord => {
    const code = nextCode++;
    const codes = begun.get(key);
    if (codes === undefined) begun.set(key, [code]);
    else codes.push(code);
    return { ts, type: 'a', key, amount: 0, code };
  };
  const fillStepMs = Math.round(stepMs / (relevant / 2));
  for (let at = 0; at < fill; at++) {
    ts += fillStepMs;
    yield begin(`key-${below(random, keys)}`);
  }
  for (let at = 0; at < events; at++) {
    ts += stepMs;
    const draw = random();
    const key = `key-${below(random, keys)}`;
    if (draw < relevant / 2) yield begin(key);
    else if (draw < relevant) {
      const codes = begun.get(key) ?? [];
      const back = Math.min(codes.length, Math.floor(300 ** random()));
      const ends = ++seconds % endsOne === 0;
      const code = ends ? (codes[codes.length - back] ?? -1) : -1;
      yield { ts, type: 'b', key, amount: 0, code };
    } else yield { ts, type: noiseType(random), key, amount: 0, code: 0 };
  }
}

export interface LiveRunsOptions {
  readonly runs: number;
  readonly keys: number;
  readonly events: number;
  readonly seed: number;
  readonly completing: boolean;
}

/** One `a` in ten events, the keys in turn: with a window of `runs × keys × 10` ms every key holds `runs` live runs. */
export function* liveRuns({ runs, keys, events, seed, completing }: LiveRunsOptions): EventStream {
  const random = seeded(seed);
  let ts = START_MS;
  let turn = 0;
  for (let at = 0; at < runs * keys; at++) {
    ts += 10;
    yield { ts, type: 'a', key: `key-${turn++ % keys}`, amount: 0, code: 0 };
  }
  for (let at = 0; at < events; at++) {
    ts += 1;
    const place = at % 10;
    if (place === 9) yield { ts, type: 'a', key: `key-${turn++ % keys}`, amount: 0, code: 0 };
    else {
      const type = completing && place === 4 ? 'b' : noiseType(random);
      yield { ts, type, key: `key-${below(random, keys)}`, amount: 0, code: 0 };
    }
  }
}

export const MANY_RULES = { types: 20, codes: 1_000, codesPerKey: 10 } as const;

/** W5: 20 event types, 1,000 codes of which a key knows ten. */
export function* typesAndCodes({
  events,
  keys,
  seed,
}: {
  readonly events: number;
  readonly keys: number;
  readonly seed: number;
}): EventStream {
  const random = seeded(seed);
  const { types, codes, codesPerKey } = MANY_RULES;
  for (let at = 0; at < events; at++) {
    const key = below(random, keys);
    const code = (key * 37 + below(random, codesPerKey) * 101) % codes;
    yield {
      ts: START_MS + at,
      type: `t${below(random, types)}`,
      key: `key-${key}`,
      amount: below(random, 1_000),
      code,
    };
  }
}

/** W6: every key begins one run, then a quarter of the events begin, a quarter end, half do neither. */
export function* manyKeys({
  keys,
  events,
  seed,
}: {
  readonly keys: number;
  readonly events: number;
  readonly seed: number;
}): EventStream {
  const random = seeded(seed);
  let ts = START_MS;
  for (let key = 0; key < keys; key++) yield { ts: ++ts, type: 'a', key: `key-${key}`, amount: 0, code: 0 };
  for (let at = 0; at < events; at++) {
    const draw = random();
    const type = draw < 0.25 ? 'a' : draw < 0.5 ? 'b' : noiseType(random);
    yield { ts: ++ts, type, key: `key-${below(random, keys)}`, amount: 0, code: 0 };
  }
}

/** W9: two heartbeats a key in 100 s, 20 to 55 s apart, one key in a hundred silent after the first; 5 % of the events. */
export function* heartbeats({ keys, seed }: { readonly keys: number; readonly seed: number }): EventStream {
  const random = seeded(seed);
  const spanMs = 100_000;
  const beats: { readonly at: number; readonly key: number }[] = [];
  for (let key = 0; key < keys; key++) {
    const first = below(random, 40_000);
    beats.push({ at: first, key });
    const silent = random() < 0.01;
    const second = first + 20_000 + below(random, 35_000);
    if (!silent) beats.push({ at: second, key });
  }
  beats.sort((one, other) => one.at - other.at || one.key - other.key);
  const events = keys * 40;
  let next = 0;
  for (let at = 0; at < events; at++) {
    const offset = Math.floor((at / events) * spanMs);
    const beat = beats[next];
    if (beat !== undefined && beat.at <= offset) {
      next++;
      yield { ts: START_MS + offset, type: 'heartbeat', key: `key-${beat.key}`, amount: 0, code: 0 };
    } else {
      yield { ts: START_MS + offset, type: noiseType(random), key: `key-${below(random, keys)}`, amount: 0, code: 0 };
    }
  }
}
