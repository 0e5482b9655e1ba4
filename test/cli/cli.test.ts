import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BuiltCli, Ended, StartOptions } from '../recovery/service-process.js';
import { CliProcess, buildCli } from '../recovery/service-process.js';

let cli: BuiltCli;
let root: string;

beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-cli-'));
  return () => rmSync(root, { recursive: true, force: true });
});

const weir = (args: readonly string[], options: StartOptions = {}): Promise<Ended> =>
  new CliProcess(cli, args, { cwd: root, ...options }).ended;
function write(name: string, content: string | Buffer): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return name;
}
const linesOf = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

const PATTERN = `kind: pattern
name: pair
parameters:
  least: { type: number, default: 5 }
within: 10s
sequence:
  - begin: x
    where: type = 'x'
  - followedBy: y
    where: type = 'y' and v >= $params.least
`;
const SOURCE = `kind: source
name: s
file: { path: events.ndjson }
event: { time: ts }
watermark: { maxOutOfOrderness: 2s }
late: sideOutput
`;
const RULE = `kind: rule
name: r
source: s
key: k
pattern: pair
alert: { severity: high, title: "'Pair of ' & $key" }
tests:
  - name: a pair
    events: [{ at: 0s, type: x, k: a }, { at: 1s, type: y, v: 5, k: a }]
    expect: [{ at: 1s, key: a }]
`;
const EVENTS = [
  { ts: 1_000, type: 'x', k: 'a' },
  { ts: 1_500, type: 'x', k: 'b' },
  { ts: 3_000, type: 'y', k: 'a', v: 4 },
  { ts: 2_500, type: 'y', k: 'a', v: 6 },
  { ts: 30_000, type: 'y', k: 'b', v: 9 },
  { ts: 1_000, type: 'y', k: 'b', v: 9 },
];
const ndjson = (events: readonly unknown[]): string => events.map((one) => `${JSON.stringify(one)}\n`).join('');

