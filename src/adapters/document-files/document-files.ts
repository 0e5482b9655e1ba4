import { existsSync } from 'node:fs';
import type { DocumentParser, ParsedDocuments } from '../../core/document/documents.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import type { DocumentFeed } from '../../ports/document-feed.js';
import { findFiles, fingerprintOf } from './find-files.js';
import { readFiles } from './read-files.js';
import { FileWatch } from './watch-files.js';

export interface DocumentFilesOptions {
  /** Read with everything below them, in this order; one that does not exist yet holds nothing. */
  readonly directories: readonly string[];
  /** Of these, a directory or file that is gone is an error, so that a mount that failed does not read as "no documents". */
  readonly required?: readonly string[];
  readonly parse: DocumentParser;
  /** How long files must stay the same before a change of them is told. */
  readonly settleMs?: number;
  /** How often to look where the system tells of no changes: mounted directories, targets of links. */
  readonly rescanMs?: number;
  /** Watching failed somewhere; it goes on by looking every `rescanMs`. */
  readonly onWatchError?: (error: unknown) => void;
}

const SETTLE_MS = 200;
const RESCAN_MS = 5_000;

/** A feed that also gives what could be read when some could not. */
export interface DocumentFiles extends DocumentFeed {
  read(): Promise<ParsedDocuments>;
}

function refuseMissing(paths: readonly string[]): ParsedDocuments {
  const diagnostics = paths.map((file): Diagnostic => ({
    code: 'documents-gone',
    message: `There is no ${file} any more: bring it back, or start the service without it.`,
    pointer: '',
    file,
    severity: 'error',
  }));
  return { ok: false, diagnostics, readable: [], broken: [] };
}

/** The documents of every `.yaml`, `.yml` and `.json` file below some directories; hidden names and node_modules aside. */
export function createDocumentFiles(options: DocumentFilesOptions): DocumentFiles {
  const { directories, parse, settleMs = SETTLE_MS, rescanMs = RESCAN_MS, onWatchError } = options;
  let known: string | undefined;
  return {
    async read() {
      const found = await findFiles(directories);
      known = fingerprintOf(found);
      const gone = (options.required ?? []).filter((path) => !existsSync(path));
      return gone.length === 0 ? readFiles(found, parse) : refuseMissing(gone);
    },
    watch(onChange) {
      const watch = new FileWatch({
        directories,
        settleMs,
        rescanMs,
        fingerprint: async () => fingerprintOf(await findFiles(directories)),
        known: () => known,
        onChange,
        onError: (error) => onWatchError?.(error),
      });
      return () => watch.close();
    },
  };
}
