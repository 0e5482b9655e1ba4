/** What the tests of the level store let another process do. Run as `node level-child.js <task> <directory>`. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import { StoreError, type StateStore, type StoreChange } from '../../../src/ports/store.js';

/** Entries of one batch; all carry the batch's number. */
const entriesPerBatch = 1_000;

function batchOf(number: number): StoreChange[] {
  // Not compressible away, and of a length that moves the batches across the blocks of the log.
  const filler = Array.from({ length: 20 + (number % 17) }, (_, index) =>
    ((number * 31 + index) * 2654435761).toString(36),
  ).join('');
  return Array.from({ length: entriesPerBatch }, (_, index) => ({
    kind: 'put',
    key: `e${String(index).padStart(5, '0')}`,
    value: `${number} ${filler}`,
  }));
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
  );
}

async function hold(directory: string): Promise<void> {
  await openLevelStore({ directory });
  say('held');
  setInterval(() => undefined, 1_000);
}

async function nextNumber(store: StateStore): Promise<number> {
  const value = await store.get('e00000');
  return value === undefined ? 1 : Number.parseInt(value, 10) + 1;
}

/** Commits for ever, and says each number once its batch is acknowledged. */
async function commit(directory: string): Promise<void> {
  const store = await openLevelStore({ directory });
  for (let number = await nextNumber(store); ; number += 1) {
    await store.commit(batchOf(number), { sync: number % 4 === 0 });
    say(String(number));
  }
}

/** As `commit`, and a checkpoint is retained with every batch. */
async function retain(state: string): Promise<void> {
  const kept = { directory: join(state, 'retained'), keep: 3, intervalMs: 0, journalBytesMax: 1e9 };
  const store = await openLevelStore({ directory: join(state, 'db'), retain: kept });
  for (let number = await nextNumber(store); ; number += 1) {
    await store.commit(batchOf(number), { sync: true });
    say(String(number));
  }
}

/** Commits until a commit fails, and says how it went. */
async function fill(directory: string): Promise<void> {
  let acknowledged = 0;
  let store: StateStore;
  try {
    store = await openLevelStore({ directory });
  } catch (error) {
    return say(JSON.stringify({ open: await codeOf(Promise.reject(error as Error)) }));
  }
  for (;;) {
    const code = await codeOf(store.commit(batchOf(acknowledged + 1), { sync: acknowledged % 2 === 0 }));
    if (code !== 'none') {
      const next = await codeOf(store.commit([{ kind: 'del', key: 'e00000' }], { sync: false }));
      const readable = (await store.get('e00000')) !== undefined;
      await store.close();
      return say(JSON.stringify({ open: 'none', acknowledged, code, next, readable }));
    }
    acknowledged += 1;
  }
}

const tasks: Readonly<Record<string, (directory: string) => Promise<void>>> = { hold, commit, retain, fill };
const [task = '', directory = ''] = process.argv.slice(2);
await tasks[task]?.(directory);
