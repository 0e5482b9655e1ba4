import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryLease } from '../../src/adapters/memory/memory-lease.js';
import type { Clock } from '../../src/ports/clock.js';
import type { LeaseRecord, LeaseStore } from '../../src/ports/lease.js';
import type { LeaseError } from '../../src/ports/lease.js';
import type { Log } from '../../src/ports/log.js';
import { Lease } from '../../src/runtime/lease.js';
import { ManualClock } from './manual-clock.js';

const LEASE_MS = 1_000;
const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };

/** A wire on which calls take time, and fail or lose their answer now and then. */
class Wire implements LeaseStore {
  trouble: 'none' | 'down' | 'deaf' = 'none';

  constructor(
    private readonly place: LeaseStore,
    private readonly clock: Clock,
    private readonly delayMs: () => number,
  ) {}

  async read(): ReturnType<LeaseStore['read']> {
    await this.pass();
    const found = await this.place.read();
    await this.pass();
    return found;
  }

  async write(record: LeaseRecord, revision: number): Promise<number | undefined> {
    await this.pass();
    const written = await this.place.write(record, revision);
    await this.pass();
    if (this.trouble === 'deaf') throw new Error('no answer');
    return written;
  }

  private async pass(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.after(this.delayMs(), resolve));
    if (this.trouble === 'down') throw new Error('not reachable');
  }
}

/** A process whose timers do not fire while it is stopped. */
class Stoppable implements Clock {
  private late: (() => void)[] = [];
  stopped = false;

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }
  monotonic(): number {
    return this.clock.monotonic();
  }
  yield(): Promise<void> {
    return this.clock.yield();
  }
  after(ms: number, call: () => void): () => void {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled) return;
      if (this.stopped) this.late.push(fire);
      else call();
    };
    const cancel = this.clock.after(ms, fire);
    return () => {
      cancelled = true;
      cancel();
    };
  }
  goOn(): void {
    this.stopped = false;
    for (const fire of this.late.splice(0)) fire();
  }
}

