/** Limits of reading files. The behaviour at each is said beside it. */
export const fileLimits = {
  /** Bytes of one NDJSON line or one CSV row. A longer one becomes one message with a `problem`; reading goes on behind it. */
  recordBytesMax: 16 * 1024 * 1024,
  /** Bytes taken from the file at once: what one turn of the event loop parses (a CSV chunk takes about 4 ms). */
  chunkBytes: 64 * 1024,
  /** Compressed bytes taken at once: one chunk may grow a thousandfold when inflated, and is held whole. */
  gzipChunkBytes: 8 * 1024,
  /** Bytes read for one batch before it is handed over, however few messages it holds. */
  batchBytesMax: 8 * 1024 * 1024,
  /** First bytes of the file whose hash is part of its identity. */
  identityBytes: 64 * 1024,
  /** Bytes of an oversized line kept as a sample for the dead letter. */
  sampleBytes: 64 * 1024,
} as const;
