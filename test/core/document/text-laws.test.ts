import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/core/document/canonical-json.js';
import { nearestName } from '../../../src/core/document/names.js';
import { pointerTo, pointerTokens } from '../../../src/core/document/pointer.js';
import { resolveSourcePath, sourceFileFormat } from '../../../src/core/document/source-file.js';
import { isPublishSubject, isSubscribeSubject, subjectsOverlap } from '../../../src/core/document/subjects.js';
import { parseTimestamp } from '../../../src/core/document/timestamp.js';

describe('canonical JSON', () => {
  it('is the same for the same value, whatever the order of its fields', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, field]) => [key, shuffled(field)]),
      );
    };
    fc.assert(fc.property(fc.jsonValue(), (value) => canonicalJson(shuffled(value)) === canonicalJson(value)));
  });

  it('reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves out what is absent, and keeps numbers apart that JSON has no words for', () => {
    expect(canonicalJson({ b: undefined, a: [Number.NaN, null, 'NaN'] })).toBe('{"a":[#NaN,null,"NaN"]}');
  });
});

describe('JSON Pointers', () => {
  it('give back their tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tokens) => {
        expect(pointerTokens(pointerTo('', ...tokens))).toEqual(tokens);
      }),
    );
  });
});

describe('suggested names', () => {
  it.each([
    ['paymets', ['payments', 'logins'], 'payments'],
    ['wehre', ['where', 'when'], 'where'],
    ['were', ['where', 'times'], 'where'],
    ['SEVERITY', ['severity'], 'severity'],
    ['x', ['severity', 'y'], 'y'],
    ['unrelated', ['where', 'times'], undefined],
  ])('%s among %j is %s', (name, candidates, nearest) => {
    expect(nearestName(name, candidates)).toBe(nearest);
  });
});

describe('NATS subjects', () => {
  const token = fc.constantFrom('a', 'b', 'c');
  const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
  const pattern = fc
    .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([tokens, open]) => [...tokens, ...(open ? ['>'] : [])].join('.'));
  const fits = (one: string, pattern: string): boolean =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`).test(one);

  it('two patterns that some subject fits overlap', () => {
    fc.assert(
      fc.property(pattern, pattern, subject, (a, b, one) => !(fits(one, a) && fits(one, b)) || subjectsOverlap(a, b)),
    );
  });

  it('a pattern overlaps a plain subject exactly when the subject fits it', () => {
    fc.assert(fc.property(pattern, subject, (a, one) => subjectsOverlap(a, one) === fits(one, a)));
  });

  it('what can be published to can be subscribed to, but not the other way round', () => {
    fc.assert(fc.property(fc.string(), (one) => !isPublishSubject(one) || isSubscribeSubject(one)));
    expect([isSubscribeSubject('a.*.>'), isPublishSubject('a.*.>')]).toEqual([true, false]);
  });
});

describe('times', () => {
  it.each([
    ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
    ['2026-01-01T00:00:00', Date.UTC(2026, 0, 1)],
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01 01:00+01:00', Date.UTC(2026, 0, 1)],
    ['2026-01-01T00:00:00.250+0000', Date.UTC(2026, 0, 1) + 250],
    ['2024-02-29T12:00Z', Date.UTC(2024, 1, 29, 12)],
    [1_700_000_000_000, 1_700_000_000_000],
  ])('%s', (text, ms) => {
    expect(parseTimestamp(text)).toBe(ms);
  });

  it.each([
    '',
    'now',
    '2026',
    '2026-02-29',
    '2026-13-01',
    '2026-01-01T25:00Z',
    '01/02/2026',
    '2026-01-00',
    1.5,
    Number.NaN,
  ])('%s is none', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it('a time reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        (date) => parseTimestamp(date.toISOString()) === date.getTime(),
      ),
    );
  });
});

describe('files of sources', () => {
  it('no confined path leads out of the data directory', () => {
    const part = fc.constantFrom('..', '.', 'a', '', '..\\', 'C:', '~');
    const separator = fc.constantFrom('/', '\\');
    fc.assert(
      fc.property(fc.array(fc.tuple(part, separator)), (parts) => {
        const path = resolveSourcePath(parts.flat().join(''), { dataDirectory: 'data', confined: true });
        return path === undefined || (path.startsWith('data/') && !path.split(/[/\\]/).includes('..'));
      }),
    );
  });

  it('tell their format by their name, unless it is written', () => {
    expect(['a.csv', 'A.CSV.gz', 'a.ndjson', 'a.jsonl.gz', 'a.txt'].map((path) => sourceFileFormat({ path }))).toEqual([
      'csv',
      'csv',
      'ndjson',
      'ndjson',
      undefined,
    ]);
    expect(sourceFileFormat({ path: 'a.txt', format: 'csv' })).toBe('csv');
  });
});
