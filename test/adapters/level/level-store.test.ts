import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import type { StoreChange } from '../../../src/ports/store.js';
import { storeContract } from '../../contract/store-contract.js';

let root: string;
let count = 0;
const newDirectory = (): string => join(root, `s${(count += 1)}`);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-level-'));
});
afterAll(() => rm(root, { recursive: true }));

storeContract('the level store', () => openLevelStore({ directory: newDirectory() }));

describe('a level store', () => {
  test('opened again holds what was committed', async () => {
    const directory = join(newDirectory(), 'deeper', 'still');
    const store = await openLevelStore({ directory });
    await store.commit([{ kind: 'put', key: 'a', value: '1' }], { sync: false });
    await store.close();
    const again = await openLevelStore({ directory });
    expect(await again.get('a')).toBe('1');
    await again.close();
  });

  test('opened while it is open in the same process is refused with `locked`, naming the directory', async () => {
    const directory = newDirectory();
    const store = await openLevelStore({ directory });
    await store.commit([{ kind: 'put', key: 'a', value: '1' }], { sync: false });
    await expect(openLevelStore({ directory })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(directory) as string,
    });
    await store.commit([{ kind: 'put', key: 'b', value: '1' }], { sync: true });
    expect(await store.get('b')).toBe('1');
    await store.close();
  });

  const withMarker = async (marker: string | undefined, others: readonly string[] = []): Promise<string> => {
    const directory = newDirectory();
    const database = new ClassicLevel(directory);
    if (marker !== undefined) await database.put('!format', marker);
    for (const key of others) await database.put(key, 'x');
    await database.close();
    return directory;
  };

  test('a newer format is refused, saying which is known', async () => {
    const directory = await withMarker('{"format":2,"product":"weir"}', ['a']);
    await expect(openLevelStore({ directory })).rejects.toMatchObject({
      code: 'newer-format',
      fields: { format: 2, known: 1 },
    });
  });

  test.each([
    ['a database without a marker', undefined, ['a']],
    ['a marker of another product', '{"format":1,"product":"other"}', []],
    ['a marker that is no marker', 'null', []],
    ['a marker that is no JSON', '{', []],
  ] as const)('%s is refused with `not-weir`, and stays as it was', async (_, marker, others) => {
    const directory = await withMarker(marker, others);
    await expect(openLevelStore({ directory })).rejects.toMatchObject({ code: 'not-weir' });
    const database = new ClassicLevel(directory);
    expect(await database.keys().all()).toEqual([...(marker === undefined ? [] : ['!format']), ...others]);
    await database.close();
  });

  test('a directory of other files is refused with `not-weir`, and nothing is written into it', async () => {
    const directory = await mkdtemp(join(root, 'other-'));
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await expect(openLevelStore({ directory })).rejects.toMatchObject({ code: 'not-weir' });
    expect(await readdir(directory)).toEqual(['notes.txt']);
  });

  test('a file in the place of the directory is refused', async () => {
    const directory = join(root, 'a-file');
    await writeFile(directory, '');
    await expect(openLevelStore({ directory })).rejects.toMatchObject({ name: 'StoreError', code: 'io' });
  });

  test('an empty database without a marker (a first start that was interrupted) is taken over', async () => {
    const store = await openLevelStore({ directory: await withMarker(undefined) });
    await store.close();
  });

  test('the marker is not part of the map', async () => {
    const store = await openLevelStore({ directory: newDirectory() });
    await store.commit(
      [
        { kind: 'put', key: ' before', value: '' },
        { kind: 'put', key: '~after', value: '' },
      ],
      { sync: false },
    );
    const keys: string[] = [];
    for await (const [key] of store.entries('', '\u{10ffff}')) keys.push(key);
    expect(keys).toEqual([' before', '~after']);
    await expect(store.commit([{ kind: 'del', key: '!format' }], { sync: false })).rejects.toThrow(
      'belongs to the store',
    );
    await store.close();
  });

  test('a commit of 10,000 entries lets the event loop turn at least twenty times', async () => {
    const store = await openLevelStore({ directory: newDirectory() });
    const changes: StoreChange[] = Array.from({ length: 10_000 }, (_, index) => ({
      kind: 'put',
      key: `key/${index}`,
      value: 'x'.repeat(200),
    }));
    let turns = 0;
    let committed = false;
    const turn = (): void => {
      turns += 1;
      if (!committed) setImmediate(turn);
    };
    setImmediate(turn);
    await store.commit(changes, { sync: true });
    committed = true;
    await store.close();
    expect(turns).toBeGreaterThanOrEqual(20);
  });
});
