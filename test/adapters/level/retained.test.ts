/** Retained checkpoints, their journal, and falling back to them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LevelStoreOptions } from '../../../src/adapters/level/open-level-store.js';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import type { StateStore, StoreChange } from '../../../src/ports/store.js';
import { storeContract } from '../../contract/store-contract.js';
import { buildChild, startChild } from './child-process.js';

let root: string;
let count = 0;
const newState = (): string => join(root, `s${++count}`);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-retained-'));
});
afterAll(() => rm(root, { recursive: true }));

interface Retaining extends Partial<LevelStoreOptions> {
  readonly keep?: number;
  readonly intervalMs?: number;
  readonly journalBytesMax?: number;
}

function open(
  state: string,
  { keep = 2, intervalMs = 1e9, journalBytesMax = 1e9, ...more }: Retaining = {},
): Promise<StateStore> {
  const retain = { directory: join(state, 'retained'), keep, intervalMs, journalBytesMax };
  return openLevelStore({ directory: join(state, 'db'), retain, ...more });
}

/** Entries in any order, as a text short enough to be read when it is wrong. */
function contentOf(entries: readonly string[]): string {
  const hash = createHash('sha256').update([...entries].sort().join('\n'));
  const reached = entries.find((entry) => entry.startsWith('n='));
  return `${entries.length} entries, ${reached ?? 'no batch'}, ${hash.digest('hex').slice(0, 12)}`;
}

async function readAll(store: StateStore): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of store.entries('', '~')) found.push(entry.join('='));
  return found;
}

/** What the state holds, and how it came to be opened. */
async function look(state: string, options: Retaining = {}) {
  const store = await open(state, options);
  const entries = await readAll(store);
  const recovered = store.retention?.().recovered ?? null;
  await store.close();
  const reached = Number(entries.find((entry) => entry.startsWith('n='))?.slice(2));
  return { content: contentOf(entries), reached, recovered };
}

/** Batch n changes some keys and says its number under `n`; it deletes one, too. */
function batchOf(number: number): StoreChange[] {
  const filler = Array.from({ length: 60 }, (_, at) => ((number * 31 + at) * 2654435761).toString(36)).join('');
  const puts = Array.from({ length: 40 }, (_, at): StoreChange => {
    return { kind: 'put', key: `k${(at * 37 + number * 11) % 997}`, value: `${number} ${at} ${filler} é` };
  });
  return [...puts, { kind: 'del', key: `k${(number * 7) % 997}` }, { kind: 'put', key: 'n', value: String(number) }];
}

/** What is there after so many batches. */
function contentAfter(batches: number, ...more: readonly string[]): string {
  const map = new Map<string, string>();
  for (let number = 1; number <= batches; number++) {
    for (const change of batchOf(number)) {
      if (change.kind === 'put') map.set(change.key, change.value);
      else map.delete(change.key);
    }
  }
  return contentOf([...[...map].map((entry) => entry.join('=')), ...more]);
}

async function commit(store: StateStore, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    if (number % 3 === 0) {
      const batch = store.batch?.();
      for (const change of batchOf(number)) batch?.add(change);
      await batch?.write({ sync: true });
    } else await store.commit(batchOf(number), { sync: true });
  }
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  await writeFile(file, bytes);
}

async function numbersIn(state: string): Promise<number[]> {
  return (await readdir(join(state, 'retained'))).map(Number).sort((a, b) => a - b);
}

storeContract('the level store that retains checkpoints all the time', () => open(newState(), { intervalMs: 0 }));

/** Three lives; the retained ones are 2 and 3 of 4, the last with a journal. 120 batches. */
async function makeSample(state: string): Promise<void> {
  let number = 0;
  for (const batches of [40, 40, 40]) {
    const store = await open(state);
    await commit(store, number + 1, (number += batches));
    await store.close();
  }
}
const BATCHES = 120;

