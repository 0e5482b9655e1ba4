/**
 * Retained checkpoints: copies of a closed database by hard links, each with the journal of the batches committed since, up to the
 * next one. `<retained>/<number>/{db/, about.json, journal}`.
 *
 * A directory is made under another name and renamed when it is complete, and renamed away before it is deleted: what a crash leaves
 * of either is removed at the next start. LevelDB never writes to a file again that it has closed, so links stay as they were; but
 * bytes that go bad on the disk are the same bytes for both. So each table is copied, once, after the database is open again.
 */
import { createHash } from 'node:crypto';
import {
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { linkDatabase } from './link-database.js';
import { JournalWriter } from './journal.js';
import { levelLimits } from './level-limits.js';

const format = 1;

export interface RetainOptions {
  /** Where retained checkpoints are kept, on the file system of the database. */
  readonly directory: string;
  /** How many are kept, the one whose journal is being written included; at least 1. */
  readonly keep: number;
  /** A checkpoint is retained this long after the one before … */
  readonly intervalMs: number;
  /** … or once its journal is so long. */
  readonly journalBytesMax: number;
}

/** What is known of a retained checkpoint. */
export interface RetainedAbout {
  readonly number: number;
  /** The newest batch in it. */
  readonly batch: number;
  /** When it was retained, ms since the epoch. */
  readonly at: number;
}

export function retainedPaths(directory: string, number: number) {
  const root = join(directory, String(number));
  return { root, database: join(root, 'db'), about: join(root, 'about.json'), journal: join(root, 'journal') };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

async function writeDurably(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flush: true });
}

function checkOf(about: RetainedAbout): string {
  return createHash('sha256')
    .update(JSON.stringify([format, about.number, about.batch, about.at]))
    .digest('hex');
}

/** Numbers of what is retained, the oldest first. */
export async function listRetained(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Undefined when it is missing or damaged. */
export async function readAbout(directory: string, number: number): Promise<RetainedAbout | undefined> {
  try {
    const read = JSON.parse(await readFile(retainedPaths(directory, number).about, 'utf8')) as RetainedAbout & {
      format: number;
      check: string;
    };
    const about = { number: read.number, batch: read.batch, at: read.at };
    return read.format === format && read.check === checkOf(about) && about.number === number ? about : undefined;
  } catch {
    return undefined;
  }
}

/** Removes what a crash left half made or half deleted. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^\.(new|old)-\d+$/.test(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

export class Retainer {
  private journal: JournalWriter | undefined;
  private retainedAt = -Infinity;
  private notBefore = -Infinity;
  private copying: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(
    private readonly options: RetainOptions,
    private abouts: RetainedAbout[],
  ) {}

  static async open(options: RetainOptions): Promise<Retainer> {
    await mkdir(options.directory, { recursive: true });
    await removeLeftovers(options.directory);
    const numbers = await listRetained(options.directory);
    const abouts = await Promise.all(
      numbers.map(async (number) => (await readAbout(options.directory, number)) ?? { number, batch: -1, at: 0 }),
    );
    return new Retainer(options, abouts);
  }

  /** What is retained now, the oldest first. */
  get retained(): readonly RetainedAbout[] {
    return this.abouts;
  }

  get journalBytes(): number {
    return this.journal?.bytes ?? 0;
  }

  /** The journal of the newest; undefined before the first checkpoint is retained. */
  get current(): JournalWriter | undefined {
    return this.journal;
  }

  /** Not now: something reads. */
  postpone(monotonicMs: number): void {
    this.notBefore = monotonicMs + levelLimits.postponeMs;
  }

  isDue(monotonicMs: number): boolean {
    const { intervalMs, journalBytesMax } = this.options;
    if (monotonicMs < this.notBefore) return false;
    return monotonicMs - this.retainedAt >= intervalMs || this.journalBytes >= journalBytesMax;
  }

  /** Retains a database that is closed. What follows goes into a new journal. On failure the old one goes on. */
  async retain(
    database: string,
    batch: number,
    times: { readonly monotonicMs: number; readonly nowMs: number },
  ): Promise<void> {
    const { directory } = this.options;
    // Also after a failure not at once again.
    this.retainedAt = times.monotonicMs;
    const number = (this.abouts.at(-1)?.number ?? 0) + 1;
    const about = { number, batch, at: times.nowMs };
    const making = join(directory, `.new-${number}`);
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    await this.linkTables(database, join(making, 'db'));
    await writeDurably(join(making, 'about.json'), JSON.stringify({ format, ...about, check: checkOf(about) }));
    const journal = await JournalWriter.create(join(making, 'journal'));
    try {
      await syncDirectory(making);
      await rename(making, retainedPaths(directory, number).root);
      await syncDirectory(directory);
    } catch (error) {
      await journal.close();
      throw error;
    }
    await this.journal?.close();
    this.journal = journal;
    this.abouts = [...this.abouts, about];
    await this.dropSurplus();
  }

  /** Gives the newest one tables of its own, beside everything else. Never rejects. */
  copyTables(original: string, onFailure: (error: unknown) => void): void {
    const number = this.abouts.at(-1)?.number;
    if (number === undefined) return;
    const { database } = retainedPaths(this.options.directory, number);
    this.copying = this.copying.then(() => this.copyAll(database, original)).catch(onFailure);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.copying;
    await this.journal?.close();
    this.journal = undefined;
  }

  /** Tables the one before has as its own are linked from there, the rest from the database. */
  private async linkTables(database: string, to: string): Promise<void> {
    await linkDatabase(database, to);
    const before = this.abouts.at(-1);
    if (before === undefined) return;
    const { database: earlier } = retainedPaths(this.options.directory, before.number);
    for (const name of await readdir(to)) {
      if (!name.endsWith('.ldb') || !(await isCopy(join(earlier, name), join(to, name)))) continue;
      await rm(join(to, name));
      await link(join(earlier, name), join(to, name));
    }
  }

  private async copyAll(database: string, original: string): Promise<void> {
    for (const name of await readdir(database).catch(() => [])) {
      if (this.closed) return;
      if (name.endsWith('.ldb')) await copyInPlace(join(database, name), join(original, name));
    }
  }

  private async dropSurplus(): Promise<void> {
    const { directory, keep } = this.options;
    while (this.abouts.length > keep) {
      const [oldest, ...rest] = this.abouts;
      if (oldest === undefined) return;
      const gone = join(directory, `.old-${oldest.number}`);
      await rename(retainedPaths(directory, oldest.number).root, gone);
      this.abouts = rest;
      await rm(gone, { recursive: true, force: true });
    }
  }
}

/** True if the first is a copy, not a link, of the second: made with its size and time. */
async function isCopy(copy: string, original: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([stat(copy), stat(original)]);
    return a.ino !== b.ino && a.size === b.size && Math.floor(a.mtimeMs) === Math.floor(b.mtimeMs);
  } catch {
    return false;
  }
}

/** Replaces a link to the original, as long as that is there, by a copy with its time. */
async function copyInPlace(path: string, original: string): Promise<void> {
  const { ino, mtime } = await stat(path);
  if ((await stat(original).catch(() => undefined))?.ino !== ino) return;
  const copy = `${path}.copy`;
  await copyFile(path, copy, constants.COPYFILE_FICLONE);
  await utimes(copy, mtime, mtime);
  const handle = await open(copy, 'r');
  await handle.sync().finally(() => handle.close());
  await rename(copy, path);
}
