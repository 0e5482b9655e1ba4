/** What happens in one simulated service, as data: the same plan is the same run, and less of it is a smaller plan. */
import { drawRules } from './random-rules.js';
import type { RandomRule } from './random-rules.js';
import type { DiskPlace } from './sim-disk.js';
import { below, randomOf } from './sim-process.js';

export const STREAMS = ['a', 'b', 'u'] as const;
export type StreamName = (typeof STREAMS)[number];

export interface PlannedEvent {
  readonly stream: StreamName;
  /**
   * When it reaches the stream, ms after the beginning, and how far behind that its event time lies: beyond 5 s it may be late; below 0
   * it is ahead, as events of `u` may be.
   */
  readonly atMs: number;
  readonly behindMs: number;
  readonly type: string;
  readonly k: string;
  readonly v: number;
}

/** What happens to a stream while nobody reads it. */
export interface StreamFault {
  readonly stream: StreamName;
  /** `cut-back`: its end is gone; `undated`: it says another time of creation, and is the same. */
  readonly what: 'recreated' | 'purged' | 'cut-back' | 'undated';
  /** How much of it, where that is asked: in [0, 1). */
  readonly share: number;
  /** What the operator does about the refusal: restores the stream, or goes on without what is gone. */
  readonly choice: 'restore' | 'go-on';
}

/** A commit that the disk refuses, though it may be written. */
export interface DiskFault {
  readonly kind: 'disk-full' | 'io';
  readonly commit: number;
  readonly isWritten: boolean;
}

/** A bit that is another one at the next start. */
export interface FlippedBit {
  readonly place: DiskPlace;
  /** Where in it: in [0, 1). */
  readonly share: number;
}

/** How a life ends, at an await or with a commit, and what happens before the next one. */
export type Fault = ({ readonly kind: 'crash'; readonly await: number } | DiskFault) & {
  readonly stream?: StreamFault;
  readonly flips?: readonly FlippedBit[];
};

/** Every so many commits take so much longer. */
export interface SlowDisk {
  readonly every: number;
  readonly ms: number;
}

/** How often the wire to the alert server fails: shares of the messages. */
export interface WireFaults {
  readonly lost: number;
  /** Answered with a failure for now. */
  readonly refused: number;
  readonly ackLost: number;
  readonly ackLate: number;
  /** Stored, and then the connection is gone. */
  readonly cut: number;
}

export interface Plan {
  readonly seed: number;
  readonly events: readonly PlannedEvent[];
  /** One a life, in order. */
  readonly faults: readonly Fault[];
  /** When the files change, and which variant of the changing rule they have then. */
  readonly reloads: readonly { readonly atMs: number; readonly variant: number }[];
  /** Beside those that every service has. */
  readonly rules: readonly RandomRule[];
  readonly wire: WireFaults;
  /** For how long the alert server recognises duplicates. */
  readonly duplicateWindowMs: number;
  readonly slowDisk: SlowDisk | undefined;
  /** A checkpoint is retained after so many commits. */
  readonly retainEvery: number;
  readonly settings: {
    readonly batchMessagesMax: number;
    readonly publishBatchMax: number;
    readonly checkpointIntervalMs: number;
    readonly checkpointSliceMs: number;
    readonly outboxWaitingMax: number;
    readonly stateMemoryBytesMax: number;
    readonly keysPerLoadMax: number;
  };
}

const pick = <T>(random: () => number, list: readonly T[]): T => list[below(random, list.length)] as T;

/** Small numbers as often as large ones: the start of a life is as interesting as its middle. */
function spread(random: () => number, max: number): number {
  return Math.max(1, Math.floor(max ** random()));
}

function drawBehindMs(random: () => number): number {
  return random() < 0.1 ? below(random, 15_000) : below(random, 5_000);
}

/** One in twenty is far ahead. */
function drawUnitBehindMs(random: () => number): number {
  return random() < 0.05 ? -1 * (3_001 + below(random, 86_400_000)) : below(random, 5_001) - 3_000;
}

function drawEvents(random: () => number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  let atMs = 0;
  for (let left = 1 + below(random, 60); left > 0; left--) {
    atMs += random() < 0.03 ? 3_600_000 : below(random, 4_000);
    const stream = pick(random, STREAMS);
    events.push({
      stream,
      atMs,
      behindMs: stream === 'u' ? drawUnitBehindMs(random) : drawBehindMs(random),
      type: pick(random, ['x', 'y', 'z']),
      k: pick(random, ['k1', 'k2', 'k3']),
      v: below(random, 6),
    });
  }
  return events;
}

function drawStreamFault(random: () => number): StreamFault {
  return {
    stream: pick(random, STREAMS),
    what: pick(random, ['recreated', 'purged', 'cut-back', 'undated'] as const),
    share: random(),
    choice: pick(random, ['restore', 'restore', 'go-on'] as const),
  };
}

/** Of the database alone, which costs nothing; of the journal behind it, too, which does; or anywhere. */
function drawFlips(random: () => number): FlippedBit[] {
  const both: DiskPlace[] = ['database', 'journal'];
  const places = pick<DiskPlace[]>(random, [
    ['database'],
    both,
    both,
    ['database', 'retained'],
    ['journal', 'retained'],
  ]);
  return places.map((place) => ({ place, share: random() }));
}

function drawSlowDisk(random: () => number): SlowDisk | undefined {
  if (random() < 0.8) return undefined;
  return pick(random, [
    { every: 1, ms: 200 },
    { every: 2, ms: 4_000 },
    { every: 40, ms: 10_000 },
  ]);
}

function drawFault(random: () => number): Fault {
  const more = {
    ...(random() < 0.15 ? { stream: drawStreamFault(random) } : {}),
    ...(random() < 0.2 ? { flips: drawFlips(random) } : {}),
  };
  if (random() >= 0.2) return { kind: 'crash', await: spread(random, 500), ...more };
  const kind = pick(random, ['disk-full', 'io'] as const);
  return { kind, commit: spread(random, 30), isWritten: random() < 0.5, ...more };
}

function drawWire(random: () => number): WireFaults {
  const share = (): number => pick(random, [0, 0, 0.05, 0.4]);
  return { lost: share(), refused: share(), ackLost: share(), ackLate: share(), cut: share() };
}

export function drawPlan(seed: number): Plan {
  const random = randomOf(seed);
  const events = drawEvents(random);
  const endMs = events.at(-1)?.atMs ?? 0;
  return {
    seed,
    events,
    faults: Array.from({ length: 1 + below(random, 6) }, () => drawFault(random)),
    reloads: Array.from({ length: below(random, 4) }, () => ({
      atMs: below(random, endMs + 1),
      variant: below(random, 6),
    })).sort((one, other) => one.atMs - other.atMs),
    rules: drawRules(random),
    wire: drawWire(random),
    duplicateWindowMs: pick(random, [0, 12_000, 120_000]),
    slowDisk: drawSlowDisk(random),
    retainEvery: pick(random, [3, 20, 100]),
    settings: {
      batchMessagesMax: pick(random, [1, 3, 8, 64]),
      publishBatchMax: pick(random, [1, 3, 64]),
      checkpointIntervalMs: pick(random, [5, 1_000, 20_000]),
      checkpointSliceMs: pick(random, [0, 2]),
      outboxWaitingMax: pick(random, [2, 50_000]),
      stateMemoryBytesMax: pick(random, [1, 3_000, 536_870_912]),
      keysPerLoadMax: pick(random, [1, 1_000]),
    },
  };
}
