import { afterEach, describe, expect, it } from 'vitest';
import type { SourceDocument } from '../../src/core/document/documents.js';
import { SourceError } from '../../src/ports/source.js';
import type { SourceBatch, SourceMessage, SourceOpener, SourceReader, SourceStart } from '../../src/ports/source.js';

/** A source with records in it, for one test. */
export interface SourceUnderTest {
  readonly opener: SourceOpener;
  readonly source: SourceDocument;
  /** The records in order, as `contentOf` shows them. */
  readonly expected: readonly string[];
  /** How a message is compared; default its text. */
  contentOf?(message: SourceMessage): string;
  /** Adds records behind the others and returns them; absent when the source cannot grow. */
  append?(count: number): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const waitMs = 2_000;

/** The laws every source obeys. `setup` makes a source that holds `records` records. */
export function sourceContract(name: string, setup: (records: number) => Promise<SourceUnderTest>): void {
  describe(`${name} obeys the source contract`, () => {
    const undo: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const step of undo.splice(0).reverse()) await step();
    });

    async function prepare(records: number): Promise<SourceUnderTest> {
      const subject = await setup(records);
      undo.push(() => subject.dispose());
      return subject;
    }

    async function open(subject: SourceUnderTest, start: SourceStart): Promise<SourceReader> {
      const reader = await subject.opener.open(subject.source, start);
      undo.push(() => reader.close());
      return reader;
    }

    const contents = (subject: SourceUnderTest, messages: readonly SourceMessage[]): string[] =>
      messages.map((message) => subject.contentOf?.(message) ?? message.text ?? '');

    it('gives every record once, in order, with growing sequences', async () => {
      const subject = await prepare(500);
      const read = await readCount(await open(subject, { kind: 'all' }), 500);
      expect(contents(subject, read.messages)).toEqual(subject.expected);
      expect(isGrowing(read.messages.map((message) => message.seq))).toBe(true);
      expect(read.batches.flatMap((batch) => batch.gaps)).toEqual([]);
    });

    it('never gives more messages than asked for, and never looks back', async () => {
      const subject = await prepare(300);
      const read = await readCount(await open(subject, { kind: 'all' }), 300, 7);
      expect(Math.max(...read.batches.map((batch) => batch.messages.length))).toBeLessThanOrEqual(7);
      for (const batch of read.batches) {
        if (batch.scannedTo !== undefined)
          expect(batch.scannedTo).toBeGreaterThanOrEqual(batch.messages.at(-1)?.seq ?? 0);
      }
      expect(isMonotonic(read.batches.map(positionAfter).filter((position) => position !== undefined))).toBe(true);
    });

    it('goes on after any position exactly where it stopped', async () => {
      const subject = await prepare(120);
      for (const stop of [1, 37, 119, 120]) {
        const first = await open(subject, { kind: 'all' });
        const head = await readCount(first, stop, 1);
        const afterSeq = positionAfter(head.batches.at(-1)) ?? 0;
        await first.close();
        const second = await open(subject, { kind: 'position', afterSeq, identity: first.identity });
        const tail = await readCount(second, 120 - stop);
        expect([...contents(subject, head.messages), ...contents(subject, tail.messages)]).toEqual(subject.expected);
        await second.close();
      }
    });

    it('says when it has given everything there is', async () => {
      const subject = await prepare(50);
      const reader = await open(subject, { kind: 'all' });
      await readCount(reader, 50);
      const last = await readUntil(reader, (batch) => batch.caughtUp || batch.ended);
      expect(last.messages).toEqual([]);
      expect(last.pending ?? 0).toBe(0);
    });

    it('returns from waiting when nothing comes, with an empty batch', async () => {
      const subject = await prepare(3);
      const reader = await open(subject, { kind: 'all' });
      await readCount(reader, 3);
      const startedAt = performance.now();
      const batch = await reader.nextBatch(10, 50);
      expect(batch.messages).toEqual([]);
      expect(performance.now() - startedAt).toBeLessThan(waitMs);
    });

    it('begins with what comes later when started as new', async () => {
      const subject = await prepare(20);
      if (subject.append === undefined) return;
      const reader = await open(subject, { kind: 'new' });
      const later = await subject.append(5);
      const read = await readCount(reader, 5);
      expect(contents(subject, read.messages)).toEqual(later);
    });

    it('refuses a position of something that is not this source', async () => {
      const subject = await prepare(10);
      const reader = await open(subject, { kind: 'all' });
      const identity = { ...reader.identity, id: `another-${reader.identity.id}`, anchor: undefined };
      const opening = subject.opener.open(subject.source, { kind: 'position', afterSeq: 5, identity });
      await expect(opening).rejects.toBeInstanceOf(SourceError);
    });

    it('closes twice without complaint', async () => {
      const subject = await prepare(10);
      const reader = await open(subject, { kind: 'all' });
      await reader.close();
      await reader.close();
    });
  });
}

function positionAfter(batch: SourceBatch | undefined): number | undefined {
  return batch?.scannedTo ?? batch?.messages.at(-1)?.seq;
}

function isGrowing(numbers: readonly number[]): boolean {
  return numbers.every((value, i) => i === 0 || value > (numbers[i - 1] ?? 0));
}

function isMonotonic(numbers: readonly number[]): boolean {
  return numbers.every((value, i) => i === 0 || value >= (numbers[i - 1] ?? 0));
}

/** Reads until `count` messages came; fails the test when they do not. */
async function readCount(
  reader: SourceReader,
  count: number,
  messagesMax = 100,
): Promise<{ messages: SourceMessage[]; batches: SourceBatch[] }> {
  const messages: SourceMessage[] = [];
  const batches: SourceBatch[] = [];
  for (let empty = 0; messages.length < count && empty < 10;) {
    const batch = await reader.nextBatch(messagesMax, waitMs);
    batches.push(batch);
    messages.push(...batch.messages);
    empty = batch.messages.length === 0 ? empty + 1 : 0;
  }
  expect(messages.length).toBe(count);
  return { messages, batches };
}

async function readUntil(reader: SourceReader, done: (batch: SourceBatch) => boolean): Promise<SourceBatch> {
  for (let i = 0; i < 50; i++) {
    const batch = await reader.nextBatch(100, 100);
    if (done(batch)) return batch;
  }
  throw new Error('the source never said that it gave everything');
}
