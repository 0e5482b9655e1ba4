import { MemoryLease } from '../../../src/adapters/memory/memory-lease.js';
import { leaseContract } from '../../contract/lease-contract.js';

leaseContract('memory', () => {
  const place = new MemoryLease();
  return Promise.resolve([place, place]);
});
