import { ByteCursor } from './byte-cursor.js';
import { Damage } from './damage.js';

/** Largest index block that is decompressed to be checked. */
const outputBytesMax = 256 * 1024 * 1024;

function readLittleEndian(cursor: ByteCursor, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index += 1) value += cursor.byte() * 2 ** (8 * index);
  return value;
}

/** Decompresses Snappy's raw format (google/snappy, format_description.txt). Throws `Damage`. */
export function unsnap(bytes: Uint8Array): Buffer {
  const cursor = new ByteCursor(bytes);
  const size = cursor.varint();
  if (size > outputBytesMax) throw new Damage('a compressed block states an impossible size');
  const output = Buffer.alloc(size);
  let filled = 0;
  while (!cursor.done) {
    const tag = cursor.byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const length = (short < 60 ? short : readLittleEndian(cursor, short - 59)) + 1;
      const begin = cursor.at;
      cursor.skip(length);
      if (length > size - filled) throw new Damage('a compressed block is longer than it states');
      output.set(bytes.subarray(begin, begin + length), filled);
      filled += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) + cursor.byte() : readLittleEndian(cursor, kind === 2 ? 2 : 4);
    if (offset === 0 || offset > filled || length > size - filled)
      throw new Damage('a compressed block refers to nothing');
    for (let index = 0; index < length; index += 1) output[filled + index] = output[filled + index - offset] as number;
    filled += length;
  }
  if (filled !== size) throw new Damage('a compressed block is shorter than it states');
  return output;
}
