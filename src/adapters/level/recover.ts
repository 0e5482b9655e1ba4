/**
 * From a damaged state to the newest retained checkpoint that is good, and on through the journals, batch by batch. Without being
 * asked only where that loses nothing: the journals lead without a gap to the last batch that was known to be durable. The damaged
 * files are kept.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { StoreError } from '../../ports/store.js';
import type { StateStore, StoreRecovery } from '../../ports/store.js';
import { batchKey, lastLoggedBatch } from './batch-number.js';
import { readJournal } from './journal.js';
import type { JournalBatch } from './journal.js';
import { toStoreError } from './level-errors.js';
import { LevelStore } from './level-store.js';
import { linkDatabase } from './link-database.js';
import { listRetained, readAbout, retainedPaths } from './retained.js';
import { verifyDirectory } from './verify-directory.js';
import { batchesFrom, chooseWay } from './ways-back.js';
import type { RetainedPlace, Way } from './ways-back.js';

export interface RecoverOptions {
  readonly database: string;
  readonly retained: string;
  /** Go back to this one although batches are missing behind it. */
  readonly from?: number;
  /** Only to `from`: nothing is decided here. */
  readonly onlyAsked?: boolean;
  /** Prepares a state that lost batches, before it is put in place. */
  readonly onGoneBack?: (store: StateStore) => Promise<void>;
}

/** A state that is damaged, or gone while checkpoints of it are retained. Resolves when a good one stands in its place. */
export async function recover(options: RecoverOptions, cause: StoreError): Promise<StoreRecovery> {
  const { database, retained, from, onlyAsked = false } = options;
  const durable = await lastLoggedBatch(database).catch(() => 0);
  const way = await chooseWay(placeOf(retained), { durable, from, onlyAsked }, cause);
  return replaceBy(options, way, cause);
}

function placeOf(retained: string): RetainedPlace {
  return {
    list: () => listRetained(retained),
    about: (number) => readAbout(retained, number),
    verify: async (number) => void (await verifyDirectory(retainedPaths(retained, number).database)),
    journal: (number) => readJournal(retainedPaths(retained, number).journal),
  };
}

async function replaceBy(options: RecoverOptions, way: Way, cause: StoreError): Promise<StoreRecovery> {
  const { database, retained, onGoneBack } = options;
  const building = `${database}.recovering`;
  await rm(building, { recursive: true, force: true });
  await linkDatabase(retainedPaths(retained, way.about.number).database, building);
  const level = new ClassicLevel<string, string>(building);
  try {
    await level.open();
    await replay(level, batchesFrom(placeOf(retained), way.about));
    const store = new LevelStore(level, building, { batch: way.reaches });
    if (way.gap !== undefined || way.maybeShort) await onGoneBack?.(store);
    await store.close();
  } catch (error) {
    await level.close().catch(() => undefined);
    throw toStoreError(error, building, 'recovering the state');
  }
  await verifyDirectory(building);
  const kept = await putInPlace(building, database);
  const { number, at } = way.about;
  return {
    from: number,
    at,
    batches: way.reaches - way.about.batch,
    lost: way.gap ?? null,
    kept,
    reason: cause.message,
  };
}

async function replay(level: ClassicLevel<string, string>, batches: AsyncIterable<JournalBatch>): Promise<void> {
  let last: number | undefined;
  for await (const { number, changes } of batches) {
    const batch = level.batch();
    for (const change of changes) {
      if (change.kind === 'put') batch.put(change.key, change.value);
      else batch.del(change.key);
    }
    await batch.put(batchKey, String(number)).write();
    last = number;
  }
  if (last !== undefined) await level.put(batchKey, String(last), { sync: true });
}

/** The damaged one is moved aside, the good one to its place. `finishRecovery` ends what a crash interrupts. Gives where the damaged one is. */
async function putInPlace(building: string, database: string): Promise<string> {
  const parent = dirname(database);
  const ready = `${database}.recovered`;
  await rm(ready, { recursive: true, force: true });
  await rename(building, ready);
  const damaged = join(parent, 'damaged');
  await mkdir(damaged, { recursive: true });
  const kept = join(damaged, `${basename(database)}-${(await readdir(damaged)).length + 1}`);
  if (await isThere(database)) await rename(database, kept);
  await finishRecovery(database);
  return kept;
}

/** A crash between the two renames of a recovery leaves the good state beside its empty place. */
export async function finishRecovery(database: string): Promise<void> {
  const ready = `${database}.recovered`;
  if (!(await isThere(ready))) return;
  // It was not moved aside yet: the recovery begins again.
  if (await isThere(database)) return rm(ready, { recursive: true, force: true });
  await rename(ready, database);
  const parent = await open(dirname(database), 'r');
  await parent.sync().finally(() => parent.close());
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
