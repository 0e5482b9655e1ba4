import { appendFile, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceStart } from '../../../src/ports/source.js';
import { all, FileBench, readToEnd } from './read-file.js';

const lines = Array.from({ length: 5_000 }, (_, index) => `{"n":${index}}`);
const rows = Array.from({ length: 5_000 }, (_, index) => `${index},"a\nb ${index}"`);

describe('a file source', () => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await FileBench.create();
    await bench.write('lines.ndjson', lines.join('\n'));
    await bench.write('lines.ndjson.gz', lines.join('\n'));
    await bench.write('rows.csv', `n,t\n${rows.join('\n')}`);
    await bench.write('rows.CSV.gz', gzipSync(`n,t\n${rows.join('\n')}`));
  });
  afterAll(() => bench.remove());

  const position = async (path: string, afterSeq: number): Promise<SourceStart> => {
    const reader = await bench.open(path);
    await reader.close();
    return { kind: 'position', afterSeq, identity: reader.identity };
  };

  test.each(['lines.ndjson', 'lines.ndjson.gz', 'rows.csv', 'rows.CSV.gz'])(
    '%s is read in order, in batches of at most what was asked, and ends',
    async (path) => {
      const reader = await bench.open(path);
      const seqs: number[] = [];
      for (;;) {
        const batch = await reader.nextBatch(700, 1_000);
        expect(batch.messages.length).toBeLessThanOrEqual(700);
        expect(batch.gaps).toEqual([]);
        seqs.push(...batch.messages.map(({ seq }) => seq));
        expect(batch.caughtUp).toBe(batch.ended);
        expect(batch.ended).toBe(seqs.length === 5_000);
        if (batch.ended) break;
      }
      expect(seqs).toEqual(lines.map((_, index) => index + 1));
      expect(await reader.nextBatch(10, 10)).toMatchObject({ messages: [], ended: true });
      await reader.close();
    },
  );

  test.each(['lines.ndjson', 'lines.ndjson.gz', 'rows.csv', 'rows.CSV.gz'])(
    '%s resumed at any position gives the rest that a straight read gives',
    async (path) => {
      const straight = await bench.read(path);
      await fc.assert(
        fc.asyncProperty(fc.nat(5_100), async (afterSeq) => {
          expect(await bench.read(path, await position(path, afterSeq))).toEqual(straight.slice(afterSeq));
        }),
        { numRuns: 12 },
      );
    },
  );

  test('an NDJSON file with blank lines resumes at any line', async () => {
    await bench.write('blank.ndjson', '1\n\n2\n\n\n3\n');
    const straight = await bench.read('blank.ndjson');
    for (let after = 0; after <= 7; after += 1) {
      expect(await bench.read('blank.ndjson', await position('blank.ndjson', after))).toEqual(
        straight.filter(({ seq }) => seq > after),
      );
    }
  });

  test.each(['new', 'all'] as const)('`start: %s` begins at the first record', async (kind) => {
    expect(await bench.read('lines.ndjson', { kind })).toHaveLength(5_000);
  });

  test('a start at a time is refused: a file keeps no arrival times', async () => {
    await expect(bench.open('lines.ndjson', { kind: 'time', timeMs: 0 })).rejects.toMatchObject({
      code: 'start-unsupported',
    });
  });

  test.each(['append', 'change', 'truncate'])(
    'a file that was changed (%s) since its checkpoint is refused',
    async (how) => {
      await bench.write('changing.ndjson', lines.join('\n'));
      const start = await position('changing.ndjson', 10);
      const path = join(bench.root, 'changing.ndjson');
      if (how === 'append') await appendFile(path, '\n1');
      if (how === 'change') await writeFile(path, lines.join('\n').replace('"n":3}', '"n":4}'));
      if (how === 'truncate') await truncate(path, 100);
      await expect(bench.open('changing.ndjson', start)).rejects.toMatchObject({
        name: 'SourceError',
        code: 'file-changed',
      });
    },
  );

  test('the identity does not depend on the directory the file is kept in', async () => {
    const other = await FileBench.create();
    await other.write('lines.ndjson', lines.join('\n'));
    expect(await other.read('lines.ndjson', await position('lines.ndjson', 4_998))).toHaveLength(2);
    await other.remove();
  });

  test('the identity of a stream is not the identity of a file', async () => {
    const identity = { kind: 'jetstream' as const, id: 'x', firstSeq: 1, lastSeq: 9 };
    await expect(bench.open('lines.ndjson', { kind: 'position', afterSeq: 1, identity })).rejects.toMatchObject({
      code: 'file-changed',
    });
  });

  test('what is appended while a file is read is not read', async () => {
    await bench.write('growing.ndjson', '1\n2\n');
    const reader = await bench.open('growing.ndjson');
    await appendFile(join(bench.root, 'growing.ndjson'), '3\n');
    expect((await readToEnd(reader)).messages).toHaveLength(2);
    await reader.close();
  });

  test('a file cut while it is read fails with `file-changed` after what was read', async () => {
    await bench.write('cut.ndjson', `${'1\n'.repeat(40_000)}`);
    const reader = await bench.open('cut.ndjson');
    await reader.nextBatch(10, 100);
    await truncate(join(bench.root, 'cut.ndjson'), 65_536);
    const { messages, failure } = await readToEnd(reader);
    expect(messages.length).toBe(65_536 / 2 - 10);
    expect(failure).toMatchObject({ code: 'file-changed' });
    await reader.close();
  });

  test('a missing file is refused with its resolved path', async () => {
    await expect(bench.open('no/such.csv')).rejects.toMatchObject({
      code: 'file-not-found',
      message: expect.stringContaining(join(bench.root, 'no/such.csv')) as string,
    });
  });

  test('a directory is refused', async () => {
    await mkdir(join(bench.root, 'folder.csv'), { recursive: true });
    await expect(bench.open('folder.csv')).rejects.toMatchObject({ code: 'file-unreadable' });
  });

  test('a name that does not show a format needs `format`', async () => {
    await bench.write('data.txt', '1\n');
    await expect(bench.open('data.txt')).rejects.toMatchObject({ code: 'file-format' });
    expect(await bench.read({ path: 'data.txt', format: 'ndjson' })).toHaveLength(1);
  });

  test('confined to its root, a file outside is refused, links included', async () => {
    const confined = { confined: true };
    const inside = new FileBench(join(bench.root, 'inside'));
    await mkdir(inside.root, { recursive: true });
    await inside.write('own.ndjson', '1\n');
    await symlink(join(bench.root, 'lines.ndjson'), join(inside.root, 'link.ndjson'));
    expect(await inside.read('own.ndjson', all, confined)).toHaveLength(1);
    expect(await inside.read('../lines.ndjson')).toHaveLength(5_000);
    for (const path of ['../lines.ndjson', 'link.ndjson', join(bench.root, 'lines.ndjson')]) {
      await expect(inside.open(path, all, confined)).rejects.toMatchObject({ code: 'file-outside-root' });
    }
  });

  test('a gzip file of several members is read whole', async () => {
    await bench.write('members.ndjson.gz', Buffer.concat([gzipSync('1\n'), gzipSync('2\n3\n')]));
    expect((await bench.read('members.ndjson.gz')).map(({ text }) => text)).toEqual(['1', '2', '3']);
  });

  test('a truncated gzip file gives what could be read, then fails with `file-damaged`, again and again', async () => {
    const whole = gzipSync(lines.map((line) => `${line} ${Math.sin(line.length)}`).join('\n'), { level: 1 });
    for (const length of [5, 200, 9_000, whole.length - 9, whole.length - 1]) {
      const cut = whole.subarray(0, length);
      await bench.write('cut.ndjson.gz', cut);
      const reader = await bench.open('cut.ndjson.gz');
      const { messages, failure } = await readToEnd(reader, 100);
      const readable = length < 10 ? '' : gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
      expect(messages.map(({ text }) => text)).toEqual(readable.split('\n').slice(0, -1));
      expect(failure).toMatchObject({ code: 'file-damaged' });
      await expect(reader.nextBatch(1, 1)).rejects.toMatchObject({ code: 'file-damaged' });
      await reader.close();
    }
  });

  test('a gzip file with a flipped byte, or that is no gzip file, fails with `file-damaged`', async () => {
    const whole = gzipSync(lines.join('\n'));
    whole[whole.length >> 1] = (whole[whole.length >> 1] as number) ^ 0xff;
    await bench.write('flip.ndjson.gz', whole);
    await bench.write('plain.ndjson.gz', Buffer.from('1\n2\n'));
    for (const path of ['flip.ndjson.gz', 'plain.ndjson.gz']) {
      const reader = await bench.open(path);
      expect((await readToEnd(reader)).failure).toMatchObject({ code: 'file-damaged' });
      await reader.close();
    }
  });

  test('a closed reader refuses with `closed`, also when closed during a read', async () => {
    const reader = await bench.open('lines.ndjson.gz');
    const pending = expect(reader.nextBatch(1_000_000, 10_000)).rejects.toMatchObject({ code: 'closed' });
    await reader.close();
    await reader.close();
    await pending;
    await expect(reader.nextBatch(1, 1)).rejects.toMatchObject({ code: 'closed' });
  });

  test('a call returns when its wait is over, also before anything was found', async () => {
    await bench.write('late.ndjson', '\n'.repeat(5_000_000));
    const reader = await bench.open('late.ndjson');
    const batch = await reader.nextBatch(10, 0);
    expect(batch).toMatchObject({ messages: [], ended: false, caughtUp: false });
    expect((await readToEnd(reader)).messages).toEqual([]);
    await reader.close();
  });
});
