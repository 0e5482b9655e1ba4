/**
 * The batches committed since a checkpoint was retained, in a file of their own: what LevelDB's files hold besides, so that damage to
 * them costs nothing. A batch is one or several records, the last of which says so; it counts once that one is whole.
 *
 * A record: checksum of the next 17 bytes (4), length of the payload (4), checksum of the payload (4), number of the batch (8), 1 if
 * it is the batch's last (1), payload. Numbers are little-endian, checksums CRC-32. A payload is a sequence of changes: 1 for a put or
 * 0 for a deletion (1), length of the key (4), of the value (4), key, value, in UTF-8. Having a checksum of its own, a header whose
 * length is wrong is known as damage and not taken for a torn end.
 */
import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { StoreChange } from '../../ports/store.js';
import { Damage } from './damage.js';

const headerBytes = 21;
const changeBytes = 9;
/** Of a batch's first record and of the others; a larger change stands alone. */
const firstPieceBytes = 16 * 1024;
const pieceBytes = 256 * 1024;
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const bytesPerUnitMax = 3;

export interface JournalBatch {
  readonly number: number;
  readonly changes: readonly StoreChange[];
}

/** Changes of one batch on their way into the journal. */
export class JournalPieces {
  private piece = Buffer.allocUnsafe(firstPieceBytes);
  private used = headerBytes;
  private readonly pieces: Buffer[] = [];

  add(change: StoreChange): void {
    const value = change.kind === 'put' ? change.value : '';
    const needed = changeBytes + (change.key.length + value.length) * bytesPerUnitMax;
    if (this.used + needed > this.piece.length) this.nextPiece(needed);
    const at = this.used;
    const keyBytes = this.piece.write(change.key, at + changeBytes);
    const valueBytes = this.piece.write(value, at + changeBytes + keyBytes);
    this.piece[at] = change.kind === 'put' ? 1 : 0;
    this.piece.writeUInt32LE(keyBytes, at + 1);
    this.piece.writeUInt32LE(valueBytes, at + 5);
    this.used = at + changeBytes + keyBytes + valueBytes;
  }

  /** The records of the batch, in order. */
  take(number: number): readonly Buffer[] {
    this.pieces.push(this.piece.subarray(0, this.used));
    this.pieces.forEach((record, at) => writeHeader(record, number, at === this.pieces.length - 1));
    return this.pieces;
  }

  private nextPiece(needed: number): void {
    if (this.used > headerBytes) this.pieces.push(this.piece.subarray(0, this.used));
    this.piece = Buffer.allocUnsafe(Math.max(pieceBytes, headerBytes + needed));
    this.used = headerBytes;
  }
}

function writeHeader(record: Buffer, number: number, isLast: boolean): void {
  record.writeUInt32LE(record.length - headerBytes, 4);
  record.writeUInt32LE(crc32(record.subarray(headerBytes)), 8);
  record.writeBigUInt64LE(BigInt(number), 12);
  record[20] = isLast ? 1 : 0;
  record.writeUInt32LE(crc32(record.subarray(4, headerBytes)), 0);
}

export class JournalWriter {
  private constructor(
    private readonly file: FileHandle,
    public bytes: number,
  ) {}

  /** Creates the file; there must be none. */
  static async create(path: string): Promise<JournalWriter> {
    return new JournalWriter(await open(path, 'wx'), 0);
  }

  /** Resolves when the batch is handed to the system: it outlives this process, not the machine. */
  async append(pieces: JournalPieces, number: number): Promise<void> {
    for (const record of pieces.take(number)) {
      await this.file.writeFile(record);
      this.bytes += record.length;
    }
  }

  /** Resolves when everything appended is durable. */
  sync(): Promise<void> {
    return this.file.datasync();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** How a journal ends: `torn` within a batch, as a crash leaves it; `damaged` where something else is than was written. */
export type JournalEnd = { readonly kind: 'whole' | 'torn' } | { readonly kind: 'damaged'; readonly what: string };

/** Reads the whole batches of a journal in order. Gives how it ends. Rejects when it cannot be read. */
export async function* readJournal(path: string): AsyncGenerator<JournalBatch, JournalEnd> {
  return yield* scanJournal(await readFile(path));
}

/** The same of what a journal holds. */
export function* scanJournal(bytes: Buffer): Generator<JournalBatch, JournalEnd> {
  let changes: StoreChange[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      const record = readRecord(bytes, at);
      if (record === undefined) return { kind: 'torn' };
      readChanges(bytes.subarray(at + headerBytes, record.end), changes);
      at = record.end;
      if (!record.isLast) continue;
      yield { number: record.number, changes };
      changes = [];
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { kind: 'damaged', what: error.message };
  }
  return { kind: changes.length > 0 ? 'torn' : 'whole' };
}

/** The record's frame; undefined at a torn end. Throws `Damage`. */
function readRecord(bytes: Buffer, at: number) {
  if (bytes.length - at < headerBytes || isZero(bytes, at)) return undefined;
  if (crc32(bytes.subarray(at + 4, at + headerBytes)) !== bytes.readUInt32LE(at))
    throw new Damage(`the checksum of the header at byte ${at} is wrong`);
  const end = at + headerBytes + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + headerBytes, end)) !== bytes.readUInt32LE(at + 8)) {
    // Space the file system gave but a crash left unwritten.
    if (isZero(bytes, end - 1)) return undefined;
    throw new Damage(`the checksum of the record at byte ${at} is wrong`);
  }
  return { end, number: Number(bytes.readBigUInt64LE(at + 12)), isLast: bytes[at + 20] === 1 };
}

function readChanges(payload: Buffer, into: StoreChange[]): void {
  let at = 0;
  while (at < payload.length) {
    const keyEnd = at + changeBytes + payload.readUInt32LE(at + 1);
    const end = keyEnd + payload.readUInt32LE(at + 5);
    const key = payload.toString('utf8', at + changeBytes, keyEnd);
    into.push(
      payload[at] === 1 ? { kind: 'put', key, value: payload.toString('utf8', keyEnd, end) } : { kind: 'del', key },
    );
    at = end;
  }
}

function isZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
