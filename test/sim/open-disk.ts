/**
 * The disk opened before a life, as the service does it: verified, and taken back by itself where that loses nothing. Where it would,
 * it is refused, and the operator says how far to go back; where nothing leads back he brings the disk from a backup.
 */
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import { StoreError } from '../../src/ports/store.js';
import { markGoneBack } from '../../src/runtime/savepoint.js';
import { choiceIn } from './operator.js';
import type { Planted } from './planted.js';
import type { DiskOpening, SimDisk } from './sim-disk.js';
import type { SimLaws } from './sim-laws.js';

export interface DiskToOpen {
  readonly disk: SimDisk;
  readonly laws: SimLaws;
  readonly random: () => number;
  readonly planted: Planted;
}

export async function openDisk(asked: DiskToOpen): Promise<void> {
  const { disk, laws, random } = asked;
  const { promised } = disk;
  const backup = disk.image();
  try {
    const { way } = await openFrom(asked, undefined);
    if (way !== undefined && way.reaches < promised) laws.broken.push('more is lost than the store says');
    if (way === undefined) laws.checkOpened(disk.current, disk.durable);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'damaged') throw error;
    const choice = choiceIn(error.message, random);
    const opening = choice === undefined ? undefined : await openFrom(asked, choice).catch(() => undefined);
    if (opening !== undefined) return;
    disk.mend(backup);
    await openFrom(asked, undefined);
  }
}

/** Rejects where nothing leads there, or only to before the first checkpoint. */
async function openFrom({ disk, planted }: DiskToOpen, from: number | undefined): Promise<DiskOpening> {
  const opening = await disk.open(from);
  const { way } = opening;
  if (way === undefined || planted.unmarked === true) return opening;
  if (way.gap === undefined && !way.maybeShort) return opening;
  await markGoneBack(new MemoryStore({ disk: disk.current }), 0);
  disk.write([{ kind: 'put', key: 'c/0', value: disk.current.get('c/0') ?? '' }]);
  disk.sync();
  return opening;
}
