import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyToken } from '../../../src/core/model/key.js';
import { ownsKey, shardOfKey } from '../../../src/core/model/ownership.js';

const key = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());

test('every key belongs to exactly one of the shards, and to the same one every time', () => {
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 16 }), (value, shards) => {
      const token = keyToken(value);
      const owners = Array.from({ length: shards }, (_, shard) => shard).filter((shard) =>
        ownsKey({ shard, of: shards }, token),
      );
      expect(owners).toEqual([shardOfKey(token, shards)]);
    }),
  );
});

test('many keys are shared out about evenly', () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < 40_000; i++) {
    const shard = shardOfKey(`key-${i}`, 4);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(1_500);
});
