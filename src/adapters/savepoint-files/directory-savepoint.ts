/**
 * A savepoint as a directory. It is filled under another name (`.<name>.partial`) and renamed once all of it is on disk: so there is
 * either none or a complete one, wherever the process is stopped. What an earlier attempt left is removed by the next of that name.
 */
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SavepointError } from '../../ports/savepoint.js';
import type { SavepointReader, SavepointWriter } from '../../ports/savepoint.js';

export const manifestFile = 'savepoint.json';

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isThere(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function failed(directory: string, error: unknown): SavepointError {
  if (error instanceof SavepointError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SavepointError(
    'savepoint-place',
    `The savepoint ${directory} cannot be written: ${reason}`,
    {},
    { cause: error },
  );
}

/** Rejects with `SavepointError`: `savepoint-exists` when there is anything, `savepoint-place` when it cannot be written. */
export async function createDirectorySavepoint(directory: string): Promise<SavepointWriter> {
  const partial = join(dirname(directory), `.${basename(directory)}.partial`);
  const attempt = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => Promise.reject(failed(directory, error)));
  await attempt(async () => {
    if (await isThere(directory))
      throw new SavepointError('savepoint-exists', `There is something in ${directory} already: choose another name.`);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
  });
  return {
    place: directory,
    put: (name, text) => attempt(() => writeDurably(join(partial, name), text)),
    finish: (manifest) =>
      attempt(async () => {
        await writeDurably(join(partial, manifestFile), manifest);
        await syncDirectory(partial);
        await rename(partial, directory);
        await syncDirectory(dirname(directory));
      }),
    abandon: () => rm(partial, { recursive: true, force: true }).catch(() => undefined),
  };
}

/** Reads a savepoint in a directory. Its calls reject with `SavepointError` for what is not there. */
export function openDirectorySavepoint(directory: string): SavepointReader {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(directory, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const code = name === manifestFile ? 'savepoint-missing' : 'savepoint-damaged';
      throw new SavepointError(
        code,
        `${directory} is no complete savepoint: ${name} is missing.`,
        {},
        { cause: error },
      );
    }
  };
  return { place: directory, manifest: () => read(manifestFile), read };
}
