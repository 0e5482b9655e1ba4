import { crc32c, maskCrc } from './crc32c.js';
import { Damage } from './damage.js';

/**
 * The record log that LevelDB uses for its write-ahead logs and for its manifest (leveldb/doc/log_format.md): blocks of
 * 32 KiB holding fragments, each `checksum:4 length:2 type:1 data`.
 *
 * LevelDB itself drops what it cannot read and goes on behind it: a batch lost in the middle, silently. This reader tells
 * a torn end, which a crash leaves and which only ever costs the newest batches, from damage, which is refused. A file
 * cut short on purpose cannot be told from a crash: it opens as it was some commits ago, each of them whole.
 */
const blockBytes = 32_768;
const headerBytes = 7;

const full = 1;
const first = 2;
const middle = 3;
const last = 4;

export interface LogScan {
  readonly records: number;
  /** The file ends inside a record: a write was cut short. */
  readonly torn: boolean;
}

function allZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

/** Reads one fragment's frame; undefined at a torn end. */
function checkFragment(bytes: Buffer, at: number): { type: number; end: number } | undefined {
  const blockLeft = blockBytes - (at % blockBytes);
  if (bytes.length - at < headerBytes) return undefined;
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] as number;
  const end = at + headerBytes + length;
  if (type === 0 && length === 0) {
    // Space the file system gave but the crash left unwritten.
    if (allZero(bytes, at)) return undefined;
    throw new Damage(`at byte ${at} a record is missing`);
  }
  if (type > last || headerBytes + length > blockLeft) throw new Damage(`at byte ${at} stands no record`);
  if (end > bytes.length) return undefined;
  if (maskCrc(crc32c(bytes, at + 6, end)) !== bytes.readUInt32LE(at)) {
    // A record ends in text, so zeros from inside it to the end of the file are again unwritten space.
    if (allZero(bytes, end - 1)) return undefined;
    throw new Damage(`the checksum of the record at byte ${at} is wrong`);
  }
  return { type, end };
}

/** Reads a log from its first to its last record. Throws `Damage`. */
export function scanLog(bytes: Buffer, onRecord?: (record: Uint8Array) => void): LogScan {
  let records = 0;
  let pieces: Uint8Array[] | undefined;
  let at = 0;
  while (at < bytes.length) {
    const blockLeft = blockBytes - (at % blockBytes);
    if (blockLeft < headerBytes) {
      at += blockLeft;
      continue;
    }
    const fragment = checkFragment(bytes, at);
    if (fragment === undefined) return { records, torn: true };
    const { type, end } = fragment;
    const opens = type === full || type === first;
    if (opens !== (pieces === undefined)) throw new Damage(`at byte ${at} a part of a record is missing`);
    if (opens) pieces = [];
    if (onRecord !== undefined) pieces?.push(bytes.subarray(at + headerBytes, end));
    if (type !== first && type !== middle) {
      records += 1;
      onRecord?.(Buffer.concat(pieces ?? []));
      pieces = undefined;
    }
    at = end;
  }
  return { records, torn: pieces !== undefined };
}
