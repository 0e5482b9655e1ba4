import { constants, copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of a database; its text log says nothing of the state. */
const stateFile = /^(CURRENT|MANIFEST-\d+|\d+\.(ldb|sst|log))$/;

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EACCES') throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Links, or copies where links are impossible, the files of a database that nobody writes to into another directory; with its lock if asked. */
export async function linkDatabase(from: string, to: string, options: { readonly lock?: boolean } = {}): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (stateFile.test(name) || (options.lock === true && name === 'LOCK'))
      await linkOrCopy(join(from, name), join(to, name));
  }
}
