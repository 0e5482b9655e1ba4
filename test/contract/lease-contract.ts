import { describe, expect, test } from 'vitest';
import type { LeaseRecord, LeaseStore } from '../../src/ports/lease.js';

const record = (holder: string, epoch: number): LeaseRecord => ({ holder, epoch, about: `${holder}, in a test` });

/** What every place of a lease must do. `open` gives two views of one place where nobody ever was. */
export function leaseContract(name: string, open: () => Promise<readonly [LeaseStore, LeaseStore]>): void {
  describe(`the lease contract, kept by ${name}`, () => {
    test('a place where nobody ever was reads as that, and is taken once', async () => {
      const [one, other] = await open();
      expect(await one.read()).toBeUndefined();
      const taken = await Promise.all([one.write(record('a', 1), 0), other.write(record('b', 1), 0)]);
      expect(taken.filter((revision) => revision === undefined)).toHaveLength(1);
      const found = await other.read();
      expect(found?.record.holder).toBe(taken[0] === undefined ? 'b' : 'a');
      expect(found?.revision).toBe(taken[0] ?? taken[1]);
    });

    test('a write needs the revision it follows, and raises it', async () => {
      const [one, other] = await open();
      const first = (await one.write(record('a', 1), 0)) as number;
      const second = (await one.write(record('a', 1), first)) as number;
      expect(second).toBeGreaterThan(first);
      expect(await other.write(record('b', 2), first)).toBeUndefined();
      expect(await other.write(record('b', 2), 0)).toBeUndefined();
      expect(await one.read()).toEqual({ record: record('a', 1), revision: second });
      expect(await other.write(record('b', 2), second)).toBeGreaterThan(second);
      expect((await one.read())?.record).toEqual(record('b', 2));
    });
  });
}