describe('a damaged state with retained checkpoints', () => {
  let sample: string;
  beforeAll(async () => {
    sample = newState();
    await makeSample(sample);
  });
  const copy = async (): Promise<string> => {
    const state = newState();
    await cp(sample, state, { recursive: true });
    return state;
  };
  const files = async (state: string, like: RegExp): Promise<string[]> =>
    (await readdir(join(state, 'db'))).filter((name) => like.test(name));

  test('the sample keeps the two newest, whole', async () => {
    expect(await numbersIn(sample)).toEqual([2, 3]);
    expect(await look(await copy())).toMatchObject({ content: contentAfter(BATCHES), recovered: null });
  });

  test.each([/^CURRENT$/, /^MANIFEST-/, /\.log$/, /\.ldb$/])(
    'a flipped byte of %s costs nothing: the newest good one and its journal give the same entries',
    async (like) => {
      await fc.assert(
        fc.asyncProperty(fc.double({ min: 0, max: 0.999, noNaN: true }), async (share) => {
          const state = await copy();
          for (const name of await files(state, like)) {
            const file = join(state, 'db', name);
            await flip(file, Math.floor((await stat(file)).size * share));
          }
          const { content, recovered } = await look(state);
          expect(content).toEqual(contentAfter(BATCHES));
          expect(recovered).toMatchObject({ lost: null, reason: expect.stringContaining('is damaged') as string });
          expect(existsSync(recovered?.kept ?? '')).toBe(true);
          // Once is enough: it is whole again, and retains again.
          expect((await look(state)).recovered).toBeNull();
          await rm(state, { recursive: true });
        }),
        { numRuns: 12 },
      );
    },
    60_000,
  );

  test('a missing file, and a damaged newest retained checkpoint: the one before and two journals', async () => {
    const state = await copy();
    for (const name of await files(state, /\.ldb$|^CURRENT$/)) await rm(join(state, 'db', name));
    await flip(join(state, 'retained', '3', 'db', 'CURRENT'), 3);
    expect(await look(state)).toMatchObject({
      content: contentAfter(BATCHES),
      recovered: { from: 2, batches: 80, lost: null },
    });
  });

  test('damage to bytes that the state and a retained one shared on the disk hits the state alone: tables are copied', async () => {
    const state = newState();
    const store = await open(state);
    await commit(store, 1, 200);
    await store.close();
    const again = await open(state);
    await again.close();
    const tables = await files(state, /\.ldb$/);
    expect(tables.length).toBeGreaterThan(0);
    for (const name of tables) {
      const file = join(state, 'db', name);
      // In place, as a bad disk does it: a hard link would see it.
      const bytes = await readFile(file);
      bytes[100] = (bytes[100] as number) ^ 1;
      await writeFile(file, bytes, { flag: 'r+' });
    }
    expect(await look(state)).toMatchObject({ content: contentAfter(200), recovered: { lost: null } });
  });

  test('a journal cut anywhere leads to whole batches; what is known to be missing is a refusal that names the choices', async () => {
    const journal = await readFile(join(sample, 'retained', '3', 'journal'));
    await fc.assert(
      fc.asyncProperty(fc.nat(journal.length - 1), fc.boolean(), async (at, logIsReadable) => {
        const state = await copy();
        await truncate(join(state, 'retained', '3', 'journal'), at);
        const like = logIsReadable ? /\.ldb$|^CURRENT$/ : /\.log$|^CURRENT$/;
        for (const name of await files(state, like)) await rm(join(state, 'db', name));
        const opened = await look(state).catch((error: unknown) => error as Error);
        if (opened instanceof Error) {
          expect(opened).toMatchObject({
            code: 'damaged',
            message: expect.stringContaining('--recover-from 3') as string,
          });
          expect(existsSync(join(state, 'damaged'))).toBe(false);
        } else if (logIsReadable) expect(opened.reached).toBeGreaterThanOrEqual(BATCHES - 1);
        const { content, reached } = opened instanceof Error ? await look(state, { recoverFrom: 3 }) : opened;
        expect(reached).toBeGreaterThanOrEqual(80);
        expect(content).toEqual(contentAfter(reached));
        await rm(state, { recursive: true });
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('a journal damaged anywhere is never read behind the damage, and going back is not decided here', async () => {
    const journal = await readFile(join(sample, 'retained', '3', 'journal'));
    await fc.assert(
      fc.asyncProperty(fc.nat(journal.length - 1), async (at) => {
        const state = await copy();
        await flip(join(state, 'retained', '3', 'journal'), at);
        await rm(join(state, 'db', 'CURRENT'));
        await expect(look(state)).rejects.toMatchObject({
          code: 'damaged',
          message: expect.stringContaining('--recover-from 3') as string,
        });
        const gone: StateStore[] = [];
        const { content, reached, recovered } = await look(state, {
          recoverFrom: 3,
          onGoneBack: async (store) => void gone.push(store),
        });
        expect(content).toEqual(contentAfter(reached));
        expect([reached >= 80 && reached < BATCHES, gone.length]).toEqual([true, 1]);
        expect(recovered?.lost).not.toBeNull();
        await rm(state, { recursive: true });
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('and nothing good retained is refused, and left as it is', async () => {
    const state = await copy();
    await rm(join(state, 'db', 'CURRENT'));
    for (const number of await numbersIn(state)) await rm(join(state, 'retained', String(number), 'db', 'CURRENT'));
    await expect(look(state)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('3 cannot be used') as string,
    });
    await expect(look(state, { recoverFrom: 3 })).rejects.toMatchObject({ code: 'damaged' });
    expect(existsSync(join(state, 'damaged'))).toBe(false);
  });

  test('that is gone altogether is not begun anew by itself', async () => {
    const state = await copy();
    await rename(join(state, 'db'), join(state, 'away'));
    await expect(look(state)).rejects.toMatchObject({ code: 'gone' });
    expect((await look(state, { recoverFrom: 3 })).content).toEqual(contentAfter(BATCHES));
  });

  test('that is good is not replaced because somebody says so', async () => {
    const state = await copy();
    await expect(look(state, { recoverFrom: 2 })).rejects.toMatchObject({ code: 'not-needed' });
    expect((await look(state)).content).toEqual(contentAfter(BATCHES));
  });
});

describe('a crash', () => {
  test('while a checkpoint is retained or dropped leaves nothing in the way', async () => {
    const state = newState();
    await makeSample(state);
    for (const name of ['.new-4', '.old-1']) {
      await cp(join(state, 'retained', '3'), join(state, 'retained', name), { recursive: true });
      await rm(join(state, 'retained', name, 'about.json'));
    }
    expect((await look(state)).content).toEqual(contentAfter(BATCHES));
    expect(await numbersIn(state)).toEqual([3, 4]);
  });

  test('between the renames of a recovery is made good by the next start', async () => {
    for (const moved of [false, true]) {
      const state = newState();
      await makeSample(state);
      await cp(join(state, 'retained', '3', 'db'), join(state, 'db.recovered'), { recursive: true });
      await rm(join(state, 'db', 'CURRENT'));
      if (moved) {
        await mkdir(join(state, 'damaged'));
        await rename(join(state, 'db'), join(state, 'damaged', 'db-1'));
      }
      const { content } = await look(state);
      // The copy that stands in for a recovered state is that of batch 80.
      expect(content).toEqual(contentAfter(moved ? 80 : BATCHES));
      expect(existsSync(join(state, 'db.recovered'))).toBe(false);
    }
  });

  test('before a batch was acknowledged: one that only the journal has is left out of what the next journal follows', async () => {
    const state = newState();
    const store = await open(state);
    await commit(store, 1, 10);
    await store.close();
    const without = newState();
    await cp(state, without, { recursive: true });
    const more = await open(state);
    await more.commit(batchOf(11), { sync: true });
    await more.close();
    // The journal of 2 as it was with batch 11, the state as it was without.
    await rm(join(without, 'retained', '2'), { recursive: true, force: true });
    await cp(join(state, 'retained', '2'), join(without, 'retained', '2'), { recursive: true });
    const again = await open(without, { keep: 3 });
    await again.commit([{ kind: 'put', key: 'other', value: '1' }], { sync: true });
    await again.close();
    await rm(join(without, 'db', 'CURRENT'));
    await rm(join(without, 'retained', '3', 'db', 'CURRENT'));
    const { content, recovered } = await look(without, { keep: 3 });
    expect(recovered).toMatchObject({ from: 2, lost: null });
    expect(content).toEqual(contentAfter(10, 'other=1'));
  });

  test('at any moment of a service that retains with every batch leaves a state from which every retained one leads to the same', async () => {
    const script = await buildChild();
    const state = newState();
    for (let kill = 0; kill < 12; kill++) {
      const child = startChild(script, 'retain', state);
      await child.firstLine;
      await new Promise((resolve) => setTimeout(resolve, (kill * 13) % 90));
      child.process.kill('SIGKILL');
      await child.ended;
      const acknowledged = Number(child.lines.at(-1));
      const broken = newState();
      await cp(state, broken, { recursive: true });
      await rm(join(broken, 'db', 'CURRENT'));
      const store = await open(broken, { keep: 3 });
      expect(Number.parseInt((await store.get('e00000')) ?? '', 10)).toBeGreaterThanOrEqual(acknowledged);
      await store.close();
      await rm(broken, { recursive: true });
    }
    await rm(dirname(script), { recursive: true });
  }, 120_000);
});

describe('retaining', () => {
  test('keeps as many as told, and begins a new journal when the old one is long', async () => {
    const state = newState();
    const store = await open(state, { keep: 3, journalBytesMax: 20_000 });
    await commit(store, 1, 60);
    const status = store.retention?.();
    expect(status?.retained).toHaveLength(3);
    expect(status?.journalBytes).toBeLessThan(30_000);
    expect(contentOf(await readAll(store))).toEqual(contentAfter(60));
    await store.close();
    expect(await numbersIn(state)).toEqual(status?.retained.map((one) => one.number));
  });

  test('is put off while somebody reads for long', async () => {
    const state = newState();
    const store = await open(state, { intervalMs: 0 });
    await commit(store, 1, 5);
    const before = store.retention?.().retained;
    let seen = 0;
    const reading = store.entries('', '~')[Symbol.asyncIterator]();
    for (let step = await reading.next(); step.done !== true; step = await reading.next()) {
      if (seen++ === 0) await commit(store, 6, 8);
    }
    expect(`${seen} entries`).toBe(contentAfter(5).split(',')[0]);
    await commit(store, 9, 9);
    expect(store.retention?.().retained).toEqual(before);
    expect(contentOf(await readAll(store))).toEqual(contentAfter(9));
    await store.close();
  });
});
