import type { SourceMessage } from '../../ports/source.js';
import { fileLimits } from './file-limits.js';
import { fileMessage, type FramerOptions, type RecordFramer } from './record-framer.js';

const newline = 0x0a;

/** ASCII white space alone: other spaces are no white space of JSON. */
function isBlank(line: string): boolean {
  return line.length === 0 || (line.charCodeAt(0) <= 0x20 && /^[ \t\v\f\r]*$/.test(line));
}

/**
 * Splits newline-delimited text. `seq` is the line number, so blank lines leave a hole in the sequence; lines end in
 * LF or CRLF; a byte order mark is dropped; a line is handed over unparsed, as `text`.
 */
export class NdjsonFramer implements RecordFramer {
  readonly #options: FramerOptions;
  /** Pieces of the unfinished line; of an oversized one only the sample. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #oversized = false;
  #lineNumber = 0;

  constructor(options: FramerOptions) {
    this.#options = options;
  }

  feed(bytes: Buffer, into: SourceMessage[]): void {
    const last = bytes.lastIndexOf(newline);
    if (last === -1) return this.#keep(bytes);
    let begin = 0;
    if (this.#pieceBytes > 0 || this.#oversized) {
      const first = bytes.indexOf(newline);
      this.#keep(bytes.subarray(0, first));
      this.#endLine(into);
      begin = first + 1;
    }
    if (begin <= last) this.#splitLines(bytes.toString('utf8', begin, last), into);
    this.#keep(bytes.subarray(last + 1));
  }

  finish(into: SourceMessage[]): void {
    if (this.#pieceBytes > 0 || this.#oversized) this.#endLine(into);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieceBytes += bytes.length;
    if (this.#oversized) return;
    this.#pieces.push(bytes);
    if (this.#pieceBytes > this.#options.recordBytesMax + 1) {
      this.#oversized = true;
      this.#pieces = [Buffer.concat(this.#pieces).subarray(0, fileLimits.sampleBytes)];
    }
  }

  #endLine(into: SourceMessage[]): void {
    const text = Buffer.concat(this.#pieces).toString('utf8');
    const size = this.#pieceBytes;
    const oversized = this.#oversized;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#oversized = false;
    if (oversized) this.#emitOversized(text, size, into);
    else this.#emitLine(text, into);
  }

  #splitLines(text: string, into: SourceMessage[]): void {
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n', from);
      this.#emitLine(end === -1 ? text.slice(from) : text.slice(from, end), into);
      if (end === -1) return;
      from = end + 1;
    }
  }

  #emitLine(raw: string, into: SourceMessage[]): void {
    this.#lineNumber += 1;
    if (this.#lineNumber <= this.#options.afterSeq) return;
    const begin = this.#lineNumber === 1 && raw.charCodeAt(0) === 0xfeff ? 1 : 0;
    const end = raw.charCodeAt(raw.length - 1) === 0x0d ? raw.length - 1 : raw.length;
    const line = begin === 0 && end === raw.length ? raw : raw.slice(begin, end);
    if (isBlank(line)) return;
    const { recordBytesMax } = this.#options;
    // A UTF-16 unit is at most three bytes: most lines need no counting.
    const size = line.length * 3 > recordBytesMax ? Buffer.byteLength(line) : 0;
    if (size > recordBytesMax) {
      this.#lineNumber -= 1;
      this.#emitOversized(line.slice(0, fileLimits.sampleBytes), size, into);
    } else into.push(fileMessage(this.#lineNumber, line, undefined));
  }

  #emitOversized(sample: string, size: number, into: SourceMessage[]): void {
    this.#lineNumber += 1;
    if (this.#lineNumber <= this.#options.afterSeq) return;
    const problem = `line ${this.#lineNumber} has ${size} bytes, more than ${this.#options.recordBytesMax} (recordBytesMax); its beginning is kept`;
    into.push(fileMessage(this.#lineNumber, sample, undefined, problem));
  }
}
