import { ByteCursor } from './byte-cursor.js';
import { Damage } from './damage.js';
import { scanLog } from './log-file.js';

/** What the manifest says the directory holds. */
export interface LiveFiles {
  /** Size in bytes by file number. */
  readonly tables: ReadonlyMap<number, number>;
  /** The oldest write-ahead log still needed; those with a higher number are too. */
  readonly logNumber: number;
  readonly previousLogNumber: number;
}

interface Edit {
  readonly tables: Map<number, number>;
  logNumber: number;
  previousLogNumber: number;
}

/** Applies one entry of an edit (leveldb/db/version_edit.cc). */
function applyEntry(cursor: ByteCursor, state: Edit): void {
  const tag = cursor.varint();
  switch (tag) {
    case 1: // comparator
      return cursor.skipPrefixed();
    case 2:
      state.logNumber = cursor.varint();
      return;
    case 9:
      state.previousLogNumber = cursor.varint();
      return;
    case 3: // next file number
    case 4: // last sequence
      cursor.varint();
      return;
    case 5: // compaction pointer: level, key
      cursor.varint();
      return cursor.skipPrefixed();
    case 6: // deleted table: level, number
      cursor.varint();
      state.tables.delete(cursor.varint());
      return;
    case 7: {
      cursor.varint(); // level
      const number = cursor.varint();
      state.tables.set(number, cursor.varint());
      cursor.skipPrefixed(); // smallest key
      return cursor.skipPrefixed(); // largest key
    }
    default:
      throw new Damage(`it has an entry of unknown kind ${tag}`);
  }
}

/** Reads a manifest. Throws `Damage`. A torn end is an edit that did not come about. */
export function readManifest(bytes: Buffer): LiveFiles {
  const state: Edit = { tables: new Map(), logNumber: -1, previousLogNumber: 0 };
  scanLog(bytes, (record) => {
    const cursor = new ByteCursor(record);
    // A table moved between levels is deleted and added in one edit, in this order.
    while (!cursor.done) applyEntry(cursor, state);
  });
  if (state.logNumber < 0) throw new Damage('it names no log');
  return state;
}
