/**
 * The number of the newest batch of a database, itself an entry of every batch. The journal carries the same numbers, so that it is
 * known whether it goes on where a retained checkpoint ends, and how far a damaged database had come.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteCursor } from './byte-cursor.js';
import { Damage } from './damage.js';
import { scanLog } from './log-file.js';

/** Not part of the map the store shows. */
export const batchKey = '!batch';

const putTag = 1;
/** Sequence number and count in front of the entries (leveldb/db/write_batch.cc). */
const batchHeaderBytes = 12;

/** The highest number the readable part of a database's logs names; 0 for none. Never rejects for what is damaged. */
export async function lastLoggedBatch(directory: string): Promise<number> {
  let last = 0;
  for (const name of await readdir(directory)) {
    if (!/^\d+\.log$/.test(name)) continue;
    const bytes = await readFile(join(directory, name));
    try {
      scanLog(bytes, (record) => (last = Math.max(last, numberIn(record))));
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
    }
  }
  return last;
}

function numberIn(record: Uint8Array): number {
  const cursor = new ByteCursor(record, batchHeaderBytes);
  const text = (): string => {
    const length = cursor.varint();
    const { at } = cursor;
    cursor.skip(length);
    return Buffer.from(record.buffer, record.byteOffset + at, length).toString('utf8');
  };
  let found = 0;
  while (!cursor.done) {
    const tag = cursor.byte();
    const keyBytes = cursor.varint();
    const isNumber = keyBytes === batchKey.length && isBatchKey(record, cursor.at);
    cursor.skip(keyBytes);
    if (tag !== putTag) continue;
    if (isNumber) found = Number(text());
    else cursor.skipPrefixed();
  }
  return found;
}

function isBatchKey(record: Uint8Array, at: number): boolean {
  for (let i = 0; i < batchKey.length; i++) if (record[at + i] !== batchKey.charCodeAt(i)) return false;
  return true;
}
