import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { textLimits } from '../../../src/adapters/document/text-limits.js';
import { reservedStageNames } from '../../../src/core/expression/builtin-names.js';
import { limits } from '../../../src/core/limits.js';
import type { Diagnostic } from '../../../src/core/model/diagnostic.js';
import { badDocuments, goodDocuments } from './samples.js';

const place = { origin: 'file', file: 'rules/x.yaml' } as const;

function diagnosticsOf(text: string): readonly Diagnostic[] {
  const parsed = parseDocuments(text, place);
  return parsed.ok ? [] : parsed.diagnostics;
}

const placesOf = (text: string): string[] =>
  diagnosticsOf(text).map(({ line, column, code }) => `${line}:${column} ${code}`);

describe('documents that are right', () => {
  it.each(goodDocuments)('are read: $title', ({ text, kind }) => {
    const parsed = parseDocuments(text, place);
    expect(parsed).toMatchObject({ ok: true, value: [{ document: { kind }, ...place }] });
  });

  it('stand in one text by the dozen, empty ones between', () => {
    const text = `# nothing yet\n---\n${goodDocuments.map((one) => one.text).join('\n---\n---\n')}\n---\n`;
    const parsed = parseDocuments(text, place);
    expect(parsed.ok && parsed.value.map(({ document }) => document.kind)).toEqual(
      goodDocuments.map(({ kind }) => kind),
    );
  });

  it('may be none', () => {
    for (const text of ['', '\n\n', '# only words\n', '---\n---\n'])
      expect(parseDocuments(text, place)).toMatchObject({ ok: true, value: [] });
  });

  it('may be JSON with tabs, or begin with a byte order mark', () => {
    const json = JSON.stringify(
      { kind: 'pattern', name: 'p', sequence: [{ begin: 'a', times: { min: 2 } }] },
      null,
      '\t',
    );
    for (const text of [json, `\uFEFF${json}`])
      expect(parseDocuments(text, place)).toMatchObject({ ok: true, value: [{}] });
  });

  it('keep words and times as text, as YAML 1.2 has it', () => {
    const parsed = parseDocuments(
      '%YAML 1.1\n---\nkind: rule\nname: r\nsource: on\npattern: no\nwith: { a: yes, b: 2026-01-01, c: 0o17, d: 1:30 }\n',
      place,
    );
    expect(parsed).toMatchObject({
      ok: true,
      value: [{ document: { source: 'on', pattern: 'no', with: { a: 'yes', b: '2026-01-01', c: 15, d: '1:30' } } }],
    });
  });

  it('of JSON come back as they went in', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/);
    const values = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,5}$/),
      fc.jsonValue({ noUnicodeString: false } as object).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    );
    fc.assert(
      fc.property(name, values, (rule, given) => {
        const document = { kind: 'rule', name: rule, source: 's', pattern: 'p', with: given };
        expect(parseDocuments(JSON.stringify(document), place)).toMatchObject({ ok: true, value: [{ document }] });
      }),
    );
  });
});

