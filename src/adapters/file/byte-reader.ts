import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { SourceError } from '../../ports/source.js';
import { fileLimits } from './file-limits.js';

/** Bytes pulled one chunk at a time: nothing is read ahead, so a slow caller slows the file. */
export interface ByteReader {
  /** The next bytes, or undefined at the end. Rejects only after all readable bytes were given. */
  next(): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

export interface OpenedFile {
  readonly handle: FileHandle;
  /** Resolved path, for messages. */
  readonly path: string;
  /** Size when opened: the file is read to here and no further. */
  readonly size: number;
}

function shrunk(file: OpenedFile, position: number): SourceError {
  return new SourceError(
    'file-changed',
    `${file.path} had ${file.size} bytes when it was opened and ended at byte ${position}: it was changed while it was read. Replace files by renaming a new one into place.`,
    { path: file.path, size: file.size, position },
  );
}

/** Reads a file as it is, to the size it had when opened. */
export function plainReader(file: OpenedFile, chunkBytes: number = fileLimits.chunkBytes): ByteReader {
  let position = 0;
  return {
    async next() {
      const length = Math.min(chunkBytes, file.size - position);
      if (length === 0) return undefined;
      const { bytesRead, buffer } = await file.handle.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) throw shrunk(file, position);
      position += bytesRead;
      return bytesRead === length ? buffer : buffer.subarray(0, bytesRead);
    },
    close: () => file.handle.close(),
  };
}

/**
 * Inflates a gzip file (several members in a row count as one). A truncated or corrupt file gives everything that
 * could be inflated and then rejects with `file-damaged`.
 */
export function gzipReader(file: OpenedFile): ByteReader {
  const raw = plainReader(file, fileLimits.gzipChunkBytes);
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  const inflated: Buffer[] = [];
  let failure: Error | undefined;
  let ended = false;
  let settle = (): void => undefined;
  gunzip.on('data', (bytes: Buffer) => inflated.push(bytes));
  gunzip.on('error', (error) => {
    failure ??= error;
    settle();
  });
  const end = (): void => {
    ended = true;
    settle();
  };
  gunzip.on('end', end);
  // Closed in the middle of a step: nobody else would end it.
  gunzip.on('close', end);
  const step = (run: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      settle = resolve;
      run(resolve);
    });
  const damaged = (cause: Error): SourceError =>
    new SourceError(
      'file-damaged',
      `${file.path} is not a whole gzip file (${cause.message}): what could be read before was delivered. Restore the file.`,
      { path: file.path },
      { cause },
    );
  return {
    async next() {
      while (inflated.length === 0) {
        if (failure !== undefined) throw damaged(failure);
        if (ended) return undefined;
        const bytes = await raw.next();
        if (bytes === undefined) await step(() => gunzip.end());
        else await step((done) => gunzip.write(bytes, done));
      }
      return Buffer.concat(inflated.splice(0));
    },
    async close() {
      gunzip.destroy();
      await raw.close();
    },
  };
}
