import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NdjsonFramer } from '../../../src/adapters/file/ndjson-framer.js';
import type { SourceMessage } from '../../../src/ports/source.js';
import { FileBench } from './read-file.js';

describe('an NDJSON file', () => {
  let bench: FileBench;
  beforeAll(async () => {
    bench = await FileBench.create();
  });
  afterAll(() => bench.remove());

  test('gives one message a line, as text, numbered by line', async () => {
    await bench.write('a.ndjson', '{"a":1}\n{"a":2}\n');
    expect(await bench.read('a.ndjson')).toEqual([
      {
        seq: 1,
        arrival: undefined,
        subject: '',
        headers: undefined,
        text: '{"a":1}',
        value: undefined,
        problem: undefined,
      },
      {
        seq: 2,
        arrival: undefined,
        subject: '',
        headers: undefined,
        text: '{"a":2}',
        value: undefined,
        problem: undefined,
      },
    ]);
  });

  test('the last line needs no line break', async () => {
    await bench.write('a.jsonl', '1\n2');
    expect((await bench.read('a.jsonl')).map(({ text }) => text)).toEqual(['1', '2']);
  });

  test('CRLF, a byte order mark and blank lines are no part of records; blank lines count in the number', async () => {
    await bench.write('a.ndjson', '\ufeff1\r\n\r\n  \n\n2\r\n');
    expect((await bench.read('a.ndjson')).map(({ seq, text }) => [seq, text])).toEqual([
      [1, '1'],
      [5, '2'],
    ]);
  });

  test('a line that is not JSON is handed over as it is: decoding judges it', async () => {
    await bench.write('a.ndjson', 'not json\n');
    expect(await bench.read('a.ndjson')).toMatchObject([{ text: 'not json', problem: undefined }]);
  });

  test.each(['', '\n\n', '\ufeff'])('a file without records (%j) ends at once', async (content) => {
    await bench.write('a.ndjson', content);
    expect(await bench.read('a.ndjson')).toEqual([]);
  });

  test('a line of 10 MB passes', async () => {
    const long = JSON.stringify({ text: 'é'.repeat(5_000_000) });
    await bench.write('a.ndjson', `1\n${long}\n2\n`);
    const messages = await bench.read('a.ndjson');
    expect(messages.map(({ seq, text, problem }) => [seq, text?.length, problem])).toEqual([
      [1, 1, undefined],
      [2, long.length, undefined],
      [3, 1, undefined],
    ]);
  });

  test('a line beyond the limit is one message with a problem, and the next line follows', async () => {
    await bench.write('a.ndjson', `1\n"${'x'.repeat(17 * 1024 * 1024)}"\n2\n`);
    const messages = await bench.read('a.ndjson');
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(messages[1]?.problem).toContain('line 2 has 17825794 bytes, more than 16777216');
    expect(messages[1]?.text).toHaveLength(65_536);
    expect(messages[2]).toMatchObject({ text: '2', problem: undefined });
  });

  test('an oversized last line without a line break is reported too', async () => {
    await bench.write('a.ndjson', `1\n${'x'.repeat(300_000)}`);
    const messages = await bench.read('a.ndjson', undefined, { recordBytesMax: 200_000 });
    expect(messages.map(({ seq, problem }) => [seq, problem === undefined])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  test('however the bytes are cut, the same messages come out', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('', ' ', '\u00a0', ' \u3000', 'x'.repeat(40), 'é'.repeat(20), '日'.repeat(14)),
    );
    const options = { afterSeq: 0, recordBytesMax: 40 };
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(60)), fc.boolean(), fc.boolean(), (lines, cuts, crlf, open) => {
        const clean = lines.map((text) => text.replace(/[\r\n\ufeff]/g, ''));
        const bytes = Buffer.from(clean.join(crlf ? '\r\n' : '\n') + (open ? '' : '\n'));
        const framer = new NdjsonFramer(options);
        const found: SourceMessage[] = [];
        let at = 0;
        for (const cut of cuts) {
          framer.feed(bytes.subarray(at, at + cut), found);
          at = Math.min(bytes.length, at + cut);
        }
        framer.feed(bytes.subarray(at), found);
        framer.finish(found);
        const expected = clean.flatMap((text, index) =>
          /^[ \t\v\f\r]*$/.test(text) ? [] : [{ seq: index + 1, text, fits: Buffer.byteLength(text) <= 40 }],
        );
        expect(found.map(({ seq, problem }) => ({ seq, fits: problem === undefined }))).toEqual(
          expected.map(({ seq, fits }) => ({ seq, fits })),
        );
        expect(found.filter(({ problem }) => problem === undefined).map(({ text }) => text)).toEqual(
          expected.filter(({ fits }) => fits).map(({ text }) => text),
        );
      }),
      { numRuns: 500 },
    );
  });
});
