import { ClassicLevel } from 'classic-level';
import type { Log } from '../../ports/log.js';
import { StoreError, type StateStore } from '../../ports/store.js';
import { toStoreError } from './level-errors.js';
import { formatKey, LevelStore } from './level-store.js';
import { inspectDirectory, verifyDirectory } from './verify-directory.js';

/** The newest layout of a state directory this program knows. A newer one is refused; an older one would be converted here. */
const storeFormat = 1;

export interface LevelStoreOptions {
  /** Created when absent. Belongs to one process at a time. */
  readonly directory: string;
  readonly log?: Log;
}

type Database = ClassicLevel<string, string>;

/** LevelDB's own settings, in bytes. */
const tuning = {
  /** The log that is replayed and checked at a start is about this long at most. */
  writeBufferSize: 8 * 1024 * 1024,
  cacheSize: 32 * 1024 * 1024,
} as const;

/**
 * Takes and releases the lock without opening the database: asked to create what exists, LevelDB refuses after it has
 * the lock. Opening for real would already replay logs and delete files it believes unneeded.
 */
async function checkUnlocked(directory: string): Promise<void> {
  const probe: Database = new ClassicLevel(directory, { createIfMissing: false, errorIfExists: true });
  try {
    await probe.open();
    await probe.close();
  } catch (error) {
    const failure = toStoreError(error, directory, 'opening the state');
    if (failure.code === 'locked' || failure.code === 'disk-full') throw failure;
  }
}

async function verify(directory: string, log: Log | undefined): Promise<void> {
  await checkUnlocked(directory);
  const begin = performance.now();
  try {
    const report = await verifyDirectory(directory);
    if (report.tornLog !== undefined)
      log?.warn('the newest write to the state was cut short and is left out', { directory, file: report.tornLog });
    log?.info('state verified', {
      directory,
      tables: report.tables,
      bytes: report.bytes,
      durationMs: Math.round(performance.now() - begin),
    });
  } catch (error) {
    // Taken by another process meanwhile: then its writing is what looked like damage.
    await checkUnlocked(directory);
    throw toStoreError(error, directory, 'verifying the state');
  }
}

async function isEmpty(database: Database): Promise<boolean> {
  const keys = await database.keys({ limit: 1 }).all();
  return keys.length === 0;
}

function notWeir(directory: string): StoreError {
  return new StoreError(
    'not-weir',
    `${directory} holds something that is not the state of Weir. Nothing was changed: name an empty or a new directory.`,
    { directory },
  );
}

function readMarker(marker: string, directory: string): number {
  let content: { format?: unknown; product?: unknown } | null;
  try {
    content = JSON.parse(marker) as typeof content;
  } catch {
    throw notWeir(directory);
  }
  if (content?.product !== 'weir' || typeof content.format !== 'number') throw notWeir(directory);
  return content.format;
}

/** Writes the marker into an empty database, or judges the one that is there. */
async function checkFormat(database: Database, directory: string): Promise<void> {
  const marker = await database.get(formatKey);
  if (marker === undefined) {
    if (!(await isEmpty(database))) throw notWeir(directory);
    return database.put(formatKey, JSON.stringify({ format: storeFormat, product: 'weir' }), { sync: true });
  }
  const format = readMarker(marker, directory);
  if (format <= storeFormat) return;
  throw new StoreError(
    'newer-format',
    `The state in ${directory} has format ${format}; this version of Weir knows formats up to ${storeFormat}. Nothing was changed: start the newer version, or name another directory.`,
    { directory, format, known: storeFormat },
  );
}

/**
 * Opens the state in a directory, and creates it when there is none. All checksums are compared first. Rejects with
 * `StoreError`: `locked`, `damaged`, `newer-format`, `not-weir`, `disk-full`, `io`; nothing is ever deleted or repaired.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<StateStore> {
  const { directory, log } = options;
  let database: Database | undefined;
  try {
    const kind = await inspectDirectory(directory);
    if (kind === 'foreign') throw notWeir(directory);
    if (kind === 'database') await verify(directory, log);
    database = new ClassicLevel<string, string>(directory, tuning);
    await database.open();
    await checkFormat(database, directory);
    log?.info('state opened', { directory, created: kind === 'new' });
    return new LevelStore(database, directory);
  } catch (error) {
    await database?.close().catch(() => undefined);
    throw toStoreError(error, directory, 'opening the state');
  }
}
