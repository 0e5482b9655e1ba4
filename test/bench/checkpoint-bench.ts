/**
 * How long a checkpoint keeps the event loop from working: 10,000 keys that changed among 1,000,000, written to LevelDB while
 * events go on. The gaps are those an event would have met, whatever caused them, garbage collection included.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore } from '../../src/adapters/level/open-level-store.js';
import { systemClock } from '../../src/adapters/system/system-clock.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import { Shard, advanceShard } from '../../src/core/shard/shard.js';
import type { StateStore } from '../../src/ports/store.js';
import { CheckpointManager } from '../../src/runtime/checkpoint-manager.js';
import { runtimeDefaults } from '../../src/runtime/runtime-limits.js';
import { ShardState } from '../../src/runtime/shard-state.js';
import { compileBench } from './core-bench.js';
import { coreRules } from './core-rules.js';
import type { BenchResult } from './report.js';
import { median } from './report.js';

const START_MS = 1_700_000_000_000;
const ROUNDS = 5;
const nothing = (): void => undefined;

function eventOf(seq: number, key: number): StreamEvent {
  const time = START_MS + seq / 1_000;
  const body = { type: 'a', key: `key-${key}`, amount: seq % 1_000, note: 'n'.repeat(150) };
  const none = { order: undefined, id: undefined, headers: undefined };
  return { source: 'bench', seq, index: 0, time, arrival: time, type: 'a', subject: '', body, ...none };
}

function createShard(): Shard {
  const shard = new Shard();
  const rules = [...compileBench(coreRules.W1).rules.values()].map((plan) => ({
    name: plan.name,
    generation: 1,
    versions: [{ version: 1, plan, draining: false }],
  }));
  advanceShard(shard, { kind: 'rules', rules });
  return shard;
}

/** Turns the event loop, an event a turn, until `onTurn` says no; the longest time from one turn to the next, ms. */
async function longestGap(onTurn: () => boolean): Promise<number> {
  let longest = 0;
  let last = performance.now();
  while (onTurn()) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

async function run(store: StateStore, keys: number, dirty: number): Promise<BenchResult['figures']> {
  const shard = createShard();
  const state = new ShardState(shard, store, systemDigest);
  let seq = 0;
  const touch = (key: number): void => {
    const event = eventOf(++seq, key);
    advanceShard(shard, { kind: 'events', source: 'bench', events: [event], watermark: event.time });
  };
  let cutMs = 0;
  const collect = () => {
    const begun = performance.now();
    const { keys: dirtyKeys, changes } = state.cut();
    cutMs = performance.now() - begun;
    return { changes, dirtyKeys, committed: nothing };
  };
  const manager = new CheckpointManager({
    store,
    clock: systemClock,
    meter: { count: nothing, gauge: nothing, forget: nothing, observe: nothing },
    collect,
    intervalMs: 1_000,
    alertDelayMaxMs: 10,
    shareMax: 1,
    pauseMinMs: 0,
    sliceMs: runtimeDefaults.checkpointSliceMs,
    historyMax: ROUNDS,
    onFailure: nothing,
  });
  for (let key = 0; key < keys; key++) {
    touch(key);
    // State is built up in parts, as a service would: what a cut holds stays bounded.
    if (key % 100_000 === 99_999) await manager.now();
  }
  await manager.now();
  const stride = Math.floor(keys / dirty);
  const gaps: number[] = [];
  const quietGaps: number[] = [];
  const cuts: number[] = [];
  const blocked: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let at = 0;
    const touchNext = (): void => touch((at++ % dirty) * stride + round);
    quietGaps.push(await longestGap(() => (touchNext(), at < dirty)));
    let over = false;
    const taken = manager.now().finally(() => (over = true));
    // Meanwhile what the cut holds changes again.
    gaps.push(await longestGap(() => (touchNext(), !over)));
    await taken;
    cuts.push(cutMs);
    blocked.push(manager.last?.blockedMs ?? NaN);
  }
  return {
    'cut, ms': median(cuts),
    'records made, ms in all': median(blocked),
    'longest at once, ms, median': median(manager.history.map((one) => one.blockedAtOnceMs)),
    'longest gap of the loop, ms, median': median(gaps),
    'the same without a checkpoint': median(quietGaps),
    'until durable, ms': median(manager.history.map((one) => one.durationMs)),
    bytes: manager.last?.bytes ?? NaN,
  };
}

export async function benchCheckpoint(toy: boolean): Promise<BenchResult> {
  const [keys, dirty] = toy ? [10_000, 1_000] : [1_000_000, 10_000];
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const store = await openLevelStore({ directory: join(directory, 'db') });
  try {
    const figures = await run(store, keys, dirty);
    const hash = createHash('sha256');
    for await (const [key] of store.entries('k/', 'k0')) hash.update(key);
    return {
      name: 'checkpoint, while events go on',
      workload: `${dirty} keys that changed among ${keys}, some 1,200 bytes each, one rule; ${ROUNDS} checkpoints to LevelDB`,
      figures,
      hash: hash.digest('hex').slice(0, 16),
    };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
