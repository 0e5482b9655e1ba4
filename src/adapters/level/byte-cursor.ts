import { Damage } from './damage.js';

/** Reads LevelDB's encodings from bytes, one after the other; reading past the end is damage. */
export class ByteCursor {
  #at: number;

  constructor(
    readonly bytes: Uint8Array,
    begin = 0,
    readonly end = bytes.length,
  ) {
    this.#at = begin;
  }

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.end;
  }

  byte(): number {
    if (this.#at >= this.end) throw new Damage('it ends in the middle of an entry');
    const value = this.bytes[this.#at] as number;
    this.#at += 1;
    return value;
  }

  /** A variable-length integer. Exact to 2^53, which no file number or size reaches. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Damage('a number in it is too long');
  }

  skip(length: number): void {
    if (length > this.end - this.#at) throw new Damage('it ends in the middle of an entry');
    this.#at += length;
  }

  /** Skips text or bytes that carry their length in front. */
  skipPrefixed(): void {
    this.skip(this.varint());
  }
}
