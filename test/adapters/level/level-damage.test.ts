import { cp, mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/adapters/level/crc32c.js';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import { verifyDirectory } from '../../../src/adapters/level/verify-directory.js';
import { StoreError, type StateStore } from '../../../src/ports/store.js';

let root: string;
/** A database with tables, a log that was not replayed yet, and a manifest of several edits. Copied for each test. */
let sample: string;
let sampleEntries: string[];

async function readAll(store: StateStore): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of store.entries('', '~')) found.push(entry.join('='));
  return found;
}

async function commitRound(store: StateStore, round: number): Promise<void> {
  const filler = Array.from({ length: 40 }, (_, index) => ((round * 31 + index) * 2654435761).toString(36)).join('');
  const changes = Array.from({ length: 500 }, (_, index) => ({
    kind: 'put' as const,
    key: `k${(index * 37 + round * 11) % 9_973}`,
    value: `${round} ${index} ${filler}`,
  }));
  await store.commit(changes, { sync: round % 5 === 0 });
}

async function createSample(directory: string): Promise<void> {
  for (let session = 0; session < 3; session += 1) {
    const store = await openLevelStore({ directory });
    for (let round = 0; round < 25; round += 1) await commitRound(store, session * 100 + round);
    await store.close();
  }
}

async function copySample(): Promise<string> {
  const directory = await mkdtemp(join(root, 'copy-'));
  await cp(sample, directory, { recursive: true });
  return directory;
}

async function fileLike(directory: string, pattern: RegExp): Promise<string> {
  const sizes = await Promise.all(
    (await readdir(directory))
      .filter((name) => pattern.test(name))
      .map(async (name) => ({ name, size: (await readFile(join(directory, name))).length })),
  );
  const largest = sizes.sort((a, b) => b.size - a.size)[0];
  if (largest === undefined) throw new Error(`no file like ${pattern.source}`);
  return largest.name;
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  await writeFile(path, bytes);
}

/** All files but LevelDB's own log of its doings and its lock, with their content. */
async function contents(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(directory)).sort()) {
    if (!/^(LOG|LOG\.old|LOCK)$/.test(name))
      found.set(name, (await readFile(join(directory, name))).toString('latin1'));
  }
  return found;
}

/** Opening is refused as damaged, names the file, and leaves every file as it is. */
async function expectDamaged(directory: string, file: string): Promise<void> {
  const before = await contents(directory);
  await expect(openLevelStore({ directory })).rejects.toMatchObject({
    name: 'StoreError',
    code: 'damaged',
    message: expect.stringContaining(`${directory} is damaged: ${file}: `) as string,
  });
  expect(await contents(directory)).toEqual(before);
}

