import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { StateStore, StoreChange } from '../../src/ports/store.js';

const last = '\u{10ffff}';

async function readAll(store: StateStore, from = '', to = last): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const [key, value] of store.entries(from, to)) found.push([key, value]);
  return found;
}

function put(key: string, value: string): StoreChange {
  return { kind: 'put', key, value };
}

function del(key: string): StoreChange {
  return { kind: 'del', key };
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What every store must do. `open` gives an empty store each time; the suite closes it. */
export function storeContract(name: string, open: () => Promise<StateStore>): void {
  describe(`the store contract, kept by ${name}`, () => {
    const opened: StateStore[] = [];
    const openOne = async (): Promise<StateStore> => {
      const store = await open();
      opened.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    test('a new store is empty', async () => {
      const store = await openOne();
      expect(await readAll(store)).toEqual([]);
      expect(await store.get('a')).toBeUndefined();
    });

    test.each([true, false])('what is committed (sync %s) is read back', async (sync) => {
      const store = await openOne();
      await store.commit([put('a', '1'), put('b', '2')], { sync });
      expect(await store.get('a')).toBe('1');
      expect(await readAll(store)).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
    });

    test('an empty commit changes nothing', async () => {
      const store = await openOne();
      await store.commit([], { sync: true });
      expect(await readAll(store)).toEqual([]);
    });

    test('of two changes to one key in a batch the last counts', async () => {
      const store = await openOne();
      await store.commit([put('a', '1'), del('a'), put('b', '1'), put('b', '2'), del('c'), put('c', '3')], {
        sync: false,
      });
      expect(await readAll(store)).toEqual([
        ['b', '2'],
        ['c', '3'],
      ]);
    });

    test('a batch filled bit by bit is there whole once it is written, and not before', async () => {
      const store = await openOne();
      await store.commit([put('a', '1'), put('b', '1')], { sync: false });
      const batch = store.batch?.();
      if (batch === undefined) return;
      for (const change of [put('a', '2'), del('b'), put('c', '3'), put('c', '4')]) batch.add(change);
      expect(await readAll(store)).toEqual([
        ['a', '1'],
        ['b', '1'],
      ]);
      await batch.write({ sync: true });
      expect(await readAll(store)).toEqual([
        ['a', '2'],
        ['c', '4'],
      ]);
    });

    test('many keys read at once are answered in their order, whatever is missing or asked twice', async () => {
      const store = await openOne();
      await store.commit([put('a', '1'), put('b', ''), put('ü', '3')], { sync: false });
      if (store.getMany === undefined) return;
      expect(await store.getMany(['ü', 'none', 'a', 'b', 'a'])).toEqual(['3', undefined, '1', '', '1']);
      expect(await store.getMany([])).toEqual([]);
      await store.close();
      await expect(store.getMany(['a'])).rejects.toMatchObject({ code: 'closed' });
    });

    test('deleting what is not there is no error', async () => {
      const store = await openOne();
      await store.commit([del('a')], { sync: false });
      expect(await readAll(store)).toEqual([]);
    });

    test('a range holds from its first key up to, not including, its last', async () => {
      const store = await openOne();
      await store.commit(
        ['a', 'b', 'b/1', 'b0', 'c'].map((key) => put(key, key)),
        { sync: false },
      );
      const keys = async (from: string, to: string): Promise<string[]> =>
        (await readAll(store, from, to)).map(([key]) => key);
      expect(await keys('b', 'c')).toEqual(['b', 'b/1', 'b0']);
      expect(await keys('b/', 'b0')).toEqual(['b/1']);
      expect(await keys('aa', 'bb')).toEqual(['b', 'b/1', 'b0']);
      expect(await keys('b', 'b')).toEqual([]);
      expect(await keys('c', 'a')).toEqual([]);
      expect(await keys('d', last)).toEqual([]);
    });

    test('keys sort by their UTF-8 bytes', async () => {
      const store = await openOne();
      const keys = ['é', 'a', 'Z', '\u{1f600}', '\uffee', '日本', 'aa', '\u{10fffe}', '~', '\ue000', '\ud7ff'];
      await store.commit(
        keys.map((key) => put(key, '')),
        { sync: false },
      );
      expect((await readAll(store)).map(([key]) => key)).toEqual([...keys].sort(compareBytes));
      const astral = await readAll(store, '\uffee', '\u{1f601}');
      expect(astral.map(([key]) => key)).toEqual(['\uffee', '\u{1f600}']);
    });

    test('values come back as they were: empty, any script, NUL, quotes, line breaks', async () => {
      const store = await openOne();
      const values = ['', 'é', '日本語', '\u{1f600}', '\u0000', 'a\nb\r\n', '"{}\\', '\ufeff'];
      await store.commit(
        values.map((value, index) => put(`k${index}`, value)),
        { sync: false },
      );
      for (const [index, value] of values.entries()) expect(await store.get(`k${index}`)).toBe(value);
      expect((await readAll(store)).map(([, value]) => value)).toEqual(values);
    });

    test('a value of 5 MB comes back whole', async () => {
      const store = await openOne();
      const value = 'é12345678'.repeat(520_000);
      await store.commit([put('big', value), put('small', '1')], { sync: false });
      expect((await store.get('big')) === value).toBe(true);
      const found = await readAll(store);
      expect(found.map(([key, text]) => [key, text.length])).toEqual([
        ['big', value.length],
        ['small', 1],
      ]);
    });

    test('an iteration shows the store as it was at its first step', async () => {
      const store = await openOne();
      const keys = Array.from({ length: 5_000 }, (_, index) => `k${String(index).padStart(6, '0')}`);
      await store.commit(
        keys.map((key) => put(key, 'old')),
        { sync: false },
      );
      const iterator = store.entries('k', 'l')[Symbol.asyncIterator]();
      const first = await iterator.next();
      expect(first.value).toEqual([keys[0], 'old']);
      await store.commit(
        keys.map((key, index) => (index % 2 === 0 ? del(key) : put(key, 'new'))),
        { sync: false },
      );
      await store.commit([put('k000000a', 'added')], { sync: false });
      const rest: string[] = [];
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
        rest.push(step.value.join('='));
      expect(rest).toEqual(keys.slice(1).map((key) => `${key}=old`));
      expect(await readAll(store, 'k', 'l')).toHaveLength(2_501);
    });

    test('an iteration may be left early, and another begun meanwhile', async () => {
      const store = await openOne();
      await store.commit(
        ['a', 'b', 'c'].map((key) => put(key, key)),
        { sync: false },
      );
      for await (const [outer] of store.entries('', last)) {
        expect(await readAll(store)).toHaveLength(3);
        if (outer === 'b') break;
      }
      await store.commit([del('a')], { sync: false });
      expect(await readAll(store)).toHaveLength(2);
    });

    test('commits take effect in the order of their calls, also when not awaited', async () => {
      const store = await openOne();
      const large = Array.from({ length: 5_000 }, (_, index) => put(`k${index}`, 'large'));
      const commits = [
        store.commit([...large, put('k0', 'first')], { sync: true }),
        store.commit([put('k0', 'second')], { sync: false }),
      ];
      await Promise.all(commits);
      expect(await store.get('k0')).toBe('second');
    });

    test('a batch of 10,000 changes is there whole', async () => {
      const store = await openOne();
      const changes = Array.from({ length: 10_000 }, (_, index) =>
        put(`k${String(index).padStart(6, '0')}`, `v${index}`),
      );
      await store.commit(changes, { sync: true });
      const found = await readAll(store);
      expect(found).toHaveLength(10_000);
      expect(found[9_999]).toEqual(['k009999', 'v9999']);
    });

    test('a closed store refuses everything with `closed`', async () => {
      const store = await openOne();
      await store.commit([put('a', '1')], { sync: false });
      await store.close();
      await store.close();
      await expect(store.get('a')).rejects.toMatchObject({ name: 'StoreError', code: 'closed' });
      await expect(store.commit([put('a', '2')], { sync: false })).rejects.toMatchObject({
        name: 'StoreError',
        code: 'closed',
      });
      await expect(readAll(store)).rejects.toMatchObject({ name: 'StoreError', code: 'closed' });
    });

    test('closing waits for the commits under way', async () => {
      const store = await openOne();
      const commit = store.commit(
        Array.from({ length: 5_000 }, (_, index) => put(`k${index}`, 'v')),
        { sync: true },
      );
      await store.close();
      await expect(commit).resolves.toBeUndefined();
    });

    test('a store is a sorted map: any batches leave what a map would hold', async () => {
      const key = fc.oneof(
        fc.stringMatching(/^[a-d/]{1,3}$/),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
      );
      const change = fc.oneof(
        fc.record({ kind: fc.constant('put' as const), key, value: fc.string({ unit: 'grapheme', maxLength: 5 }) }),
        fc.record({ kind: fc.constant('del' as const), key }),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 8 }),
          key,
          key,
          async (batches, from, to) => {
            const store = await open();
            try {
              const model = new Map<string, string>();
              for (const batch of batches) {
                await store.commit(batch, { sync: false });
                for (const step of batch) {
                  if (step.kind === 'put') model.set(step.key, step.value);
                  else model.delete(step.key);
                }
              }
              const sorted = [...model].sort(([a], [b]) => compareBytes(a, b));
              expect(await readAll(store)).toEqual(sorted);
              expect(await readAll(store, from, to)).toEqual(
                sorted.filter(([at]) => compareBytes(at, from) >= 0 && compareBytes(at, to) < 0),
              );
            } finally {
              await store.close();
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}
