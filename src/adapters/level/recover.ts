/**
 * From a damaged state to the newest retained checkpoint that is good, and on through the journals, batch by batch. Without being
 * asked only where that loses nothing: the journals lead without a gap to the last batch that was known to be durable. The damaged
 * files are kept.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { StoreError } from '../../ports/store.js';
import type { StateStore, StoreRecovery } from '../../ports/store.js';
import { batchKey, lastLoggedBatch } from './batch-number.js';
import { readJournal } from './journal.js';
import type { JournalBatch } from './journal.js';
import { toStoreError } from './level-errors.js';
import { LevelStore } from './level-store.js';
import { linkDatabase } from './link-database.js';
import { listRetained, readAbout, retainedPaths } from './retained.js';
import type { RetainedAbout } from './retained.js';
import { verifyDirectory } from './verify-directory.js';

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

/** How far a retained checkpoint leads. */
interface Way {
  readonly about: RetainedAbout;
  /** Why it cannot be used at all. */
  readonly damage: string | undefined;
  /** The last batch that can be had from it. */
  readonly reaches: number;
  /** Why it does not reach further, where more was durable. */
  readonly gap: string | undefined;
  /** The database may have had one batch more: of a machine that failed before anybody was told that it is durable. */
  readonly maybeShort: boolean;
}

/** The whole batches of the journals from a retained checkpoint on, as far as they follow each other. Gives what stopped it. */
async function* batchesFrom(retained: string, start: RetainedAbout): AsyncGenerator<JournalBatch, string | undefined> {
  const numbers = (await listRetained(retained)).filter((number) => number >= start.number);
  let last = start.batch;
  for (const [at, number] of numbers.entries()) {
    const following = numbers[at + 1];
    const next = following === undefined ? undefined : await readAbout(retained, following);
    if (following !== undefined && next === undefined) return `what is known of ${following} is damaged`;
    const batches = readJournal(retainedPaths(retained, number).journal);
    let end = await batches.next();
    for (; end.done !== true && last < (next?.batch ?? Infinity); end = await batches.next()) {
      if (end.value.number !== last + 1)
        return `journal ${number} goes on with batch ${end.value.number} behind ${last}`;
      last = end.value.number;
      yield end.value;
    }
    if (next !== undefined && last !== next.batch)
      return `journal ${number} ends at batch ${last}, ${next.number} begins behind ${next.batch}`;
    if (next === undefined && end.done === true && end.value.kind === 'damaged')
      return `journal ${number}: ${end.value.what}`;
  }
  return undefined;
}

async function explore(retained: string, number: number, durable: number): Promise<Way> {
  const about = await readAbout(retained, number);
  const unknown = { number, batch: -1, at: 0 };
  if (about === undefined)
    return { about: unknown, damage: 'what is known of it is damaged', reaches: -1, gap: undefined, maybeShort: false };
  try {
    await verifyDirectory(retainedPaths(retained, number).database);
  } catch (error) {
    return {
      about,
      damage: error instanceof Error ? error.message : String(error),
      reaches: -1,
      gap: undefined,
      maybeShort: false,
    };
  }
  let reaches = about.batch;
  const batches = batchesFrom(retained, about);
  let step = await batches.next().catch(unreadable);
  for (; step.done !== true; step = await batches.next().catch(unreadable)) reaches = step.value.number;
  const short = durable - reaches;
  const gap =
    step.value ?? (short > 1 ? `the journal ends at batch ${reaches}, the state had come to ${durable}` : undefined);
  return { about, damage: undefined, reaches, gap, maybeShort: short > 0 };
}

function unreadable(error: unknown): IteratorReturnResult<string> {
  return { done: true, value: error instanceof Error ? error.message : String(error) };
}

/** A state that is damaged, or gone while checkpoints of it are retained. Resolves when a good one stands in its place. */
export async function recover(options: RecoverOptions, cause: StoreError): Promise<StoreRecovery> {
  const { database, retained, from, onlyAsked } = options;
  const durable = await lastLoggedBatch(database).catch(() => 0);
  const ways: Way[] = [];
  for (const number of (await listRetained(retained)).reverse()) ways.push(await explore(retained, number, durable));
  const whole = ways.find((way) => way.damage === undefined && way.gap === undefined);
  const chosen =
    (onlyAsked === true ? undefined : whole) ??
    ways.find((way) => way.about.number === from && way.damage === undefined);
  if (chosen === undefined) throw refusal(cause, ways, from);
  return replaceBy(options, chosen, cause);
}

async function replaceBy(options: RecoverOptions, way: Way, cause: StoreError): Promise<StoreRecovery> {
  const { database, retained, onGoneBack } = options;
  const building = `${database}.recovering`;
  await rm(building, { recursive: true, force: true });
  await linkDatabase(retainedPaths(retained, way.about.number).database, building);
  const level = new ClassicLevel<string, string>(building);
  try {
    await level.open();
    await replay(level, batchesFrom(retained, way.about));
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

function describe({ about, damage, reaches, gap }: Way): string {
  const { number, at } = about;
  if (damage !== undefined) return `${number} cannot be used: ${damage}`;
  return `--recover-from ${number}: of ${new Date(at).toISOString()}, and ${reaches - about.batch} batches more; what came later is read again (${gap ?? ''})`;
}

function refusal(cause: StoreError, ways: readonly Way[], from: number | undefined): StoreError {
  const asked = from === undefined ? '' : ` ${from} is not among those that can be used.`;
  const choices =
    ways.length === 0
      ? ' No checkpoint is retained.'
      : ` Choose one of what is retained:\n  ${ways.map(describe).join('\n  ')}`;
  return new StoreError(cause.code, `${cause.message}${asked}${choices}`, cause.fields, { cause });
}
