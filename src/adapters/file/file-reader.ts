import {
  SourceError,
  type SourceBatch,
  type SourceIdentity,
  type SourceMessage,
  type SourceReader,
} from '../../ports/source.js';
import type { ByteReader } from './byte-reader.js';
import { fileLimits } from './file-limits.js';
import type { RecordFramer } from './record-framer.js';

export interface FileReaderParts {
  readonly identity: SourceIdentity;
  /** Resolved path, for messages. */
  readonly path: string;
  readonly bytes: ByteReader;
  readonly framer: RecordFramer;
}

/**
 * Reads a file in batches. Nothing is read ahead beyond the batch being built, except what the last chunk held.
 * A failure is kept until all messages before it were handed over, then every call rejects with it.
 */
export class FileReader implements SourceReader {
  readonly identity: SourceIdentity;
  readonly #parts: FileReaderParts;
  #ready: SourceMessage[] = [];
  /** Messages of `#ready` already handed over. */
  #taken = 0;
  #ended = false;
  #closed = false;
  #failure: unknown;

  constructor(parts: FileReaderParts) {
    this.identity = parts.identity;
    this.#parts = parts;
  }

  async nextBatch(messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    const deadline = performance.now() + waitMsMax;
    let bytesRead = 0;
    // One message more than asked for, so that the last batch is known to be the last.
    while (this.#waiting() <= messagesMax && !this.#done()) {
      bytesRead += await this.#readChunk();
      if (bytesRead >= fileLimits.batchBytesMax && this.#waiting() > 0) break;
      if (performance.now() >= deadline) break;
    }
    if (this.#closed) throw new SourceError('closed', `${this.#parts.path} was closed.`, { path: this.#parts.path });
    if (this.#failure !== undefined && this.#waiting() === 0) throw this.#failure;
    const messages = this.#takeMessages(messagesMax);
    const ended = this.#ended && this.#waiting() === 0;
    return { messages, caughtUp: ended, ended, pending: undefined, gaps: [] };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#parts.bytes.close();
  }

  #waiting(): number {
    return this.#ready.length - this.#taken;
  }

  #done(): boolean {
    return this.#ended || this.#closed || this.#failure !== undefined;
  }

  async #readChunk(): Promise<number> {
    try {
      const chunk = await this.#parts.bytes.next();
      if (chunk !== undefined) {
        await this.#parts.framer.feed(chunk, this.#ready);
        return chunk.length;
      }
      await this.#parts.framer.finish(this.#ready);
      this.#ended = true;
    } catch (cause) {
      this.#failure = cause instanceof SourceError ? cause : this.#unreadable(cause);
    }
    return 0;
  }

  #unreadable(cause: unknown): SourceError {
    const { path } = this.#parts;
    return new SourceError(
      'file-unreadable',
      `${path} cannot be read: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }

  #takeMessages(messagesMax: number): readonly SourceMessage[] {
    const count = Math.min(messagesMax, this.#waiting());
    if (this.#taken === 0 && count === this.#ready.length) {
      const all = this.#ready;
      this.#ready = [];
      return all;
    }
    const messages = this.#ready.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    // Drops what was handed over once it outweighs what is left: each message moves a bounded number of times.
    if (this.#taken * 2 >= this.#ready.length) {
      this.#ready = this.#ready.slice(this.#taken);
      this.#taken = 0;
    }
    return messages;
  }
}