describe('a damaged state directory', () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'weir-damage-'));
    sample = join(root, 'sample');
    await createSample(sample);
    const copy = await copySample();
    const store = await openLevelStore({ directory: copy });
    sampleEntries = await readAll(store);
    await store.close();
  });
  afterAll(() => rm(root, { recursive: true }));

  test('the sample has what the tests damage, and is whole', async () => {
    const report = await verifyDirectory(sample);
    expect(report.tables).toBeGreaterThanOrEqual(2);
    expect(report.tornLog).toBeUndefined();
    expect((await readFile(join(sample, await fileLike(sample, /\.log$/)))).length).toBeGreaterThan(1_000_000);
    expect(sampleEntries.length).toBeGreaterThan(500);
  });

  test.each([
    ['CURRENT', /^CURRENT$/],
    ['the manifest', /^MANIFEST-/],
    ['the log', /\.log$/],
    ['a table', /\.ldb$/],
  ] as const)('any flipped byte of %s is refused, and nothing is changed', async (_, pattern) => {
    const directory = await copySample();
    const name = await fileLike(directory, pattern);
    const path = join(directory, name);
    const { length } = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), async (at) => {
        await flip(path, at);
        const failure: unknown = await verifyDirectory(directory).catch((error: unknown) => error);
        await flip(path, at);
        // A wrong but well-formed name in CURRENT, or a file that is missing then: the file blamed may be another one.
        expect(failure).toBeInstanceOf(StoreError);
        expect(failure).toMatchObject({ code: 'damaged' });
      }),
      { numRuns: 60 },
    );
    await flip(path, length >> 1);
    await expectDamaged(directory, name === 'CURRENT' ? 'CURRENT' : name);
  });

  test.each([1, 20, 5_000])('a table cut by %i bytes is refused', async (by) => {
    const directory = await copySample();
    const name = await fileLike(directory, /\.ldb$/);
    await truncate(join(directory, name), (await readFile(join(directory, name))).length - by);
    await expectDamaged(directory, name);
  });

  test.each([
    ['a table', /\.ldb$/],
    ['the log', /\.log$/],
    ['the manifest', /^MANIFEST-/],
    ['CURRENT', /^CURRENT$/],
  ] as const)('%s that is missing is refused', async (_, pattern) => {
    const directory = await copySample();
    const name = await fileLike(directory, pattern);
    await unlink(join(directory, name));
    await expectDamaged(directory, name);
  });

  test.each(['', 'MANIFEST-', 'MANIFEST-000004'])('a CURRENT that was cut to %j is refused', async (content) => {
    const directory = await copySample();
    await writeFile(join(directory, 'CURRENT'), content);
    await expectDamaged(directory, 'CURRENT');
  });

  test('a manifest cut anywhere never opens as less than the whole', async () => {
    const name = await fileLike(sample, /^MANIFEST-/);
    const { length } = await readFile(join(sample, name));
    for (let kept = 0; kept < length; kept += 1 + (kept % 7)) {
      const directory = await copySample();
      await truncate(join(directory, name), kept);
      await expect(openLevelStore({ directory })).rejects.toMatchObject({ code: 'damaged' });
      await rm(directory, { recursive: true });
    }
  });

  test('a log cut anywhere opens with whole batches only: the state at an earlier commit', async () => {
    const directory = await mkdtemp(join(root, 'cut-'));
    const store = await openLevelStore({ directory });
    for (let round = 1; round <= 20; round += 1) {
      await store.commit(
        Array.from({ length: 50 }, (_, index) => ({
          kind: 'put' as const,
          key: `e${index}`,
          value: `${round} ${'x'.repeat(round * 7)}`,
        })),
        { sync: false },
      );
    }
    await store.close();
    const name = await fileLike(directory, /\.log$/);
    const { length } = await readFile(join(directory, name));
    for (let kept = length; kept >= 0; kept -= 1 + (length >> 5)) {
      const copy = await mkdtemp(join(root, 'kept-'));
      await cp(directory, copy, { recursive: true });
      await truncate(join(copy, name), kept);
      const cut = await openLevelStore({ directory: copy });
      const rounds = new Set((await readAll(cut)).map((entry) => entry.replace(/^e\d+=(\d+) .*/, '$1')));
      expect(rounds.size).toBeLessThanOrEqual(1);
      if (kept === length) expect([...rounds]).toEqual(['20']);
      await cut.close();
    }
  });

  test('zeros behind the last record (space a crash left unwritten) are a torn end, not damage', async () => {
    const directory = await copySample();
    const path = join(directory, await fileLike(directory, /\.log$/));
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(70_000)]));
    const store = await openLevelStore({ directory });
    expect(await readAll(store)).toEqual(sampleEntries);
    await store.close();
  });

  test('zeros between records are damage', async () => {
    const directory = await copySample();
    const name = await fileLike(directory, /\.log$/);
    const bytes = await readFile(join(directory, name));
    bytes.fill(0, 32_768 * 3, 32_768 * 4);
    await writeFile(join(directory, name), bytes);
    await expectDamaged(directory, name);
  });
});

test('the checksum is CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => (index * 91) % 256));
  const bitwise = (end: number): number => {
    let crc = 0xffffffff;
    for (const byte of bytes.subarray(0, end)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  for (let end = 0; end <= 100; end += 1) expect(crc32c(bytes, 0, end)).toBe(bitwise(end));
});
