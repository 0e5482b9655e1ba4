import { expect, test } from 'vitest';
import { openMemoryStore } from '../../../src/adapters/memory/memory-store.js';
import { storeContract } from '../../contract/store-contract.js';

storeContract('the memory store', async () => openMemoryStore());

test('a memory store opened again over the same disk holds what was committed', async () => {
  const disk = new Map<string, string>();
  const first = openMemoryStore({ disk });
  await first.commit([{ kind: 'put', key: 'a', value: '1' }], { sync: true });
  await first.close();
  expect(await openMemoryStore({ disk }).get('a')).toBe('1');
});
