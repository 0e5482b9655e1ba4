import type { SourceDocument } from './documents.js';

type SourceFile = NonNullable<SourceDocument['file']>;

/** The format of a source's file: as written, else by its name (`.csv`, `.ndjson`, `.jsonl`, each also `.gz`). */
export function sourceFileFormat(file: Pick<SourceFile, 'path' | 'format'>): 'csv' | 'ndjson' | undefined {
  if (file.format !== undefined) return file.format;
  const name = file.path.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.csv')) return 'csv';
  return name.endsWith('.ndjson') || name.endsWith('.jsonl') ? 'ndjson' : undefined;
}

/** Absolute on any system: `/x`, `\x`, `C:x`. */
const ABSOLUTE = /^(?:[/\\]|[A-Za-z]:)/;

/** The path without `.` and inner `..`; undefined when it climbs above where it starts. */
function normalizeRelative(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}

export interface PathOptions {
  /** Where relative paths begin; '' is the working directory. */
  readonly dataDirectory: string;
  /** Refuse paths that leave the data directory. Decided on the text alone: whoever opens the file answers for links. */
  readonly confined: boolean;
}

/** Where a source's file lies: relative paths begin in the data directory. Undefined when it may not be read. */
export function resolveSourcePath(path: string, { dataDirectory, confined }: PathOptions): string | undefined {
  if (path.includes('\0')) return undefined;
  const below = dataDirectory === '' || dataDirectory.endsWith('/') ? dataDirectory : `${dataDirectory}/`;
  if (!confined) return ABSOLUTE.test(path) ? path : `${below}${path}`;
  const relative = ABSOLUTE.test(path) ? undefined : normalizeRelative(path);
  return relative === undefined ? undefined : `${below}${relative}`;
}
