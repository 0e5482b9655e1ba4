import { ClassicLevel } from 'classic-level';
import type { Log } from '../../ports/log.js';
import { StoreError, type StateStore, type StoreRecovery } from '../../ports/store.js';
import { batchKey } from './batch-number.js';
import { toStoreError } from './level-errors.js';
import { formatKey, LevelStore } from './level-store.js';
import { finishRecovery, recover } from './recover.js';
import { Retainer, listRetained } from './retained.js';
import type { RetainOptions } from './retained.js';
import { inspectDirectory, verifyDirectory } from './verify-directory.js';
import type { DirectoryKind } from './verify-directory.js';

/** The newest layout of a state directory this program knows. A newer one is refused; an older one would be converted here. */
const storeFormat = 1;

export interface LevelStoreOptions {
  /** Created when absent. Belongs to one process at a time. */
  readonly directory: string;
  readonly log?: Log;
  /** Keeps checkpoints beside the newest state, which a damaged one falls back to; absent: none. */
  readonly retain?: RetainOptions;
  /** Falls back to this retained checkpoint although batches are missing behind it. Refused when the state is not damaged. */
  readonly recoverFrom?: number;
  /** Prepares a state that lost batches, before it is put in place. */
  readonly onGoneBack?: (store: StateStore) => Promise<void>;
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

/** Verifies what is there; falls back to a retained checkpoint where the state is damaged. Gives how, if it did. */
async function makeGood(options: LevelStoreOptions, kind: DirectoryKind): Promise<StoreRecovery | undefined> {
  const { directory, log, retain, recoverFrom: from, onGoneBack } = options;
  const retained = retain?.directory;
  try {
    if (kind === 'database') await verify(directory, log);
    else if (retained !== undefined && (await listRetained(retained)).length > 0) throw gone(directory, retained);
    if (from !== undefined) throw notNeeded(directory, from);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || retained === undefined || !RECOVERABLE.has(error.code)) throw error;
    const onlyAsked = error.code === 'gone';
    const given = { ...(from === undefined ? {} : { from }), ...(onGoneBack === undefined ? {} : { onGoneBack }) };
    const recovery = await recover({ database: directory, retained, onlyAsked, ...given }, error);
    log?.error('the state was damaged, and was recovered from a retained checkpoint', { ...recovery });
    return recovery;
  }
}

const RECOVERABLE: ReadonlySet<string> = new Set(['damaged', 'gone']);

function gone(directory: string, retained: string): StoreError {
  return new StoreError(
    'gone',
    `There is no state in ${directory}, but checkpoints of it are retained in ${retained}. To begin anew, move ${retained} away too.`,
    { directory, retained },
  );
}

function notNeeded(directory: string, from: number): StoreError {
  return new StoreError(
    'not-needed',
    `The state in ${directory} is not damaged: start without --recover-from ${from}.`,
    { directory, from },
  );
}

/**
 * Opens the state in a directory, and creates it when there is none. All checksums are compared first. A damaged state falls back to
 * a retained checkpoint and its journal if that loses nothing. Rejects with `StoreError`: `locked`, `damaged`, `gone`, `not-needed`,
 * `newer-format`, `not-weir`, `disk-full`, `io`; what is damaged is never deleted or repaired.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<StateStore> {
  const { directory, log } = options;
  let database: Database | undefined;
  try {
    await finishRecovery(directory);
    const kind = await inspectDirectory(directory);
    if (kind === 'foreign') throw notWeir(directory);
    const recovered = await makeGood(options, kind);
    database = new ClassicLevel<string, string>(directory, tuning);
    await database.open();
    await checkFormat(database, directory);
    log?.info('state opened', { directory, created: kind === 'new' && recovered === undefined });
    return await createStore(database, options, recovered);
  } catch (error) {
    await database?.close().catch(() => undefined);
    throw toStoreError(error, directory, 'opening the state');
  }
}

/** With a retainer the state is retained as it is: its journal begins here. */
async function createStore(
  database: Database,
  { directory, log, retain }: LevelStoreOptions,
  recovered: StoreRecovery | undefined,
): Promise<StateStore> {
  const retainer = retain === undefined ? undefined : await Retainer.open(retain);
  const store = new LevelStore(database, directory, {
    batch: Number((await database.get(batchKey)) ?? 0),
    ...(retainer === undefined ? {} : { retainer }),
    ...(recovered === undefined ? {} : { recovered }),
    ...(log === undefined ? {} : { log }),
  });
  if (retainer !== undefined) await store.retain();
  return store;
}
