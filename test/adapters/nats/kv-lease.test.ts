import { afterAll, beforeAll, expect, test } from 'vitest';
import { KvLease, leaseKey } from '../../../src/adapters/nats/kv-lease.js';
import { leaseContract } from '../../contract/lease-contract.js';
import { NatsFixture } from './nats-fixture.js';

let nats: NatsFixture;
beforeAll(async () => {
  nats = await NatsFixture.start();
  await nats.link.ready();
});
afterAll(() => nats.dispose());

let places = 0;

leaseContract('a NATS key-value bucket', () => {
  const place = { bucket: 'leases', of: ['alerts', `place ${places++}`] };
  return Promise.resolve([new KvLease(nats.link, place), new KvLease(nats.link, place)]);
});

test('what a lease is of may be any text, and different texts are different keys', () => {
  const names = [
    ['alerts', 'default'],
    ['alerts.default', ''],
    ['a b', "*>.ü!~'()"],
    ['a=20b', 'x'],
  ];
  const keys = names.map(leaseKey);
  expect(new Set(keys).size).toBe(names.length);
  for (const key of keys) expect(key).toMatch(/^[-\w=.]*$/);
});
