import { describe, expect, test } from 'vitest';
import type { StoreChange } from '../../src/ports/store.js';
import { StoreError } from '../../src/ports/store.js';
import type { CheckpointOptions } from '../../src/runtime/checkpoint-manager.js';
import { CheckpointManager } from '../../src/runtime/checkpoint-manager.js';
import { ManualClock } from './manual-clock.js';

/** A record that takes some time to make. */
function* records(count: number, work: () => void): Iterable<StoreChange> {
  for (let at = 0; at < count; at++) {
    work();
    yield { kind: 'put', key: `k/${at}`, value: '' };
  }
}

interface Bench {
  readonly clock: ManualClock;
  readonly manager: CheckpointManager;
  /** When each checkpoint was collected, ms. */
  readonly at: number[];
  readonly failures: unknown[];
  durable: number;
  /** Ends the write under way. */
  finish: (error?: Error) => Promise<void>;
}

function bench(
  options: Partial<CheckpointOptions> & { collectMs?: number; manual?: boolean; records?: number } = {},
): Bench {
  const clock = new ManualClock();
  const pending: ((error?: Error) => void)[] = [];
  const one: Bench = { clock, at: [], failures: [], durable: 0, finish: async () => undefined } as unknown as Bench;
  const manager = new CheckpointManager({
    store: {
      get: async () => undefined,
      entries: async function* () {},
      close: async () => undefined,
      commit: () =>
        options.manual === true
          ? new Promise((resolve, reject) => pending.push((error) => (error ? reject(error) : resolve())))
          : Promise.resolve(),
    },
    clock,
    meter: { count: () => undefined, gauge: () => undefined, forget: () => undefined, observe: () => undefined },
    collect: () => {
      one.at.push(clock.monotonic());
      if (options.collectMs !== undefined) {
        clock.after(options.collectMs, () => undefined);
        clock.runNext();
      }
      const work = (): void => {
        clock.after(3, () => undefined);
        clock.runNext();
      };
      return {
        changes: records(options.records ?? 0, work),
        dirtyKeys: options.records ?? 0,
        committed: () => void one.durable++,
      };
    },
    intervalMs: 1_000,
    alertDelayMaxMs: 10,
    shareMax: 0.25,
    pauseMinMs: 0,
    sliceMs: 4,
    historyMax: 3,
    onFailure: (error) => one.failures.push(error),
    ...options,
  });
  const finish = async (error?: Error): Promise<void> => {
    pending.shift()?.(error);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return Object.assign(one, { manager, finish });
}

const turn = async (clock: ManualClock): Promise<void> => {
  clock.runNext();
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a checkpoint', () => {
  test('is due an interval after the first change, and not at all without one', async () => {
    const { clock, manager, at } = bench();
    expect(clock.runNext()).toBe(false);
    manager.changed();
    manager.changed();
    await turn(clock);
    expect(at).toEqual([1_000]);
    expect(clock.runNext()).toBe(false);
  });

  test('is due within milliseconds when an alert waits', async () => {
    const { clock, manager, at } = bench();
    manager.changed();
    manager.alertWaiting();
    manager.changed();
    await turn(clock);
    expect(at).toEqual([10]);
    expect(clock.runNext()).toBe(false);
  });

  test('that blocked long makes the next one wait: checkpoints take a share of the time, alerts or not', async () => {
    const { clock, manager, at } = bench({ collectMs: 100 });
    manager.alertWaiting();
    await turn(clock);
    manager.alertWaiting();
    await turn(clock);
    expect(at).toEqual([10, 510]);
  });

  test('begins no sooner than the least pause after the last one, alerts or not', async () => {
    const { clock, manager, at } = bench({ pauseMinMs: 200 });
    manager.alertWaiting();
    await turn(clock);
    manager.alertWaiting();
    await turn(clock);
    expect(at).toEqual([10, 210]);
    expect(manager.last?.pauseMs).toBe(200);
  });

  test('makes its records in slices, the event loop running between them', async () => {
    const { clock, manager } = bench({ records: 6 });
    let turns = 0;
    const count = (): void => {
      turns++;
      if (manager.count === 0) setImmediate(count);
    };
    setImmediate(count);
    await manager.now();
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(clock.monotonic()).toBe(18);
    expect(manager.last).toMatchObject({ blockedMs: 18, blockedAtOnceMs: 6, dirtyKeys: 6, bytes: 18 });
  });

  test('is remembered among the newest, up to a limit', async () => {
    const { manager } = bench({ historyMax: 2 });
    for (let i = 0; i < 3; i++) await manager.now();
    expect(manager.count).toBe(3);
    expect(manager.history).toHaveLength(2);
    expect(manager.history.at(-1)).toBe(manager.last);
  });

  test('is one at a time: what comes meanwhile is in the next', async () => {
    const one = bench({ manual: true });
    one.manager.changed();
    await turn(one.clock);
    one.manager.alertWaiting();
    await turn(one.clock);
    expect(one.at).toHaveLength(1);
    expect(one.durable).toBe(0);
    await one.finish();
    expect(one.durable).toBe(1);
    await turn(one.clock);
    expect(one.at).toHaveLength(2);
  });

  test('asked for now comes after the one under way, and resolves when it is durable', async () => {
    const one = bench({ manual: true });
    one.manager.changed();
    await turn(one.clock);
    let done = false;
    const now = one.manager.now().then(() => (done = true));
    await one.finish();
    expect(one.at).toHaveLength(2);
    expect(done).toBe(false);
    await one.finish();
    await now;
    expect(one.durable).toBe(2);
  });

  test('that cannot be written is a failure, and frees nothing to be published', async () => {
    const one = bench({ manual: true });
    one.manager.changed();
    await turn(one.clock);
    await one.finish(new StoreError('io', 'broken'));
    expect(one.failures).toHaveLength(1);
    expect(one.durable).toBe(0);
    expect(one.manager.failed).toBe(1);
  });

  test('is not taken any more after close, which waits for the one under way', async () => {
    const one = bench({ manual: true });
    one.manager.changed();
    await turn(one.clock);
    one.manager.changed();
    let closed = false;
    const closing = one.manager.close().then(() => (closed = true));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(closed).toBe(false);
    await one.finish();
    await closing;
    one.manager.alertWaiting();
    expect(one.clock.runNext()).toBe(false);
  });
});
