import { fileSourceOpener } from '../../../src/adapters/file/file-source.js';
import { sourceContract, type SourceUnderTest } from '../../contract/source-contract.js';
import { FileBench } from './read-file.js';

const numbers = (records: number): string[] => Array.from({ length: records }, (_, index) => `{"n":"${index}"}`);

async function setUp(path: string, content: string, expected: readonly string[]): Promise<SourceUnderTest> {
  const bench = await FileBench.create();
  await bench.write(path, content);
  return {
    opener: fileSourceOpener({ root: bench.root }),
    source: { kind: 'source', name: 'file', file: { path }, event: { time: 'ts' } },
    expected,
    contentOf: (message) => message.text ?? JSON.stringify(message.value),
    dispose: () => bench.remove(),
  };
}

sourceContract('an NDJSON file', (records) => setUp('data.ndjson', numbers(records).join('\n\n'), numbers(records)));

sourceContract('a gzipped CSV file', (records) =>
  setUp(
    'data.csv.gz',
    `n\r\n${numbers(records)
      .map((_, index) => `${index}\r\n`)
      .join('')}`,
    numbers(records),
  ),
);
