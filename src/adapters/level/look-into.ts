/**
 * Reading a state directory without changing it. LevelDB cannot: opening replays logs, writes tables and a manifest. So it opens a
 * directory of hard links beside the state, the lock among them: a service that runs keeps it out, and it keeps a service from
 * starting meanwhile. What LevelDB does there are new files and removed links; the files of the state are never written.
 */
import { constants, copyFile, link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StoreError } from '../../ports/store.js';
import type { StateStore } from '../../ports/store.js';
import { toStoreError } from './level-errors.js';
import { openLevelStore } from './open-level-store.js';
import { inspectDirectory } from './verify-directory.js';

/** Files of a database; its text log says nothing of the state. */
export const stateFile = /^(CURRENT|LOCK|MANIFEST-\d+|\d+\.(ldb|sst|log))$/;

/** Beside the state, so that links are possible; elsewhere, as a copy, when nothing may be written there. */
async function makePlace(directory: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(directory), '.weir-look-'));
  } catch {
    return mkdtemp(join(tmpdir(), 'weir-look-'));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EACCES') throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Links or copies the files of a database that nobody has open into another directory. */
export async function linkDatabase(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) if (stateFile.test(name)) await linkOrCopy(join(from, name), join(to, name));
}

/** Verifies the state, opens it as it is, gives it to `use`. Rejects as `openLevelStore` does, `locked` included. */
export async function lookInto<T>(directory: string, use: (store: StateStore) => Promise<T>): Promise<T> {
  if ((await inspectDirectory(directory)) !== 'database')
    throw new StoreError('not-weir', `${directory} holds no state of Weir.`, { directory });
  const place = await makePlace(directory);
  try {
    await linkDatabase(directory, place);
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