describe('documents that are wrong', () => {
  it.each(badDocuments)('are refused at the place, with one sentence: $title', ({ text, at, code }) => {
    expect(placesOf(text)).toEqual([`${at} ${code}`]);
    const [found] = diagnosticsOf(text);
    expect(found).toMatchObject({ file: 'rules/x.yaml', severity: 'error' });
    expect(found?.message).toMatch(/^[A-Z`].*[.?]$/);
  });

  it('are all reported, with all that is wrong with each', () => {
    const text = badDocuments.map((one) => one.text).join('---\n');
    expect(diagnosticsOf(text).map(({ code }) => code)).toEqual(badDocuments.map(({ code }) => code));
  });

  it('suggest what was meant', () => {
    const message = (text: string): string => diagnosticsOf(text)[0]?.message ?? '';
    expect(message('kind: rle\n')).toContain('Did you mean `rule`?');
    expect(message(goodDocuments[0].text.replace('watermark', 'watermrak'))).toContain('Did you mean `watermark`?');
    expect(message(goodDocuments[3].text.replace('mode: shadow', 'mode: shadwo'))).toContain('Did you mean `shadow`?');
  });

  it('say by what name others know them, and leave the others readable', () => {
    const parsed = parseDocuments(
      `${goodDocuments[0].text}---\nkind: pattern\nname: p\nsequence: []\n---\nkind: rule\nname: r\nwhere: [\n`,
      place,
    );
    if (parsed.ok) throw new Error('must be refused');
    expect(parsed.readable.map(({ document }) => document.name)).toEqual(['payments']);
    expect(parsed.broken).toEqual([
      { kind: 'pattern', name: 'p' },
      { kind: 'rule', name: 'r' },
    ]);
    expect(parsed.diagnostics.map(({ document }) => document)).toEqual(['pattern/p', 'rule/r']);
  });

  it('a stage may not bear a name that expressions use', () => {
    for (const name of reservedStageNames) {
      const text = `kind: pattern\nname: p\nsequence:\n  - begin: ${JSON.stringify(name)}\n`;
      expect(placesOf(text)).toEqual(['4:12 reserved-name']);
    }
    const [found] = diagnosticsOf('kind: pattern\nname: p\nsequence: [{ begin: count }]\n');
    for (const name of ['params', 'eventTime', 'table', 'count', 'match']) expect(found?.message).toContain(name);
  });
});

describe('YAML that is wrong', () => {
  const rule = (line: string): string => `kind: rule\nname: r\nsource: s\npattern: p\n${line}\nmode: active\n`;

  it.each([
    ['where: a ? b : c', '5:8'],
    ["where: a = 'x: y'", '5:8'],
    ["where: $lookup({'a': 1}, b)[0] ? c : d", '5:8'],
    ['where: {a', '6:1'],
    ['where: [1, 2][0] = 1', '5:14'],
    ['where: *b > 5', '5:8'],
    ['where: &b and c', '5:8'],
    ['where: !(a = b)', '5:8'],
    ['where: %a', '5:8'],
    ['where: @a', '5:8'],
    ['where: `a b` = 1', '5:8'],
    ["title: 'Card ' & $key", '5:16'],
  ])('says that the expression must be quoted: %s', (line, at) => {
    const found = diagnosticsOf(rule(line));
    const told = found.map(({ code, line: row, column }) => `${row}:${column} ${code}`);
    if (line.includes('&b')) return expect(told.length).toBeLessThanOrEqual(1);
    expect(told[0]).toBe(`${at} quote-expression`);
    expect(found[0]?.message).toContain('between quotes');
  });

  it.each([
    ['a field twice', rule('source: t'), ['5:1 duplicate-key']],
    ['a field twice, in JSON', '{"kind": "rule",\n "kind": "rule"}', ['2:2 duplicate-key']],
    ['an open quote', rule("where: 'abc"), ['7:1 yaml-syntax']],
    ['a tab', 'kind: rule\n\tname: r\n', ['2:1 yaml-syntax']],
    ['crooked indentation', 'kind: rule\nalert:\n    title: a\n  payload: b\n', ['4:1 yaml-syntax']],
  ])('has its place: %s', (_, text, places) => {
    expect(placesOf(text).slice(0, places.length)).toEqual(places);
  });

  it('does not hide what is wrong with the documents around it', () => {
    expect(placesOf('kind: rle\n---\nwhere: a ? b : c\n---\nkind: tabel\n')).toEqual([
      '1:7 unknown-kind',
      '3:8 quote-expression',
      '5:7 unknown-kind',
    ]);
  });

  it('reports a line once, and only the first few lines of a document', () => {
    const places = placesOf(Array.from({ length: 50 }, (_, i) => `f${i}: a: b`).join('\n'));
    expect(places).toHaveLength(textLimits.syntaxErrorsMax);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('texts that mean harm', () => {
  it('an anchor bomb is refused before it goes off', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `  l${i}: &l${i} [${Array.from({ length: 9 }, () => (i === 0 ? 'x' : `*l${i - 1}`)).join(', ')}]`,
    );
    const text = `kind: rule\nname: r\nsource: s\npattern: p\nwith:\n${levels.join('\n')}\n`;
    expect(diagnosticsOf(text).map(({ code }) => code)).toEqual(['too-many-aliases']);
    expect(placesOf(`kind: rule\nwith:\n  a: &a x\n  b: [${'*a, '.repeat(200)}]\n`)).toEqual(['1:1 too-many-aliases']);
  });

  it('an alias stands for what is there, and not for itself', () => {
    expect(parseDocuments('kind: rule\nname: r\nsource: &s s\npattern: *s\n', place)).toMatchObject({
      ok: true,
      value: [{ document: { pattern: 's' } }],
    });
    expect(placesOf('kind: rule\nwith: &a { b: *a }\n')).toEqual(['2:15 yaml-syntax']);
    expect(placesOf('kind: rule\nwith: { b: *nobody }\n')).toEqual(['2:12 quote-expression']);
  });

  it.each([
    ['[', '['.repeat(200_000)],
    ['{a: ', '{a: '.repeat(100_000)],
    ['- ', '- '.repeat(200_000)],
    ['? ', '? '.repeat(100_000)],
    ['[[]', '[[],'.repeat(100_000)],
    ['JSON', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('nesting does not exhaust the stack: %s', (_, text) => {
    expect(diagnosticsOf(text).map(({ code }) => code)).toEqual(['too-deep']);
  });

  it('size and number have limits', () => {
    expect(placesOf(`#${'é'.repeat(limits.documentBytesMax / 2)}`)).toEqual(['1:1 too-large']);
    expect(diagnosticsOf('---\na\n'.repeat(limits.documentsMax + 1)).map(({ code }) => code)).toEqual([
      'too-many-documents',
    ]);
  });

  it('tags make nothing but text', () => {
    expect(placesOf('kind: !!set { a }\n')).toContain('1:7 quote-expression');
    expect(placesOf('kind: !!js/function x\n')).toContain('1:7 quote-expression');
  });

  it('the names JavaScript uses itself are only names', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const texts = [
        `kind: rule\n${name}: 1\n`,
        `kind: ${name}\n`,
        `kind: rule\nname: r\nsource: s\npattern: p\nalert: { ${name}: 1 }\n`,
      ];
      for (const text of texts) expect(diagnosticsOf(text).length).toBeGreaterThan(0);
    }
  });

  it('no text makes the parser throw, and every place lies in the text', () => {
    const scrap = fc.constantFrom(
      'kind: rule\n',
      'name: r\n',
      'where: ',
      ': ',
      '- ',
      '  ',
      '\n',
      '---\n',
      '{',
      '}',
      '[',
      ']',
      '*a',
      '&a ',
      '!x ',
      '"',
      "'",
      '|\n',
      '>',
      '#',
      '%',
      'x',
      '\t',
      '\r\n',
      'ü',
      '😀',
      '\0',
      '? ',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(scrap, { maxLength: 40 }).map((parts) => parts.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const lines = text.split('\n');
        for (const { line = 0, column = 0 } of diagnosticsOf(text)) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('no damaged document makes the parser throw', () => {
    const good = fc.constantFrom(...goodDocuments.map(({ text }) => text as string));
    fc.assert(
      fc.property(good, fc.nat(), fc.nat({ max: 20 }), fc.string({ maxLength: 4 }), (text, at, cut, insert) => {
        const begin = at % text.length;
        parseDocuments(text.slice(0, begin) + insert + text.slice(begin + cut), place);
      }),
    );
  });
});
