import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/adapters/system/system-clock.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import { clockContract } from '../../contract/clock-contract.js';

clockContract('the system clock', () => ({ clock: systemClock }));

describe('the system clock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('tells the time of the process', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(50);
    const before = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  test('calls once after a delay, and not when cancelled', async () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    systemClock.after(10, () => calls.push('kept'));
    systemClock.after(10, () => calls.push('cancelled'))();
    vi.advanceTimersByTime(100);
    expect(calls).toEqual(['kept']);
  });

  test('a delay beyond 2^31 ms is waited out, and can be cancelled on the way', () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    const days = 86_400_000;
    systemClock.after(60 * days, () => calls.push('kept'));
    const cancel = systemClock.after(60 * days, () => calls.push('cancelled'));
    vi.advanceTimersByTime(59 * days);
    expect(calls).toEqual([]);
    cancel();
    vi.advanceTimersByTime(2 * days);
    expect(calls).toEqual(['kept']);
  });

  test('yielding lets I/O and timers go first', async () => {
    let fired = false;
    setImmediate(() => (fired = true));
    await systemClock.yield();
    expect(fired).toBe(true);
  });
});

test('the digest is SHA-256 of the UTF-8 bytes, in hex', () => {
  expect(systemDigest('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(systemDigest('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
});
