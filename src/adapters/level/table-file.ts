import { ByteCursor } from './byte-cursor.js';
import { crc32c, maskCrc } from './crc32c.js';
import { Damage } from './damage.js';
import { unsnap } from './snappy.js';

/**
 * Checks a sorted table (leveldb/doc/table_format.md): every block's checksum, and that blocks and footer together are
 * the whole file. LevelDB as bound here does not compare checksums when it reads, and a compaction would copy a damaged
 * value under a fresh one: opening is the time to look.
 */
const footerBytes = 48;
/** Behind each block: its compression and its checksum. */
const trailerBytes = 5;
const magic = Buffer.from('57fb808b247547db', 'hex');

interface Extent {
  readonly offset: number;
  readonly size: number;
}

function readExtent(cursor: ByteCursor): Extent {
  return { offset: cursor.varint(), size: cursor.varint() };
}

function checkBlock(bytes: Buffer, { offset, size }: Extent): void {
  const end = offset + size + 1;
  if (end + 4 > bytes.length - footerBytes) throw new Damage(`a block at byte ${offset} reaches beyond the file`);
  if (maskCrc(crc32c(bytes, offset, end)) !== bytes.readUInt32LE(end))
    throw new Damage(`the checksum of the block at byte ${offset} is wrong`);
}

/** The extents an index block lists, in order. */
function readIndex(bytes: Buffer, extent: Extent): Extent[] {
  checkBlock(bytes, extent);
  const stored = bytes.subarray(extent.offset, extent.offset + extent.size);
  const block = bytes[extent.offset + extent.size] === 0 ? stored : unsnap(stored);
  if (block.length < 4) throw new Damage('its index is too short');
  const restarts = block.readUInt32LE(block.length - 4);
  const cursor = new ByteCursor(block, 0, block.length - 4 - restarts * 4);
  const extents: Extent[] = [];
  while (!cursor.done) {
    cursor.varint(); // bytes shared with the key before
    const keyBytes = cursor.varint();
    cursor.varint(); // bytes of the value
    cursor.skip(keyBytes);
    extents.push(readExtent(cursor));
  }
  return extents;
}

/** Throws `Damage`. */
export function checkTable(bytes: Buffer): void {
  if (bytes.length < footerBytes || !bytes.subarray(-magic.length).equals(magic))
    throw new Damage('it does not end as a table does');
  const footer = new ByteCursor(bytes, bytes.length - footerBytes, bytes.length - magic.length);
  const metaIndex = readExtent(footer);
  const index = readExtent(footer);
  while (!footer.done) if (footer.byte() !== 0) throw new Damage('its last bytes are wrong');
  const blocks = [...readIndex(bytes, index), ...readIndex(bytes, metaIndex)];
  for (const block of blocks) checkBlock(bytes, block);
  let covered = 0;
  for (const { offset, size } of [...blocks, metaIndex, index].sort((a, b) => a.offset - b.offset)) {
    if (offset !== covered) throw new Damage(`bytes ${covered} to ${offset} belong to no block`);
    covered = offset + size + trailerBytes;
  }
  if (covered !== bytes.length - footerBytes) throw new Damage(`bytes from ${covered} on belong to no block`);
}