describe('weir', () => {
  test.each(['serve', 'run', 'test', 'validate', 'explain', 'match'])(
    '%s --help says what it does, and ends well',
    async (command) => {
      const { code, stdout, stderr } = await weir([command, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: weir ${command} `));
      expect(stdout).toMatch(/--help/);
    },
  );

  test('--help lists the commands, --version the version', async () => {
    expect((await weir(['--help'])).stdout).toMatch(/serve[\s\S]*run[\s\S]*test[\s\S]*validate[\s\S]*match/);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect((await weir(['--version'])).stdout).toBe(`${version}\n`);
  });

  test.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['run', '.', '--frobnicate']],
    ['a missing argument', ['validate']],
    ['a path that is not there', ['validate', 'nowhere']],
    ['a port that is no number', ['serve', '--port', 'eight']],
    ['a log level that is none', ['serve', '--log-level', 'loud']],
  ])('%s ends with 2 and one sentence, no stack', async (_, args) => {
    const { code, stdout, stderr } = await weir(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/(^|\n)error: /);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

describe('weir explain', () => {
  test('says how a rule is evaluated, for people and as JSON', async () => {
    write('rules/a.yaml', [SOURCE, PATTERN, RULE].join('---\n'));
    const people = await weir(['explain', 'r', 'rules']);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(/type = 'x' {2}\[once per event, compiled\]/);
    expect(people.stdout).toMatch(/runs: a match names its events/);
    const { code, stdout } = await weir(['explain', 'r', 'rules', '--json']);
    expect(code).toBe(0);
    expect(linesOf(stdout)).toEqual([expect.objectContaining({ rule: 'r', executor: expect.anything() as unknown })]);
  });

  test('of a rule that is not there names those that are', async () => {
    write('rules/a.yaml', [SOURCE, PATTERN, RULE].join('---\n'));
    const { code, stderr } = await weir(['explain', 'nobody', 'rules']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no rule `nobody` in these documents: there are r\./);
  });
});

describe('weir validate', () => {
  test('says nothing but the number when all is right', async () => {
    write('rules/a.yaml', [SOURCE, PATTERN, RULE].join('---\n'));
    expect(await weir(['validate', 'rules'])).toEqual({ code: 0, stdout: '', stderr: '3 documents are valid\n' });
  });

  test('says all that is wrong, with file, line and column, and ends with 2', async () => {
    write('rules/a.yaml', `${SOURCE}---\n${RULE.replace('key: k', 'key: $nobody')}`);
    write('rules/b.yaml', PATTERN.replace('within: 10s', 'within: soon'));
    write('rules/c.yaml', PATTERN.replace('name: pair', 'name: other').replace("type = 'x'", '$nothing(type)'));
    const { code, stdout, stderr } = await weir(['validate', 'rules']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/rules\/a\.yaml:11:6: error unknown-name: /);
    expect(stderr).toMatch(/rules\/b\.yaml:5:9: error /);
    expect(stderr).toMatch(/rules\/c\.yaml:8:12: error unknown-name: /);
  });

  test('says it as JSON lines, too', async () => {
    write('a.yaml', `${SOURCE}---\n${RULE}`);
    const { code, stdout } = await weir(['validate', 'a.yaml', '--json']);
    expect(code).toBe(2);
    expect(linesOf(stdout)).toEqual([
      expect.objectContaining({
        code: 'unknown-pattern',
        line: 12,
        column: 10,
        pointer: '/pattern',
        severity: 'error',
      }),
    ]);
  });
});

describe('weir test', () => {
  test('runs the tests of rules and counts them', async () => {
    write('rules/a.yaml', [SOURCE, PATTERN, RULE].join('---\n'));
    const passed = await weir(['test', 'rules']);
    expect(passed).toMatchObject({ code: 0, stdout: '1 passed, 0 failed\n' });
    expect(passed.stderr).toMatch(/r › a pair/);
    write('rules/a.yaml', [SOURCE, PATTERN, RULE.replace('v: 5', 'v: 4')].join('---\n'));
    const failed = await weir(['test', 'rules']);
    expect(failed).toMatchObject({ code: 1, stdout: '0 passed, 1 failed\n' });
    expect(failed.stderr).toMatch(/- expected .*1000/);
  });
});

describe('weir match', () => {
  test('matches a pattern over a file, however its lines are ordered', async () => {
    write('pair.yaml', PATTERN);
    write('events.ndjson', `${ndjson(EVENTS)}\nnot json\n`);
    const { code, stdout, stderr } = await weir(['match', 'pair.yaml', 'events.ndjson', '--key', 'k', '--timeouts']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^events\.ndjson:8: The payload is not JSON/);
    expect(linesOf(stdout)).toEqual([
      {
        kind: 'match',
        key: 'a',
        time: '1970-01-01T00:00:02.500Z',
        stages: { x: [EVENTS[0]], y: [EVENTS[3]] },
      },
      { kind: 'timeout', key: 'b', time: '1970-01-01T00:00:11.500Z', stages: { x: [EVENTS[1]] } },
    ]);
  });

  test('takes parameters, one key for all, packed files and standard input', async () => {
    write('pair.yaml', PATTERN);
    write('events.ndjson.gz', gzipSync(ndjson(EVENTS)));
    const packed = await weir(['match', 'pair.yaml', 'events.ndjson.gz', '--param', 'least=10']);
    expect(packed).toMatchObject({ code: 0, stdout: '' });
    const input = await weir(['match', 'pair.yaml', '-', '--param', 'least=4'], { input: ndjson(EVENTS) });
    expect(linesOf(input.stdout)).toHaveLength(2);
  });

  test.each([
    ['a pattern that is wrong', PATTERN.replace('within: 10s', 'within: soon'), [], /pair\.yaml:5:9/],
    ['a parameter that does not exist', PATTERN, ['--param', 'most=3'], /most/],
    ['a key that is no expression', PATTERN, ['--key', '(('], /--key/],
    ['no pattern of the name', PATTERN, ['--name', 'other'], /no pattern other/],
  ])('%s ends with 2 and the reason', async (_, pattern, options, reason) => {
    write('pair.yaml', pattern);
    write('events.ndjson', ndjson(EVENTS));
    const { code, stderr } = await weir(['match', 'pair.yaml', 'events.ndjson', ...options]);
    expect(code).toBe(2);
    expect(stderr).toMatch(reason);
  });

  test('a file that is not there ends with 1', async () => {
    write('pair.yaml', PATTERN);
    expect((await weir(['match', 'pair.yaml', 'nowhere.ndjson'])).code).toBe(1);
  });
});

describe('weir run', () => {
  const documents = (): string[] => [write('docs/all.yaml', [SOURCE, PATTERN, RULE].join('---\n'))];

  test('gives the alerts of a file as CloudEvents, a line each, and a summary beside them', async () => {
    write('data/events.ndjson', ndjson(EVENTS));
    const { code, stdout, stderr } = await weir(['run', ...documents(), '--data', 'data']);
    expect(code).toBe(0);
    expect(linesOf(stdout)).toEqual([
      expect.objectContaining({
        specversion: '1.0',
        type: 'weir.alert.match.v1',
        source: '/rules/r',
        subject: 'a',
        time: '1970-01-01T00:00:02.500Z',
        data: expect.objectContaining({ severity: 'high', title: 'Pair of a' }) as unknown,
      }),
    ]);
    expect(stderr).toMatch(/6 events/);
  });

  test('is silent on demand, and pretty on demand', async () => {
    write('events.ndjson', ndjson(EVENTS));
    expect((await weir(['run', ...documents(), '--quiet'])).stderr).toBe('');
    expect((await weir(['run', ...documents(), '--pretty'])).stdout).toMatch(/HIGH +Pair of a\n +r · 1970/);
  });

  test('shows what it put aside, on demand', async () => {
    write('events.ndjson', `${ndjson(EVENTS)}broken\n`);
    const { code, stderr } = await weir(['run', ...documents(), '--rejected', '--quiet']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/not JSON/);
    expect(stderr.split('\n').filter((line) => line !== '')).toHaveLength(2);
  });

  test('reads a record of 10 MB', async () => {
    write('events.ndjson', ndjson([{ ...EVENTS[0], filler: 'x'.repeat(10 * 1_048_576) }, ...EVENTS.slice(1)]));
    const { code, stdout } = await weir(['run', ...documents(), '--quiet']);
    expect(code).toBe(0);
    expect(linesOf(stdout)).toHaveLength(1);
  }, 60_000);

  test('ends with 1 and the reason when a file is not there, with 2 when the documents are wrong', async () => {
    const missing = await weir(['run', ...documents()]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/events\.ndjson/);
    write('docs/all.yaml', [SOURCE, RULE].join('---\n'));
    const wrong = await weir(['run', 'docs/all.yaml']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/all\.yaml:12:10: error unknown-pattern/);
  });

  test('refuses a source of NATS with a sentence', async () => {
    write(
      'a.yaml',
      [SOURCE.replace('file: { path: events.ndjson }', 'nats: { subjects: [a] }'), PATTERN, RULE].join('---\n'),
    );
    const { code, stderr } = await weir(['run', 'a.yaml']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^error: .*NATS/);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
