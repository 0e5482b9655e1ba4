import { StoreError } from '../../ports/store.js';
import { damaged } from './verify-directory.js';

const fileName = /MANIFEST-\d+|CURRENT|\d+\.(?:ldb|sst|log)/;
const fullDisk = /No space left on device|File too large|Disk quota exceeded|ENOSPC|EFBIG|EDQUOT/;

/** The error and its causes, outermost first. */
function* chain(error: unknown): Iterable<Error & { readonly code?: unknown }> {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth += 1)
    yield current;
}

function locked(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'locked',
    `The state directory ${directory} is held by another process: only one may use it at a time. Find it with \`fuser ${directory}/LOCK\` and stop it, or name another directory.`,
    { directory },
    { cause },
  );
}

/** Says in the port's words what LevelDB or the file system said. */
export function toStoreError(error: unknown, directory: string, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const causes = [...chain(error)];
  const codes = causes.map((cause) => cause.code);
  const message = causes.at(-1)?.message ?? String(error);
  if (codes.includes('LEVEL_LOCKED')) return locked(directory, error);
  if (fullDisk.test(message)) {
    return new StoreError(
      'disk-full',
      `No room left while ${doing} in ${directory} (${message}). Make room, then start again.`,
      { directory },
      { cause: error },
    );
  }
  if (codes.includes('LEVEL_CORRUPTION'))
    return damaged(directory, fileName.exec(message)?.[0] ?? 'a file it does not name', message, error);
  return new StoreError('io', `${doing} in ${directory} failed: ${message}`, { directory }, { cause: error });
}
