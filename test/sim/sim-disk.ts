/**
 * A disk as the real store uses it: a database (a whole image, and a log of batches behind it), retained checkpoints, and the journals
 * of the batches since each; all of it bytes with checksums, in the journal's format. A batch is there whole or not at all. One that
 * was not synced may be lost at a crash, and then so is every one after it; database and journal lose differently, and the last
 * record may be torn. Bits may flip; opening verifies everything, and which way leads back is decided by the real store's own code.
 */
import { Damage } from '../../src/adapters/level/damage.js';
import { JournalPieces, scanJournal } from '../../src/adapters/level/journal.js';
import type { JournalBatch, JournalEnd } from '../../src/adapters/level/journal.js';
import type { RetainedAbout } from '../../src/adapters/level/retained.js';
import { batchesFrom, chooseWay } from '../../src/adapters/level/ways-back.js';
import type { RetainedPlace, Way } from '../../src/adapters/level/ways-back.js';
import type { StoreChange } from '../../src/ports/store.js';
import { StoreError } from '../../src/ports/store.js';
import { below } from './sim-process.js';

type Batch = readonly StoreChange[];
type Entries = Map<string, string>;

/** What may be damaged. */
export type DiskPlace = 'database' | 'journal' | 'retained';

const RETAINED_MAX = 3;

interface Retained {
  readonly about: RetainedAbout;
  readonly image: Buffer[];
  readonly journal: Buffer[];
}

interface Written {
  readonly number: number;
  readonly changes: Batch;
  readonly bytes: Buffer;
}

export interface DiskOptions {
  /** Told of every batch once it will survive, in order. */
  readonly onDurable?: (changes: Batch) => void;
  /** The state is one of an earlier moment, perhaps. */
  readonly onGoneBack?: () => void;
  /** A planted bug: what cannot be read is passed over in silence, as LevelDB by itself does. */
  readonly isBlind?: boolean;
}

export interface DiskImage {
  readonly number: number;
  readonly entries: Entries;
}

/** How a disk was opened. */
export interface DiskOpening {
  /** The way that was taken back, if the database was damaged. */
  readonly way: Way | undefined;
}

export class SimDisk {
  /** What survives anything but damage: the truth that the bytes are compared with. */
  readonly durable: Entries = new Map();
  /** As a process sees it. */
  readonly current: Entries = new Map();
  /** The newest batch that somebody was told is durable. */
  promised = 0;
  private number = 0;
  private database: Buffer[] = [];
  private retained: Retained[] = [];
  private unsynced: Written[] = [];

  constructor(private readonly options: DiskOptions = {}) {}

  write(changes: Batch): void {
    const number = ++this.number;
    this.unsynced.push({ number, changes, bytes: encode(number, changes) });
  }

  sync(): void {
    const written = this.unsynced.splice(0);
    for (const one of written) this.keep(one);
    this.retained.at(-1)?.journal.push(...written.map(({ bytes }) => bytes));
    this.promised = this.number;
  }

  /** The process is gone, or the machine: some of what was not synced is there. */
  crash(random: () => number): void {
    const written = this.unsynced.splice(0);
    const kept = below(random, written.length + 1);
    for (const one of written.slice(0, kept)) this.keep(one);
    this.database.push(tornOf(written[kept], random));
    const inJournal = below(random, written.length + 1);
    const journal = this.retained.at(-1)?.journal;
    journal?.push(...written.slice(0, inJournal).map(({ bytes }) => bytes), tornOf(written[inJournal], random));
    this.number -= written.length - kept;
  }

  /** A bit of a place is another one; false if nothing lies there. */
  flip(place: DiskPlace, share: number): boolean {
    const newest = this.retained.at(-1);
    const buffers = { database: this.database, journal: newest?.journal, retained: newest?.image }[place] ?? [];
    let at = Math.floor(share * buffers.reduce((sum, { length }) => sum + length, 0));
    for (const [index, bytes] of buffers.entries()) {
      if (at < bytes.length) {
        const other = Buffer.from(bytes);
        other[at] = (other[at] as number) ^ (1 << (at & 7));
        buffers[index] = other;
        return true;
      }
      at -= bytes.length;
    }
    return false;
  }

  /** For a backup of it. */
  image(): DiskImage {
    return { number: this.number, entries: new Map(this.durable) };
  }

