import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileSourceOpener, type FileSourceOptions } from '../../../src/adapters/file/file-source.js';
import type { SourceDocument } from '../../../src/core/document/documents.js';
import type { SourceMessage, SourceReader, SourceStart } from '../../../src/ports/source.js';

type FileDocument = NonNullable<SourceDocument['file']>;

export const all: SourceStart = { kind: 'all' };

/** A directory of its own, with what reading a file in it takes. */
export class FileBench {
  constructor(readonly root: string) {}

  static async create(): Promise<FileBench> {
    return new FileBench(await mkdtemp(join(tmpdir(), 'weir-file-')));
  }

  async write(name: string, content: string | Buffer): Promise<void> {
    const bytes = name.endsWith('.gz') && typeof content === 'string' ? gzipSync(content) : content;
    await writeFile(join(this.root, name), bytes);
  }

  open(
    file: string | FileDocument,
    start: SourceStart = all,
    options: Partial<FileSourceOptions> = {},
  ): Promise<SourceReader> {
    const document: SourceDocument = {
      kind: 'source',
      name: 'test',
      file: typeof file === 'string' ? { path: file } : file,
      event: { time: 'ts' },
    };
    return fileSourceOpener({ root: this.root, ...options }).open(document, start);
  }

  async read(
    file: string | FileDocument,
    start: SourceStart = all,
    options: Partial<FileSourceOptions> = {},
  ): Promise<SourceMessage[]> {
    const reader = await this.open(file, start, options);
    try {
      return (await readToEnd(reader)).messages;
    } finally {
      await reader.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true });
  }
}

/** Everything up to the end, or up to the failure, which is then given too. */
export async function readToEnd(
  reader: SourceReader,
  messagesMax = 1_000,
): Promise<{ messages: SourceMessage[]; failure: unknown }> {
  const messages: SourceMessage[] = [];
  try {
    for (;;) {
      const batch = await reader.nextBatch(messagesMax, 1_000);
      if (batch.messages.length > messagesMax) throw new Error('more messages than asked for');
      for (const message of batch.messages) messages.push(message);
      if (batch.ended) return { messages, failure: undefined };
    }
  } catch (failure) {
    return { messages, failure };
  }
}
