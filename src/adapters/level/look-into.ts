/**
 * Reading a state directory without changing it. LevelDB cannot: opening replays logs, writes tables and a manifest. So it opens a
 * directory of hard links beside the state, the lock among them: a service that runs keeps it out, and it keeps a service from
 * starting meanwhile. What LevelDB does there are new files and removed links; the files of the state are never written.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StoreError } from '../../ports/store.js';
import type { StateStore } from '../../ports/store.js';
import { toStoreError } from './level-errors.js';
import { linkDatabase } from './link-database.js';
import { openLevelStore } from './open-level-store.js';
import { inspectDirectory } from './verify-directory.js';

/** Beside the state, so that links are possible; elsewhere, as a copy, when nothing may be written there. */
async function makePlace(directory: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(directory), '.weir-look-'));
  } catch {
    return mkdtemp(join(tmpdir(), 'weir-look-'));
  }
}

/** Verifies the state, opens it as it is, gives it to `use`. Rejects as `openLevelStore` does, `locked` included. */
export async function lookInto<T>(directory: string, use: (store: StateStore) => Promise<T>): Promise<T> {
  if ((await inspectDirectory(directory)) !== 'database')
    throw new StoreError('not-weir', `${directory} holds no state of Weir.`, { directory });
  const place = await makePlace(directory);
  try {
    await linkDatabase(directory, place, { lock: true });
    const store = await openLevelStore({ directory: place });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    throw toStoreError(nameOriginal(error, place, directory), directory, 'reading the state');
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A refusal speaks of the state, not of the links to it. */
function nameOriginal(error: unknown, place: string, directory: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const message = error.message.replaceAll(place, directory);
  return new StoreError(error.code, message, { ...error.fields, directory }, { cause: error });
}