  /** The disk as it was, from a backup, without what was retained. */
  mend({ number, entries }: DiskImage): void {
    this.number = number;
    replace(this.durable, entries);
    this.database = [encode(number, putAll(entries))];
    this.retained = [];
    this.unsynced = [];
  }

  /**
   * Verifies what is there and goes back where it is damaged: by itself where that loses nothing, else as far as asked. Rejects with the
   * real store's refusals. Then the state is retained.
   */
  async open(from?: number): Promise<DiskOpening> {
    const opening = await this.read(from);
    replace(this.current, opening.entries);
    if (opening.way !== undefined) {
      this.number = opening.way.reaches;
      this.promised = this.number;
      replace(this.durable, opening.entries);
      this.options.onGoneBack?.();
      // The journal may have had more than the database.
      this.options.onDurable?.(putAll(this.durable));
    }
    this.database = [encode(this.number, putAll(opening.entries))];
    this.retain();
    return opening;
  }

  /** Nothing may be unsynced. */
  retain(): void {
    if (this.unsynced.length > 0) return;
    const number = (this.retained.at(-1)?.about.number ?? 0) + 1;
    const image = [encode(this.number, putAll(this.durable))];
    this.retained.push({ about: { number, batch: this.number, at: 0 }, image, journal: [] });
    if (this.retained.length > RETAINED_MAX) this.retained.shift();
  }

  private async read(from: number | undefined): Promise<DiskOpening & { readonly entries: Entries }> {
    const { batches, end } = readAll(this.database);
    if (end.kind !== 'damaged' || this.options.isBlind === true) return { way: undefined, entries: entriesOf(batches) };
    const cause = new StoreError('damaged', `The state is damaged: ${end.what}.`);
    const way = await chooseWay(this.place, { durable: batches.at(-1)?.number ?? 0, from, onlyAsked: false }, cause);
    const image = this.find(way.about.number)?.image ?? [];
    const entries = entriesOf(readAll(image).batches);
    for await (const { changes } of batchesFrom(this.place, way.about)) applyTo(entries, changes);
    return { way, entries };
  }

  private get place(): RetainedPlace {
    return {
      list: () => Promise.resolve(this.retained.map(({ about }) => about.number)),
      about: (number) => Promise.resolve(this.find(number)?.about),
      verify: (number) => {
        const { end } = readAll(this.find(number)?.image ?? []);
        return end.kind === 'damaged' ? Promise.reject(new Damage(end.what)) : Promise.resolve();
      },
      journal: (number) => journalOf(this.find(number)?.journal ?? []),
    };
  }

  private find(number: number): Retained | undefined {
    return this.retained.find(({ about }) => about.number === number);
  }

  private keep({ changes, bytes }: Written): void {
    this.database.push(bytes);
    applyTo(this.durable, changes);
    this.options.onDurable?.(changes);
  }
}

async function* journalOf(buffers: readonly Buffer[]): AsyncGenerator<JournalBatch, JournalEnd> {
  return yield* scanJournal(Buffer.concat(buffers));
}

function encode(number: number, changes: Batch): Buffer {
  const pieces = new JournalPieces();
  for (const change of changes) pieces.add(change);
  return Buffer.concat(pieces.take(number));
}

/** What stands of a record that was being written. */
function tornOf(written: Written | undefined, random: () => number): Buffer {
  if (written === undefined) return Buffer.alloc(0);
  return written.bytes.subarray(0, below(random, written.bytes.length));
}

function readAll(buffers: readonly Buffer[]): { readonly batches: JournalBatch[]; readonly end: JournalEnd } {
  const batches: JournalBatch[] = [];
  const scan = scanJournal(Buffer.concat(buffers));
  for (;;) {
    const step = scan.next();
    if (step.done === true) return { batches, end: step.value };
    batches.push(step.value);
  }
}

function entriesOf(batches: readonly JournalBatch[]): Entries {
  const entries: Entries = new Map();
  for (const { changes } of batches) applyTo(entries, changes);
  return entries;
}

function putAll(entries: Entries): StoreChange[] {
  return Array.from(entries, ([key, value]) => ({ kind: 'put', key, value }));
}

function replace(entries: Entries, by: Entries): void {
  entries.clear();
  for (const [key, value] of by) entries.set(key, value);
}

function applyTo(entries: Entries, batch: Batch): void {
  for (const change of batch) {
    if (change.kind === 'put') entries.set(change.key, change.value);
    else entries.delete(change.key);
  }
}
