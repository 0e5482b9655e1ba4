import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

const DOCUMENT_FILE = /\.(?:ya?ml|json)$/i;

/** True for names of files that hold documents. */
export function isDocumentFile(name: string): boolean {
  return DOCUMENT_FILE.test(name) && !name.startsWith('.');
}

/** True for names nothing is read below: hidden, or other people's code. */
export function isIgnoredName(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules';
}

/** A directory or file that cannot be looked at, and why. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  /** Differs after every change of the file. */
  readonly stamp: string;
}

export interface FoundFiles {
  /** In order of path, each file once however many links lead to it. */
  readonly files: readonly FoundFile[];
  readonly unreadable: readonly Unreadable[];
}

/** Walks directories; `seen` holds real paths, so that loops of links end. */
class FileWalk {
  readonly files: FoundFile[] = [];
  readonly unreadable: Unreadable[] = [];
  private readonly seen = new Set<string>();

  async visitDirectory(directory: string): Promise<void> {
    const names = await this.attempt(directory, () => readdir(directory));
    for (const name of (names ?? []).sort()) {
      if (!isIgnoredName(name)) await this.visit(join(directory, name), name);
    }
  }

  async visit(path: string, name: string): Promise<void> {
    const real = await this.attempt(path, () => realpath(path));
    if (real === undefined || this.seen.has(real)) return;
    const stats = await this.attempt(path, () => stat(path));
    if (stats === undefined) return;
    const wanted = stats.isDirectory() || (stats.isFile() && isDocumentFile(name));
    if (!wanted) return;
    this.seen.add(real);
    if (stats.isDirectory()) await this.visitDirectory(path);
    else
      this.files.push({
        path,
        bytes: stats.size,
        stamp: `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`,
      });
  }

  /** What is gone, or a link to nothing, is not there; anything else that fails is told. */
  private async attempt<T>(path: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!isMissing(error)) this.unreadable.push({ path, reason: reasonOf(error) });
      return undefined;
    }
  }
}

export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function reasonOf(error: unknown): string {
  return codeOf(error) || String(error);
}

/** Every document file among the paths and below the directories; what does not exist holds none. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const walk = new FileWalk();
  for (const path of paths) await walk.visit(path, basename(path));
  return { files: walk.files, unreadable: walk.unreadable };
}

/** A text that differs after every change of the files. */
export function fingerprintOf({ files, unreadable }: FoundFiles): string {
  return JSON.stringify([files.map(({ path, stamp }) => [path, stamp]), unreadable]);
}
