/**
 * CRC-32C (Castagnoli), as LevelDB stores it beside every block and record. Eight tables, eight bytes a step.
 */
const polynomial = 0x82f63b78;

function buildTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  const [first] = tables as [Uint32Array];
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[byte] = crc >>> 0;
  }
  for (let table = 1; table < 8; table += 1) {
    const before = tables[table - 1] as Uint32Array;
    const own = tables[table] as Uint32Array;
    for (let byte = 0; byte < 256; byte += 1) {
      const crc = before[byte] as number;
      own[byte] = (crc >>> 8) ^ (first[crc & 0xff] as number);
    }
  }
  return tables;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = buildTables() as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** The checksum of `bytes[begin, end)`. */
export function crc32c(bytes: Uint8Array, begin: number, end: number): number {
  let crc = 0xffffffff;
  let at = begin;
  const at8 = (offset: number): number => bytes[at + offset] as number;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (at8(0) | (at8(1) << 8) | (at8(2) << 16) | (at8(3) << 24));
    crc =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[at8(4)] as number) ^
      (t2[at8(5)] as number) ^
      (t1[at8(6)] as number) ^
      (t0[at8(7)] as number);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}

/** LevelDB's disguise of a checksum that is stored among the bytes it covers. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
