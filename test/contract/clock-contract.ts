import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/ports/clock.js';

/** A clock that runs while a test awaits, and what ends that. */
export interface ClockUnderTest {
  readonly clock: Clock;
  dispose?(): void;
}

/** What every clock must do. */
export function clockContract(name: string, open: () => ClockUnderTest): void {
  describe(`the clock contract, kept by ${name}`, () => {
    const opened: ClockUnderTest[] = [];
    const start = (): Clock => {
      const one = open();
      opened.push(one);
      return one.clock;
    };
    const waited = (clock: Clock, ms: number): Promise<void> =>
      new Promise((resolve) => void clock.after(ms, () => resolve()));
    afterEach(() => {
      for (const one of opened.splice(0)) one.dispose?.();
    });

    test('durations grow while it waits, and the time of day with them', async () => {
      const clock = start();
      const [now, monotonic] = [clock.now(), clock.monotonic()];
      await waited(clock, 30);
      const passed = clock.monotonic() - monotonic;
      expect(passed).toBeGreaterThanOrEqual(29);
      expect(Math.abs(clock.now() - now - passed)).toBeLessThan(20);
    });

    test('a call comes once, and not before its time', async () => {
      const clock = start();
      const begun = clock.monotonic();
      const calls: number[] = [];
      clock.after(20, () => calls.push(clock.monotonic() - begun));
      await waited(clock, 60);
      expect(calls).toHaveLength(1);
      expect(calls[0]).toBeGreaterThanOrEqual(19);
    });

    test('calls come in the order of their times, however they were asked for', async () => {
      const clock = start();
      const calls: string[] = [];
      clock.after(40, () => calls.push('last'));
      clock.after(0, () => calls.push('first'));
      clock.after(20, () => calls.push('second'));
      await waited(clock, 80);
      expect(calls).toEqual(['first', 'second', 'last']);
    });

    test('what is cancelled does not come; cancelling what has come, or twice, is nothing', async () => {
      const clock = start();
      const calls: string[] = [];
      const cancel = clock.after(10, () => calls.push('cancelled'));
      const tooLate = clock.after(5, () => calls.push('kept'));
      cancel();
      cancel();
      await waited(clock, 40);
      tooLate();
      await waited(clock, 20);
      expect(calls).toEqual(['kept']);
    });

    test('who yields again and again keeps no timer from its call', async () => {
      const clock = start();
      let isOver = false;
      clock.after(5, () => (isOver = true));
      while (!isOver) await clock.yield();
      expect(isOver).toBe(true);
    });
  });
}
