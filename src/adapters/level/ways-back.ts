/**
 * Ways from a damaged state back to a good one: from a retained checkpoint on through the journals, batch by batch. One is taken
 * without being asked only where it loses nothing: where the journals lead without a gap to the last batch known to be durable.
 */
import { StoreError } from '../../ports/store.js';
import type { JournalBatch, JournalEnd } from './journal.js';
import type { RetainedAbout } from './retained.js';

/** What is retained, wherever it lies. */
export interface RetainedPlace {
  /** Numbers of the checkpoints, the oldest first. */
  list(): Promise<readonly number[]>;
  /** Undefined when it is missing or damaged. */
  about(number: number): Promise<RetainedAbout | undefined>;
  /** Rejects when the database of the checkpoint is damaged. */
  verify(number: number): Promise<void>;
  journal(number: number): AsyncGenerator<JournalBatch, JournalEnd>;
}

/** How far a retained checkpoint leads. */
export interface Way {
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
export async function* batchesFrom(
  place: RetainedPlace,
  start: RetainedAbout,
): AsyncGenerator<JournalBatch, string | undefined> {
  const numbers = (await place.list()).filter((number) => number >= start.number);
  let last = start.batch;
  for (const [at, number] of numbers.entries()) {
    const following = numbers[at + 1];
    const next = following === undefined ? undefined : await place.about(following);
    if (following !== undefined && next === undefined) return `what is known of ${following} is damaged`;
    const batches = place.journal(number);
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

async function explore(place: RetainedPlace, number: number, durable: number): Promise<Way> {
  const about = await place.about(number);
  const unknown = { number, batch: -1, at: 0 };
  if (about === undefined)
    return { about: unknown, damage: 'what is known of it is damaged', reaches: -1, gap: undefined, maybeShort: false };
  try {
    await place.verify(number);
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
  const batches = batchesFrom(place, about);
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

export interface WayAsked {
  /** The last batch that was known to be durable. */
  readonly durable: number;
  /** Go back to this one although batches are missing behind it. */
  readonly from: number | undefined;
  /** Only to `from`: nothing is decided here. */
  readonly onlyAsked: boolean;
}

/** The newest way that loses nothing, or the one asked for. Rejects with the cause's code, and with what there is to choose from. */
export async function chooseWay(place: RetainedPlace, asked: WayAsked, cause: StoreError): Promise<Way> {
  const { durable, from, onlyAsked } = asked;
  const ways: Way[] = [];
  for (const number of [...(await place.list())].reverse()) ways.push(await explore(place, number, durable));
  const whole = ways.find((way) => way.damage === undefined && way.gap === undefined);
  const chosen =
    (onlyAsked ? undefined : whole) ?? ways.find((way) => way.about.number === from && way.damage === undefined);
  if (chosen === undefined) throw refusal(cause, ways, from);
  return chosen;
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
