import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CsvFramer } from '../../../src/adapters/file/csv-framer.js';
import type { SourceMessage } from '../../../src/ports/source.js';
import { FileBench } from './read-file.js';

const wide = { afterSeq: 0, recordBytesMax: 1_000_000 };

function quote(cell: string, always: boolean): string {
  return always || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

async function frameAll(framer: CsvFramer, pieces: readonly Buffer[]): Promise<SourceMessage[]> {
  const found: SourceMessage[] = [];
  for (const piece of pieces) await framer.feed(piece, found);
  await framer.finish(found);
  return found;
}

describe('a CSV file', () => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await FileBench.create();
  });
  afterAll(() => bench.remove());
  const values = async (
    content: string,
    columns?: Record<string, 'number' | 'string' | 'boolean' | 'json'>,
  ): Promise<unknown[]> => {
    await bench.write('a.csv', content);
    return (await bench.read({ path: 'a.csv', columns })).map(({ seq, value, problem }) =>
      problem === undefined ? value : { seq, problem },
    );
  };

  test('gives one message a row, as an object of text by the names of the header', async () => {
    await bench.write('a.csv', 'ts,amount\n1,5\n2,\n');
    expect(await bench.read('a.csv')).toEqual([
      {
        seq: 1,
        arrival: undefined,
        subject: '',
        headers: undefined,
        text: undefined,
        value: { ts: '1', amount: '5' },
        problem: undefined,
      },
      {
        seq: 2,
        arrival: undefined,
        subject: '',
        headers: undefined,
        text: undefined,
        value: { ts: '2', amount: '' },
        problem: undefined,
      },
    ]);
  });

  test('quotes, line breaks and commas inside quotes, CRLF and a byte order mark are read as RFC 4180 says', async () => {
    expect(await values('\ufeffa,b\r\n"x ""y"", z","1\r\n2"\r\n ,"" \r\n"",\'\'')).toEqual([
      { a: 'x "y", z', b: '1\r\n2' },
      { a: ' ', b: '"" ' },
      { a: '', b: "''" },
    ]);
  });

  test('a quote inside an unquoted cell is text, and costs no other row', async () => {
    expect(await values('a,b\n5" pipe,1\nx"y"z,2\n"q"w,3\nlast,4\n')).toEqual([
      { a: '5" pipe', b: '1' },
      { a: 'x"y"z', b: '2' },
      { a: '"q"w', b: '3' },
      { a: 'last', b: '4' },
    ]);
  });

  test('typed cells become values; an empty typed cell is absent, an empty untyped one is empty text', async () => {
    const columns = { n: 'number', b: 'boolean', j: 'json', s: 'string' } as const;
    const content = 'n,b,j,s,u\n -1.5e3 ,TRUE,"{""x"":[1]}",007,1\n,,,,\n.5,0,null,x,y\n+7,false,"""t""",z,\n';
    expect(await values(content, columns)).toEqual([
      { n: -1500, b: true, j: { x: [1] }, s: '007', u: '1' },
      { u: '' },
      { n: 0.5, b: false, j: null, s: 'x', u: 'y' },
      { n: 7, b: false, j: 't', s: 'z', u: '' },
    ]);
  });

  test.each([
    ['number', '0x10'],
    ['number', 'abc'],
    ['number', 'NaN'],
    ['number', 'Infinity'],
    ['number', '1e999'],
    ['number', '1,5'],
    ['number', ' '],
    ['boolean', 'yes'],
    ['json', '{'],
  ] as const)('a cell that is not a %s (%s) stays text, and its row has a problem', async (type, cell) => {
    await bench.write('a.csv', `x,y\n"${cell}",1\n`);
    const [message] = await bench.read({ path: 'a.csv', columns: { x: type } });
    expect(message).toMatchObject({
      seq: 1,
      value: { x: cell, y: '1' },
      problem: `row 1: column "x" is not a ${type}: ${JSON.stringify(cell)}`,
    });
  });

  test('a row with more or fewer cells than the header has a problem; the next row is whole', async () => {
    expect(await values('a,b\n1\n1,2,3\n1,2\n')).toEqual([
      { seq: 1, problem: 'row 1: the row has 1 cells, the header has 2' },
      { seq: 2, problem: 'row 2: the row has 3 cells, the header has 2' },
      { a: '1', b: '2' },
    ]);
  });

  test('empty lines are not rows', async () => {
    await bench.write('a.csv', '\n\na,b\n\n1,2\n\r\n\n3,4\n\n');
    expect((await bench.read('a.csv')).map(({ seq, value }) => [seq, value])).toEqual([
      [1, { a: '1', b: '2' }],
      [2, { a: '3', b: '4' }],
    ]);
  });

  test.each(['', 'a,b', 'a,b\n'])('a file without rows (%j) ends at once', async (content) => {
    expect(await values(content)).toEqual([]);
  });

  test('a quote that is never closed is one problem after the rows before it', async () => {
    expect(await values('a,b\n1,2\n"x,3\n4,5\n')).toEqual([
      { a: '1', b: '2' },
      { seq: 2, problem: 'row 2: a quoted cell is not closed before the end of the file' },
    ]);
  });

  test('a row beyond the limit is one problem, and reading goes on at a later line', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `${index},some text to fill the row\n`);
    await bench.write('a.csv', `a,b\n1,2\n"never closed,${rows.join('')}`);
    const messages = await bench.read('a.csv', undefined, { recordBytesMax: 200_000 });
    expect(messages[0]?.value).toEqual({ a: '1', b: '2' });
    expect(messages[1]?.problem).toContain('row 2: more than 200000 bytes without an end');
    expect(messages.slice(2).every(({ problem }) => problem === undefined)).toBe(true);
    expect(messages.length).toBeGreaterThan(5_000);
    expect(messages.at(-1)?.value).toEqual({ a: '19999', b: 'some text to fill the row' });
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
  });

  test('a cell of 10 MB passes', async () => {
    await bench.write('a.csv', `a,b\n"${'x'.repeat(10_000_000)}",1\n2,3\n`);
    const messages = await bench.read('a.csv');
    expect(messages.map(({ problem }) => problem)).toEqual([undefined, undefined]);
    expect((messages[0]?.value as { a: string }).a).toHaveLength(10_000_000);
  });

  test.each([
    ['a,a\n1,2\n', {}, 'names column "a" twice'],
    ['a,__proto__\n1,2\n', {}, '__proto__'],
    ['a,b\n1,2\n', { c: 'number' as const }, 'gives a type to "c", but the header has only "a", "b"'],
  ])('a header that cannot be used is refused (%j)', async (content, columns, words) => {
    await bench.write('a.csv', content);
    await expect(
      bench.open({ path: 'a.csv', columns }).then((reader) => reader.nextBatch(10, 10).finally(() => reader.close())),
    ).rejects.toMatchObject({
      code: 'file-header',
      message: expect.stringContaining(words) as string,
    });
  });

  test('a table written and read again is the same table, however its bytes are cut', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('"', '""', ',', '\n', '\r\n', 'a"b', '\u{1f600}', ' '),
    );
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
      );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(fc.integer({ min: 1, max: 50 })),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (rows, cuts, end, always) => {
          const names = (rows[0] as string[]).map((_, index) => `c${index}`);
          const bytes = Buffer.from(
            [names, ...rows].map((row) => row.map((text) => quote(text, always)).join(',')).join(end),
          );
          const pieces: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(bytes.subarray(at, at + cut));
            at = Math.min(bytes.length, at + cut);
          }
          pieces.push(bytes.subarray(at));
          const found = await frameAll(new CsvFramer('test', {}, wide), pieces);
          expect(found.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
          expect(found.map(({ value }) => names.map((name) => (value as Record<string, string>)[name]))).toEqual(rows);
        },
      ),
      { numRuns: 300 },
    );
  });
});
