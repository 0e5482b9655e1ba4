import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import type { StateStore } from '../../../src/ports/store.js';
import { buildChild, startChild } from './child-process.js';

/** The numbers found in the entries of a batch, and how many entries there are. */
async function readBatch(store: StateStore): Promise<{ entries: number; numbers: number[] }> {
  const numbers = new Set<number>();
  let entries = 0;
  for await (const [, value] of store.entries('e', 'f')) {
    entries += 1;
    numbers.add(Number.parseInt(value, 10));
  }
  return { entries, numbers: [...numbers] };
}

describe('a state directory and another process', () => {
  let root: string;
  let script: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'weir-process-'));
    script = await buildChild();
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
    await rm(dirname(script), { recursive: true });
  });

  test('held by another process it is refused with `locked`; once that one is gone it opens', async () => {
    const directory = join(root, 'held');
    const child = startChild(script, 'hold', directory);
    expect(await child.firstLine).toBe('held');
    const refusal = expect.stringContaining(`${directory} is held by another process`) as string;
    await expect(openLevelStore({ directory })).rejects.toMatchObject({ code: 'locked', message: refusal });
    child.process.kill('SIGKILL');
    await child.ended;
    const store = await openLevelStore({ directory });
    await store.close();
  });

  test('killed in the middle of commits, over and over, it holds whole batches only, and every acknowledged one', async () => {
    const directory = join(root, 'killed');
    let before = 0;
    for (let kill = 0; kill < 24; kill += 1) {
      const child = startChild(script, 'commit', directory);
      await child.firstLine;
      await sleep((kill * 7) % 40);
      child.process.kill('SIGKILL');
      await child.ended;
      const acknowledged = Number(child.lines.at(-1));
      const store = await openLevelStore({ directory });
      const { entries, numbers } = await readBatch(store);
      await store.close();
      expect(entries).toBe(1_000);
      expect(numbers).toHaveLength(1);
      expect(numbers[0]).toBeGreaterThanOrEqual(acknowledged);
      expect(numbers[0]).toBeGreaterThan(before);
      before = numbers[0] as number;
    }
  }, 60_000);

  test.each([300, 1_000, 4_000])(
    'with no room for a file beyond %i KiB the commit fails as `disk-full`, the store takes no more, and opens whole later',
    async (kib) => {
      const directory = join(root, `full-${kib}`);
      const child = startChild(script, 'fill', directory, kib);
      const said = JSON.parse(await child.firstLine) as { acknowledged: number };
      expect(said).toMatchObject({ open: 'none', code: 'disk-full', next: 'failed' });
      await child.ended;
      const store = await openLevelStore({ directory });
      const { entries, numbers } = await readBatch(store);
      expect(numbers.length).toBeLessThanOrEqual(1);
      expect(entries).toBe(numbers.length * 1_000);
      expect([said.acknowledged, said.acknowledged + 1]).toContain(numbers[0] ?? 0);
      await store.commit([{ kind: 'put', key: 'e', value: '0' }], { sync: true });
      await store.close();
    },
  );

  test('with no room at all, opening is refused as `disk-full`, and succeeds later', async () => {
    const directory = join(root, 'full-at-open');
    const child = startChild(script, 'fill', directory, 0);
    expect(JSON.parse(await child.firstLine)).toEqual({ open: 'disk-full' });
    await child.ended;
    const store = await openLevelStore({ directory });
    await store.close();
  });
});
