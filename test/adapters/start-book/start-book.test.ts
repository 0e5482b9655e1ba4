import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStartBook } from '../../../src/adapters/start-book/start-book.js';
import type { SourceDocument } from '../../../src/core/document/documents.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-starts-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const source = (name: string, stream: string): { document: SourceDocument } => ({
  document: { kind: 'source', name, nats: { stream, subjects: ['in.>'] }, event: { time: 't' } },
});
const start = (afterSeq: number) =>
  ({ afterSeq, identity: { kind: 'jetstream', id: 'S', firstSeq: 1, lastSeq: afterSeq } }) as const;

test('where sources began outlives the process, the last word of each name', async () => {
  const path = join(root, 'starts.json');
  const book = createStartBook(path);
  await book.put(source('a', 'A'), start(5));
  await book.put(source('b', 'B'), start(7));
  await book.put(source('a', 'A'), start(9));
  const again = createStartBook(path);
  expect(again.get(source('a', 'A'))).toMatchObject(start(9));
  expect(again.get(source('b', 'B'))).toMatchObject(start(7));
  expect(again.get(source('c', 'C'))).toBeUndefined();
});

test('a source of the same name over another stream is another source', async () => {
  const book = createStartBook(join(root, 'starts.json'));
  await book.put(source('a', 'A'), start(5));
  expect(book.get(source('a', 'OTHER'))).toBeUndefined();
});

test('a file that is damaged is an error that names it', () => {
  const path = join(root, 'starts.json');
  writeFileSync(path, '{"a":');
  expect(() => createStartBook(path)).toThrow(/starts\.json cannot be read/);
});

test('what a stop left half written is not read', async () => {
  const path = join(root, 'starts.json');
  await createStartBook(path).put(source('a', 'A'), start(5));
  writeFileSync(`${path}.new`, '{"a":{"afterS');
  expect(createStartBook(path).get(source('a', 'A'))).toMatchObject(start(5));
});
