import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchBuffer } from '../../../src/adapters/nats/batch-buffer.js';
import type { SourceMessage } from '../../../src/ports/source.js';

const message = (seq: number): SourceMessage => ({
  seq,
  arrival: 0,
  subject: 's',
  headers: undefined,
  text: 'x',
  value: undefined,
});

describe('the buffer between the wire and the caller', () => {
  it('accounts for every sequence once: given, passed over, or reported as a gap, and never behind the position', () => {
    const step = fc.constantFrom('add', 'pass', 'gap', 'take', 'take');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
        const buffer = new BatchBuffer(0);
        let seq = 0;
        let position = 0;
        const given: number[] = [];
        const wanted: number[] = [];
        const gone: number[] = [];
        const goneWanted: number[] = [];
        const take = (): void => {
          const batch = buffer.take(max, 0);
          expect(batch.messages.length).toBeLessThanOrEqual(max);
          given.push(...batch.messages.map((one) => one.seq));
          for (const [first, last] of batch.gaps) for (let s = first; s <= last; s++) gone.push(s);
          expect(batch.scannedTo).toBeGreaterThanOrEqual(position);
          position = batch.scannedTo ?? position;
          expect([...given, ...gone].every((s) => s <= position)).toBe(true);
          expect(wanted.filter((s) => s <= position)).toEqual(given);
          expect(goneWanted.filter((s) => s <= position)).toEqual(gone);
        };
        for (const what of steps) {
          if (what === 'take') {
            take();
            continue;
          }
          seq += 1;
          if (what === 'add') {
            wanted.push(seq);
            buffer.add(message(seq), 1);
          } else if (what === 'pass') buffer.pass(seq);
          else {
            goneWanted.push(seq);
            buffer.addGap(seq, seq);
          }
        }
        for (let i = 0; i < 201; i++) take();
        expect(given).toEqual(wanted);
        expect(gone).toEqual(goneWanted);
        expect(position).toBe(seq);
        expect(buffer.bytes).toBe(0);
      }),
    );
  });

  it('hands over everything without a copy, and counts what is behind', () => {
    const buffer = new BatchBuffer(10);
    expect(buffer.take(5, 3)).toMatchObject({ messages: [], scannedTo: 10, caughtUp: false, pending: 3 });
    for (let seq = 11; seq <= 16; seq++) buffer.add(message(seq), 1);
    expect(buffer.take(4, 0)).toMatchObject({ scannedTo: 14, caughtUp: false, pending: 2 });
    expect(buffer.take(4, 0)).toMatchObject({ scannedTo: 16, caughtUp: true, pending: 0 });
    expect(buffer.take(4, undefined)).toMatchObject({ caughtUp: false, pending: undefined });
  });

  it('wakes its caller for a message, for a gap, when told to stop, and when the time has passed', async () => {
    const buffer = new BatchBuffer(0);
    let stopped = false;
    const waiting = (): Promise<void> => buffer.wait(5_000, () => stopped);
    const first = waiting();
    buffer.pass(1);
    buffer.add(message(2), 1);
    await first;
    buffer.take(10, 0);
    const second = waiting();
    buffer.addGap(3, 4);
    await second;
    buffer.take(10, 0);
    const third = waiting();
    stopped = true;
    buffer.wake();
    await third;
    stopped = false;
    const startedAt = performance.now();
    await buffer.wait(20, () => false);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
  });
});
