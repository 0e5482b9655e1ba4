/** Files that the first version with the format wrote (test/data/retained-format-1): every later version must read them. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { JournalBatch } from '../../../src/adapters/level/journal.js';
import { readJournal } from '../../../src/adapters/level/journal.js';
import { listRetained, readAbout, retainedPaths } from '../../../src/adapters/level/retained.js';

const directory = fileURLToPath(new URL('../../data/retained-format-1', import.meta.url));

test('what is known of a retained checkpoint of format 1 is read', async () => {
  expect(await listRetained(directory)).toEqual([1]);
  expect(await readAbout(directory, 1)).toEqual({ number: 1, batch: 0, at: 1_795_741_830_851 });
});

test('a journal of format 1 is read whole', async () => {
  const batches: JournalBatch[] = [];
  const reading = readJournal(retainedPaths(directory, 1).journal);
  let step = await reading.next();
  for (; step.done !== true; step = await reading.next()) batches.push(step.value);
  expect(step.value).toEqual({ kind: 'whole' });
  expect(batches).toEqual([
    {
      number: 1,
      changes: [
        { kind: 'put', key: 'a', value: '1' },
        { kind: 'put', key: 'é', value: 'öß "x"\n' },
      ],
    },
    {
      number: 2,
      changes: [
        { kind: 'del', key: 'a' },
        { kind: 'put', key: 'b', value: 'x'.repeat(20_000) },
      ],
    },
  ]);
});
