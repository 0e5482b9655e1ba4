/** Where sources began, in one small file beside the states of the shards. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SourceDocument } from '../../core/document/documents.js';
import type { SourceIdentity } from '../../ports/source.js';

interface KnownStart {
  readonly afterSeq: number;
  readonly identity: SourceIdentity;
}

type Book = Record<string, KnownStart & { readonly input: string }>;

/** What tells that a source of the same name is another one. */
function inputOf({ nats, file }: SourceDocument): string {
  return JSON.stringify([nats?.stream, file?.path]);
}

/** One entry a source; a later one of the same name takes its place. Throws for a file that cannot be read. */
export function createStartBook(path: string) {
  let book = readBook(path);
  return {
    get({ document }: { readonly document: SourceDocument }): KnownStart | undefined {
      const known = book[document.name];
      return known?.input === inputOf(document) ? known : undefined;
    },
    put({ document }: { readonly document: SourceDocument }, start: KnownStart): Promise<void> {
      book = { ...book, [document.name]: { ...start, input: inputOf(document) } };
      writeDurably(path, JSON.stringify(book));
      return Promise.resolve();
    },
  };
}

function readBook(path: string): Book {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Book;
  } catch (cause) {
    throw new Error(
      `${path} cannot be read. It matters only where a shard has no checkpoint of a source yet: put it back, or remove it.`,
      { cause },
    );
  }
}

/** Whole or not at all. */
function writeDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w');
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(fresh, path);
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
