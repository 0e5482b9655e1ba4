/**
 * The history behind the stored samples of state (test/data/state-format-<n>.json): what had happened when the state was written,
 * and the stream it was read from. A sample is made once for a format, by scripts/make-state-sample.mjs, and stays as it is; every
 * later version must load it. So nothing here may change what an existing sample was made of.
 */
import type { LifeOptions } from './world.js';
import { World } from './world.js';

export const T0 = Date.parse('2024-05-01T00:00:00Z');

/** The limit of `pair` before and after the change that makes its first version drain. */
const LIMIT_BEFORE = 10;
const LIMIT_AFTER = 20;

const documentsWith = (limit: number): string => `
kind: source
name: s
nats: { stream: S, subjects: ["in.>"] }
start: all
event: { time: t, type: type, id: n }
watermark: { maxOutOfOrderness: 5s }
---
kind: rule
name: pair
source: s
key: k
pattern:
  within: 1h
  sequence:
    - begin: x
      where: type = 'x'
    - followedBy: y
      where: type = 'y' and v > ${limit}
onTimeout: { alert: { severity: low } }
---
kind: rule
name: burst
source: s
key: [k, type]
pattern:
  within: 10s
  sequence: [{ begin: b, where: type = 'b' }]
alert: { throttle: 1m }
`;

interface SampleEvent {
  readonly type: string;
  readonly n: string;
  readonly k: string;
  readonly v?: number;
}

export function send(world: World, second: number, event: SampleEvent): void {
  world.in('S').add({ t: T0 + second * 1_000, ...event }, T0 + second * 1_000);
}

/** Runs that the first version of `pair` begins. */
function sendBefore(world: World): void {
  send(world, 0, { type: 'x', n: 'x1', k: 'k1' });
  send(world, 1, { type: 'x', n: 'x2', k: 'kø/2' });
  send(world, 20, { type: 'other', n: 'o1', k: 'nobody' });
}

/** Runs that the second begins, an alert of `burst`, one that its throttle holds back, and an event that still waits. */
function sendAfter(world: World): void {
  send(world, 21, { type: 'x', n: 'x3', k: 'k1' });
  send(world, 22, { type: 'b', n: 'b1', k: 'k1' });
  send(world, 32, { type: 'b', n: 'b2', k: 'k1' });
  send(world, 45, { type: 'other', n: 'o2', k: 'nobody' });
  send(world, 42, { type: 'b', n: 'b3', k: 'k1' });
}

/** A world whose stream holds what was read, and whose disk is the sample's. */
export function sampleWorld(entries: Readonly<Record<string, string>>): World {
  const world = new World(documentsWith(LIMIT_AFTER), 'S');
  sendBefore(world);
  sendAfter(world);
  for (const [key, value] of Object.entries(entries)) world.disk.set(key, value);
  return world;
}

/** Entries of a store as this version writes them: the process died when its alert was durable and not yet published. */
export async function makeStateSample(): Promise<Record<string, string>> {
  const world = new World(documentsWith(LIMIT_BEFORE), 'S');
  sendBefore(world);
  const first = await world.live().run();
  world.documents = documentsWith(LIMIT_AFTER);
  await first.whileTurning(first.control.reload());
  await first.stop();
  sendAfter(world);
  const diesWithAlert: LifeOptions['commitFate'] = (_, changes) =>
    changes.some(({ kind, key }) => kind === 'put' && key.startsWith('o/')) ? 'die-after' : 'ok';
  await world.live({ commitFate: diesWithAlert }).run();
  return Object.fromEntries([...world.disk].sort(([a], [b]) => (a < b ? -1 : 1)));
}
