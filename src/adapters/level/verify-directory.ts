import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../ports/store.js';
import { Damage } from './damage.js';
import { scanLog } from './log-file.js';
import { readManifest, type LiveFiles } from './manifest.js';
import { checkTable } from './table-file.js';

/** `new`: nothing there yet. `foreign`: something that is no database. `database`: to be verified, then opened. */
export type DirectoryKind = 'new' | 'foreign' | 'database';

/** What LevelDB may leave behind when it is stopped while it creates a database, and what a mounted volume brings along. */
const beginnings = /^(LOCK|LOG|LOG\.old|MANIFEST-000001|\d+\.dbtmp|lost\+found)$/;
const databaseFile = /^(CURRENT|MANIFEST-\d+|\d+\.(ldb|sst|log))$/;

async function listDirectory(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Looks at names only. */
export async function inspectDirectory(directory: string): Promise<DirectoryKind> {
  const names = await listDirectory(directory);
  if (names.every((name) => beginnings.test(name))) return 'new';
  return names.some((name) => databaseFile.test(name)) ? 'database' : 'foreign';
}

export interface VerifyReport {
  readonly tables: number;
  readonly bytes: number;
  /** A log ends inside a record: the process or the machine was stopped while it wrote. */
  readonly tornLog: string | undefined;
}

/**
 * Reads every live file of a database nobody has open and compares all checksums. Changes nothing. Rejects with
 * `StoreError` `damaged`, naming the file.
 */
export async function verifyDirectory(directory: string): Promise<VerifyReport> {
  const names = new Set(await listDirectory(directory));
  const live = await readLiveFiles(directory, names);
  const tornLog = await checkLogs(directory, names, live);
  let bytes = 0;
  for (const [number, size] of live.tables) {
    const name = tableName(number, names);
    if (name === undefined) throw damaged(directory, `${fileStem(number)}.ldb`, 'it is missing');
    const actual = (await stat(join(directory, name))).size;
    if (actual !== size) throw damaged(directory, name, `it has ${actual} bytes instead of ${size}`);
    await inspect(directory, name, checkTable);
    bytes += size;
  }
  return { tables: live.tables.size, bytes, tornLog };
}

function fileStem(number: number): string {
  return String(number).padStart(6, '0');
}

function tableName(number: number, names: ReadonlySet<string>): string | undefined {
  return [`${fileStem(number)}.ldb`, `${fileStem(number)}.sst`].find((name) => names.has(name));
}

export function damaged(directory: string, file: string, what: string, cause?: unknown): StoreError {
  return new StoreError(
    'damaged',
    `The state in ${directory} is damaged: ${file}: ${what}. Nothing was changed or deleted. Restore the directory from a backup, or move it away to begin anew from the sources.`,
    { directory, file },
    { cause },
  );
}

async function inspect<T>(directory: string, name: string, read: (bytes: Buffer) => T): Promise<T> {
  const bytes = await readFile(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
    // A disk that cannot give a file back has lost it.
    throw error.code === 'EIO' ? damaged(directory, name, 'the disk cannot read it', error) : error;
  });
  try {
    return read(bytes);
  } catch (error) {
    throw error instanceof Damage ? damaged(directory, name, error.message, error) : error;
  }
}

async function readLiveFiles(directory: string, names: ReadonlySet<string>): Promise<LiveFiles> {
  if (!names.has('CURRENT')) throw damaged(directory, 'CURRENT', 'it is missing');
  const current = await readFile(join(directory, 'CURRENT'), 'latin1');
  if (!/^MANIFEST-\d+\n$/.test(current)) throw damaged(directory, 'CURRENT', 'it does not name a manifest');
  const manifest = current.trim();
  if (!names.has(manifest)) throw damaged(directory, manifest, 'it is missing, though CURRENT names it');
  return inspect(directory, manifest, readManifest);
}

/** Checks the logs still to be replayed, oldest first; the name of a torn one, which may only be the newest with content. */
async function checkLogs(directory: string, names: ReadonlySet<string>, live: LiveFiles): Promise<string | undefined> {
  const needed = [...names]
    .filter((name) => /^\d+\.log$/.test(name))
    .map((name) => ({ name, number: Number.parseInt(name, 10) }))
    .filter(
      ({ number }) => number >= live.logNumber || (live.previousLogNumber > 0 && number === live.previousLogNumber),
    )
    .sort((a, b) => a.number - b.number);
  // Number 0: a database that was created and never opened.
  if (live.logNumber > 0 && !needed.some(({ number }) => number === live.logNumber)) {
    throw damaged(directory, `${fileStem(live.logNumber)}.log`, 'it is missing, though the manifest names it');
  }
  let torn: string | undefined;
  for (const { name } of needed) {
    const scan = await inspect(directory, name, scanLog);
    if (torn !== undefined && scan.records > 0)
      throw damaged(directory, torn, `it ends inside a record, and ${name} goes on after it`);
    if (scan.torn) torn = name;
  }
  return torn;
}
