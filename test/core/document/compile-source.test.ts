import { describe, expect, it } from 'vitest';
import { diagnosticsOf, expectDiagnostics, sourceOf } from './fixture.js';

const source = (more: string): string => `kind: source\nname: s\n${more}`;
const NATS = 'nats: { stream: S, subjects: [in.>] }\n';
const EVENT = 'event: { time: ts }\n';

describe('the defaults of a source', () => {
  it('are new messages, in order of time, late events aside, no unit ever idle', () => {
    expect(sourceOf(source(NATS + EVENT))).toMatchObject({
      name: 's',
      filePath: undefined,
      late: 'sideOutput',
      start: { kind: 'new' },
      watermark: { maxOutOfOrdernessMs: 0, by: [], idleAfterMs: undefined },
      decode: { body: undefined, time: { source: 'ts' }, maxFutureMs: undefined, schemaProblems: undefined },
    });
  });

  it('of a file are all of its records', () => {
    expect(sourceOf(source(`file: { path: x.csv }\n${EVENT}`))).toMatchObject({
      start: { kind: 'all' },
      filePath: 'data/x.csv',
    });
  });
});

describe('what a source says', () => {
  it('is compiled: expressions, durations, times', () => {
    const plan = sourceOf(
      source(
        `${NATS}start: { time: 2026-01-01T00:00:00 }\nlate: drop\nevent: { body: data, each: rows, time: arrival, id: i, type: t, order: o }\n` +
          'watermark: { maxOutOfOrderness: 5s, by: [host, channel], idleAfter: 30s, maxFuture: 5m }\nschema: { type: object, required: [a] }\n',
      ),
    );
    expect(plan).toMatchObject({
      start: { kind: 'time', timeMs: Date.UTC(2026, 0, 1) },
      late: 'drop',
      watermark: { maxOutOfOrdernessMs: 5_000, by: [{ source: 'host' }, { source: 'channel' }], idleAfterMs: 30_000 },
      decode: {
        body: { source: 'data' },
        each: { source: 'rows' },
        time: undefined,
        order: { source: 'o' },
        maxFutureMs: 300_000,
      },
    });
    expect(plan.decode.schemaProblems?.({ a: 1 })).toBeUndefined();
    expect(plan.decode.schemaProblems?.({})).toContain("'a'");
  });

  it('sees the event alone in its expressions', () => {
    expectDiagnostics(
      source(`${NATS}event: { time: «$key, id: x«$params, order: «?? }\nwatermark: { by: [a, «$a] }\n`),
      ['unknown-name', 'unknown-name', 'expression-syntax', 'unknown-name'],
    );
  });
});

describe('the subjects of a source', () => {
  it.each(['a..b', 'a.>.b', 'a b', '.', 'a.x*'])('are not `%s`', (subject) => {
    expectDiagnostics(source(`nats: { subjects: [ok, «"${subject}"] }\n${EVENT}`), ['invalid-subject']);
  });

  it.each(['alerts.high.x', 'alerts.>', '>', '*.high.x', 'alerts.*.x', '*.>'])(
    'that overlap the alerts are refused: `%s`',
    (subject) => {
      expectDiagnostics(source(`nats: { subjects: [«"${subject}"] }\n${EVENT}`), ['subject-overlap']);
    },
  );

  it.each(['alert.x', 'alerts', 'alertsx.>', 'x.alerts.>'])('that only look like it are not: `%s`', (subject) => {
    expect(diagnosticsOf(source(`nats: { subjects: ["${subject}"] }\n${EVENT}`))).toEqual([]);
  });
});

describe('a source that contradicts itself is refused', () => {
  it.each([
    ['core NATS has no past', `nats: { subjects: [a] }\nstart: «all\n${EVENT}`, 'needs-stream'],
    ['core NATS has no gaps', `nats: { subjects: [a], onGap: «refuse }\n${EVENT}`, 'needs-stream'],
    ['messages have one arrival', `${NATS}event: { time: ts, arrival: «at }\n`, 'conflicting-fields'],
    ['a file has no arrival', 'file: { path: x.csv }\nevent: { time: «arrival }\n', 'missing-field'],
    ['a file says what it holds', `file: { path: «x.dat }\n${EVENT}`, 'unknown-format'],
    [
      'ndjson has types',
      `file: { path: x.ndjson, columns: «{ a: number } }\n${EVENT}`.replace('«{', '{ «').replace('{  «a', '{ «a'),
      'conflicting-fields',
    ],
    ['a time is a time', `${NATS}start: { time: «2026-02-30 }\n${EVENT}`, 'invalid-time'],
    ['a schema is a schema', `${NATS}${EVENT}schema: { type: «objekt }\n`, 'invalid-schema'],
  ])('%s', (_, text, code) => {
    const plain = text.replaceAll('«', '');
    expect(new Set(diagnosticsOf(source(plain)).map((one) => one.code))).toEqual(new Set([code]));
  });
});

describe('the file of a source', () => {
  const file = (path: string): string => source(`file: { path: «${JSON.stringify(path)}, format: csv }\n${EVENT}`);

  it.each(['/etc/passwd.csv', '../x.csv', 'a/../../x.csv', 'C:\\x.csv', '\\x.csv', 'a/..', '..', 'x\0.csv'])(
    'is refused to the API outside of the data directory: %j',
    (path) => {
      expectDiagnostics(file(path), ['path-outside-data'], 'api');
    },
  );

  it('may lie anywhere for documents of files, and below the data directory for all', () => {
    expect(sourceOf(file('../x.csv').replace('«', '')).filePath).toBe('data/../x.csv');
    expect(sourceOf(file('/abs/x.csv').replace('«', '')).filePath).toBe('/abs/x.csv');
    expect(diagnosticsOf(file('./a/../b/x.csv').replace('«', ''), 'api')).toEqual([]);
  });
});

describe('the hash of a source', () => {
  it('changes with its meaning, not with its name or its start', () => {
    const hash = (text: string): string => sourceOf(source(text)).hash;
    const base = hash(NATS + EVENT);
    expect(hash(`${NATS + EVENT}start: all\n`)).toBe(base);
    expect(hash(`${NATS + EVENT}late: sideOutput\nwatermark: { maxOutOfOrderness: 0 }\n`)).toBe(base);
    const others = ['late: drop\n', 'watermark: { by: a }\n', 'watermark: { idleAfter: 1s }\n', 'schema: true\n'];
    const hashes = [base, ...others.map((more) => hash(NATS + EVENT + more)), hash(`${NATS}event: { time: t2 }\n`)];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
