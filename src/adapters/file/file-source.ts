import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { SourceDocument } from '../../core/document/documents.js';
import type { Log } from '../../ports/log.js';
import { SourceError, type SourceOpener, type SourceReader, type SourceStart } from '../../ports/source.js';
import { gzipReader, plainReader, type OpenedFile } from './byte-reader.js';
import { CsvFramer } from './csv-framer.js';
import { checkSameFile, identifyFile } from './file-identity.js';
import { fileLimits } from './file-limits.js';
import { FileReader } from './file-reader.js';
import { NdjsonFramer } from './ndjson-framer.js';

export interface FileSourceOptions {
  /** Directory that relative paths of documents begin at. */
  readonly root: string;
  /** Refuse files outside `root` (links resolved) with `file-outside-root`: for a service that takes documents from others. */
  readonly confined?: boolean;
  /** Replaces `fileLimits.recordBytesMax`. */
  readonly recordBytesMax?: number;
  readonly log?: Log;
}

type FileDocument = NonNullable<SourceDocument['file']>;

function formatOf(file: FileDocument): 'csv' | 'ndjson' {
  if (file.format !== undefined) return file.format;
  const name = file.path.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.csv')) return 'csv';
  if (name.endsWith('.ndjson') || name.endsWith('.jsonl')) return 'ndjson';
  throw new SourceError(
    'file-format',
    `The format of ${file.path} does not show in its name: add \`format: csv\` or \`format: ndjson\` to \`file\`.`,
    { path: file.path },
  );
}

function openFailure(path: string, cause: unknown): SourceError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SourceError('file-not-found', `There is no file ${path}.`, { path }, { cause });
  return new SourceError(
    'file-unreadable',
    `${path} cannot be opened: ${(cause as Error).message}`,
    { path },
    { cause },
  );
}

async function checkConfined(root: string, path: string): Promise<void> {
  const inside = relative(await realpath(root), await realpath(path));
  if (inside !== '..' && !inside.startsWith('../') && !isAbsolute(inside)) return;
  throw new SourceError(
    'file-outside-root',
    `${path} is outside ${root}, the only directory files are read from here.`,
    { path, root },
  );
}

async function openFile(options: FileSourceOptions, writtenPath: string): Promise<OpenedFile> {
  const path = resolve(options.root, writtenPath);
  try {
    if (options.confined === true) await checkConfined(options.root, path);
    // Non-blocking: opening a pipe nobody writes to would wait for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, path, size: stat.size };
    await handle.close();
  } catch (cause) {
    throw cause instanceof SourceError ? cause : openFailure(path, cause);
  }
  throw new SourceError('file-unreadable', `${path} is not a regular file.`, { path });
}

function firstWanted(path: string, start: SourceStart): number {
  if (start.kind === 'position') return start.afterSeq;
  if (start.kind !== 'time') return 0;
  throw new SourceError(
    'start-unsupported',
    `A file keeps no arrival times, so reading ${path} cannot start at one: write \`start: all\`.`,
    { path },
  );
}

/**
 * Opens NDJSON and CSV files, gzipped too (`.gz`). A file is a bounded source: it is read to the size it has when
 * opened, and `start: new` and `start: all` both begin at its first record. Codes of `SourceError`: `file-not-found`,
 * `file-unreadable`, `file-outside-root`, `file-format`, `file-header`, `file-changed`, `file-damaged`,
 * `start-unsupported`, `closed`.
 */
export function fileSourceOpener(options: FileSourceOptions): SourceOpener {
  return {
    async open(source, start): Promise<SourceReader> {
      const { file } = source;
      if (file === undefined)
        throw new SourceError('not-a-file', `Source ${source.name} has no \`file\`.`, { source: source.name });
      const format = formatOf(file);
      const opened = await openFile(options, file.path);
      try {
        const afterSeq = firstWanted(opened.path, start);
        const identity = await identifyFile(opened, file.path);
        if (start.kind === 'position') checkSameFile(opened.path, identity, start.identity);
        const bytes = file.path.toLowerCase().endsWith('.gz') ? gzipReader(opened) : plainReader(opened);
        const framing = { afterSeq, recordBytesMax: options.recordBytesMax ?? fileLimits.recordBytesMax };
        const framer =
          format === 'csv' ? new CsvFramer(opened.path, file.columns ?? {}, framing) : new NdjsonFramer(framing);
        options.log?.info('file opened', {
          source: source.name,
          path: opened.path,
          format,
          bytes: opened.size,
          afterSeq,
        });
        return new FileReader({ identity, path: opened.path, bytes, framer });
      } catch (error) {
        await opened.handle.close();
        throw error;
      }
    },
  };
}
