import { createHash } from 'node:crypto';
import { SourceError, type SourceIdentity } from '../../ports/source.js';
import type { OpenedFile } from './byte-reader.js';
import { fileLimits } from './file-limits.js';

/** `<path as the document writes it>#<size in bytes>#<SHA-256 of the first 64 KiB>`: the directory it is kept in does not matter. */
export async function identifyFile(file: OpenedFile, writtenPath: string): Promise<SourceIdentity> {
  const head = Buffer.alloc(Math.min(fileLimits.identityBytes, file.size));
  let filled = 0;
  while (filled < head.length) {
    const { bytesRead } = await file.handle.read(head, filled, head.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  const hash = createHash('sha256').update(head.subarray(0, filled)).digest('hex');
  return { kind: 'file', id: `${writtenPath}#${file.size}#${hash}`, firstSeq: 1, lastSeq: 0 };
}

/** Refuses to go on in a file that is not the one the checkpoint knew: its records would be numbered anew. */
export function checkSameFile(path: string, now: SourceIdentity, known: SourceIdentity): void {
  if (known.kind === 'file' && known.id === now.id) return;
  throw new SourceError(
    'file-changed',
    `${path} is not the file this source has read so far (then ${known.id}, now ${now.id}). A file is read once, from its beginning to its end: restore it, or read the new one under another source name.`,
    { path, known: known.id, now: now.id },
  );
}