function leaseOf(store: LeaseStore, clock: Clock, more: { holder: string; standby?: boolean }): Lease {
  return new Lease({ store, clock, log, about: more.holder, leaseMs: LEASE_MS, standby: true, ...more });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

async function run(clock: ManualClock, ms: number): Promise<void> {
  const until = clock.monotonic() + ms;
  let over = false;
  clock.after(ms, () => (over = true));
  await settle();
  while (!over && clock.monotonic() <= until && clock.runNext()) await settle();
}

const acts = fc.array(
  fc.record({
    who: fc.nat({ max: 1 }),
    do: fc.constantFrom('stop', 'go on', 'down', 'deaf', 'up'),
    afterMs: fc.nat({ max: 3_000 }),
  }),
  { maxLength: 14 },
);

test('of two processes at most one may publish at any time, whatever happens to them and to the wire', async () => {
  let takeovers = 0;
  await fc.assert(
    fc.asyncProperty(acts, fc.constantFrom(1, 40, 200), async (list, delayMs) => {
      const clock = new ManualClock();
      const place = new MemoryLease();
      const processes = ['a', 'b'].map((holder) => {
        const own = new Stoppable(clock);
        const wire = new Wire(place, own, () => delayMs);
        const lease = leaseOf(wire, own, { holder });
        void lease.acquire(0).catch(silent);
        return { own, wire, lease };
      });
      const check = (): void => {
        expect(processes.filter(({ lease }) => lease.isHeld).length).toBeLessThanOrEqual(1);
      };
      for (const { who, do: what, afterMs } of list) {
        for (let ms = 0; ms < afterMs; ms += 50) {
          await run(clock, 50);
          check();
        }
        const { own, wire } = processes[who] as (typeof processes)[number];
        if (what === 'stop') own.stopped = true;
        else if (what === 'go on') own.goOn();
        else wire.trouble = what === 'up' ? 'none' : what;
        await settle();
        check();
      }
      for (const { own, wire } of processes) {
        own.goOn();
        wire.trouble = 'none';
      }
      for (let ms = 0; ms < 6_000; ms += 50) {
        await run(clock, 50);
        check();
      }
      // In the end one of them works, unless both had it and lost it.
      const held = processes.filter(({ lease }) => lease.isHeld).length;
      const epochs = processes.map(({ lease }) => lease.epoch);
      expect(held === 1 || Math.min(...epochs) > 0).toBe(true);
      if (Math.max(...epochs) > 1) takeovers++;
      for (const { lease } of processes) lease.close();
    }),
    { numRuns: 120, seed: 7 },
  );
  expect(takeovers).toBeGreaterThan(10);
});

describe('a lease', () => {
  test('is taken over at once from a process that stopped in order, and by one that starts again over the same state', async () => {
    const clock = new ManualClock();
    const place = new MemoryLease();
    const first = leaseOf(place, clock, { holder: 'a' });
    expect(await first.acquire(0)).toEqual({ epoch: 1, previous: 0 });
    const again = leaseOf(place, clock, { holder: 'a' });
    expect(await again.acquire(1)).toEqual({ epoch: 2, previous: 1 });
    expect(clock.monotonic()).toBe(0);
    await again.release();
    expect(again.isHeld).toBe(false);
    expect(await leaseOf(place, clock, { holder: 'b' }).acquire(0)).toEqual({ epoch: 3, previous: 2 });
    first.close();
  });

  test('that another renews is refused, and the message names it', async () => {
    const clock = new ManualClock();
    const place = new MemoryLease();
    await leaseOf(place, clock, { holder: 'a' }).acquire(0);
    const refused = leaseOf(place, clock, { holder: 'b', standby: false }).acquire(0);
    const outcome = refused.catch((error: unknown) => error as LeaseError);
    await run(clock, 2 * LEASE_MS);
    expect(await outcome).toMatchObject({
      code: 'lease-held',
      message: expect.stringContaining('a is at work') as unknown,
    });
  });

  test('begins above the epoch of the state, though its record was deleted', async () => {
    expect(await leaseOf(new MemoryLease(), new ManualClock(), { holder: 'a' }).acquire(7)).toEqual({
      epoch: 8,
      previous: 0,
    });
  });

  test('survives a renewal whose answer was lost; who waits to publish goes on with the next', async () => {
    const clock = new ManualClock();
    const wire = new Wire(new MemoryLease(), clock, () => 0);
    const lease = leaseOf(wire, clock, { holder: 'a' });
    const losses: string[] = [];
    lease.whenLost(({ code }) => losses.push(code));
    const acquired = lease.acquire(0);
    await run(clock, 1);
    await acquired;
    wire.trouble = 'deaf';
    await run(clock, 1_100);
    expect(lease.isHeld).toBe(false);
    const held = lease.whenHeld();
    wire.trouble = 'none';
    await run(clock, 600);
    await held;
    expect([lease.isHeld, losses]).toEqual([true, []]);
    lease.close();
  });

  test('that another took is lost for good, and says who has it', async () => {
    const clock = new ManualClock();
    const place = new MemoryLease();
    const own = new Stoppable(clock);
    const lease = leaseOf(place, own, { holder: 'a' });
    const losses: LeaseError[] = [];
    lease.whenLost((error) => losses.push(error));
    await lease.acquire(0);
    own.stopped = true;
    const other = leaseOf(place, clock, { holder: 'b' });
    const taken = other.acquire(0);
    await run(clock, 3 * LEASE_MS);
    expect(await taken).toEqual({ epoch: 2, previous: 1 });
    own.goOn();
    await settle();
    expect(losses).toMatchObject([{ code: 'lease-lost', fields: { by: 'b', newEpoch: 2 } }]);
    await expect(lease.whenHeld()).rejects.toMatchObject({ code: 'lease-lost' });
    other.close();
  });
});
