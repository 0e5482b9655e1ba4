import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OVERFLOW_UNIT, UnitClocks } from '../../../src/core/time/unit-clocks.js';

const BOUND_MS = 20;

interface Clock {
  maxTime: number;
  lastArrival: number;
}

/** The same from the definition alone: every unit looked at every time. */
class NaiveClocks {
  private readonly units = new Map<string, Clock>();
  private latest: Clock | undefined;
  private arrival = -Infinity;

  constructor(
    private readonly idleAfterMs: number,
    private readonly unitsMax: number,
  ) {}

  observe(unit: string, time: number, arrival: number): void {
    this.tick(arrival);
    const name = this.units.has(unit) || this.units.size < this.unitsMax ? unit : OVERFLOW_UNIT;
    const clock = this.units.get(name) ?? { maxTime: -Infinity, lastArrival: 0 };
    clock.maxTime = Math.max(clock.maxTime, time);
    clock.lastArrival = this.arrival;
    this.units.set(name, clock);
    this.latest = clock;
  }

  tick(arrival: number): void {
    this.arrival = Math.max(this.arrival, arrival);
  }

  watermark(): number {
    const active = [...this.units.values()].filter(({ lastArrival }) => this.arrival - lastArrival < this.idleAfterMs);
    if (active.length > 0) return Math.min(...active.map(({ maxTime }) => maxTime)) - BOUND_MS - 1;
    const { latest } = this;
    return latest === undefined ? -Infinity : latest.maxTime - BOUND_MS - 1 + (this.arrival - latest.lastArrival);
  }
}

const steps = fc.array(
  fc.record({
    /** None: a tick. */
    unit: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')),
    stepMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
      { weight: 1, arbitrary: fc.nat(200) },
    ),
    behindMs: fc.nat(150),
  }),
  { maxLength: 150, size: 'max' },
);
const idleness = fc.constantFrom(Infinity, 10, 60, 300);
const capacity = fc.constantFrom(1, 2, 4, 10_000);

describe('the clocks of units', () => {
  test('give the watermark of the definition, whatever comes', () =>
    fc.assert(
      fc.property(steps, idleness, capacity, (given, idleAfterMs, unitsMax) => {
        const clocks = new UnitClocks(BOUND_MS, idleAfterMs, unitsMax);
        const naive = new NaiveClocks(idleAfterMs, unitsMax);
        let now = 1_000;
        for (const { unit, stepMs, behindMs } of given) {
          now += stepMs;
          for (const one of [clocks, naive]) {
            if (unit === null) one.tick(now);
            else one.observe(unit, now - behindMs, now);
          }
          expect(clocks.watermark()).toBe(naive.watermark());
        }
        expect(clocks.size).toBeLessThanOrEqual(unitsMax + 1);
      }),
      { numRuns: 500 },
    ));

  test('saved and loaded at any point go on as if nothing had been', () =>
    fc.assert(
      fc.property(steps, idleness, capacity, (given, idleAfterMs, unitsMax) => {
        const whole = new UnitClocks(BOUND_MS, idleAfterMs, unitsMax);
        let broken = new UnitClocks(BOUND_MS, idleAfterMs, unitsMax);
        let now = 1_000;
        for (const { unit, stepMs, behindMs } of given) {
          now += stepMs;
          for (const one of [whole, broken]) {
            if (unit === null) one.tick(now);
            else one.observe(unit, now - behindMs, now);
          }
          expect(broken.watermark()).toBe(whole.watermark());
          const saved = JSON.parse(JSON.stringify([broken.save(), broken.arrivalClock])) as [
            ReturnType<UnitClocks['save']>,
            number | null,
          ];
          broken = new UnitClocks(BOUND_MS, idleAfterMs, unitsMax);
          broken.load(saved[0], saved[1] ?? -Infinity);
        }
      }),
    ));

  test('beyond their limit share one overflow unit, which holds the watermark back like any other', () => {
    const clocks = new UnitClocks(0, Infinity, 2);
    clocks.observe('a', 100, 0);
    clocks.observe('b', 100, 0);
    clocks.observe('c', 50, 0);
    clocks.observe('d', 70, 0);
    expect(clocks.size).toBe(3);
    expect(clocks.watermark()).toBe(69);
  });
});
