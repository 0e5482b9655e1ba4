import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import type { PlacedDocument } from '../../../src/core/document/documents.js';

function placed(text: string, index = 0): PlacedDocument {
  const parsed = parseDocuments(text, { origin: 'api' });
  const document = parsed.ok ? parsed.value[index] : undefined;
  if (document === undefined) throw new Error(JSON.stringify(parsed));
  return document;
}

const rule = (where: string): string => `kind: rule\nname: r\nsource: s\npattern: p\nwhere: ${where}\n`;

describe('the place of a value', () => {
  it('is told for every document of a text, by lines of the text', () => {
    const text = `${rule('a')}---\n# more\n${rule('b')}`;
    expect(placed(text, 1).locate('/where')).toEqual({ line: 12, column: 8 });
    expect(placed(text, 1).locate('')).toEqual({ line: 8, column: 1 });
  });

  it('is that of the nearest value around it when there is none', () => {
    const document = placed(`${rule('a')}alert:\n  title: x\n`);
    expect(document.locate('/alert/subject')).toEqual({ line: 7, column: 3 });
    expect(document.locate('/tests/0/events')).toEqual({ line: 1, column: 1 });
  });

  it('follows lists, aliases and escaped names', () => {
    const text = 'kind: rule\nname: r\nsource: [s, t]\npattern: p\nwith: { a/b: &x { c: 1 }, "d~": *x }\n';
    expect(placed(text).locate('/source/1')).toEqual({ line: 3, column: 13 });
    expect(placed(text).locate('/with/a~1b')).toEqual({ line: 5, column: 17 });
    expect(placed(text).locate('/with/d~0/c')).toEqual({ line: 5, column: 22 });
  });
});

describe('the place of a character of a text', () => {
  it.each([
    ['plain', rule('amount > X'), 5, 17],
    ['single quotes', rule("'a = ''it'' and X'"), 5, 24],
    ['double quotes', rule('"a = \\"it\\" and \\u0041 X"'), 5, 31],
    ['plain over lines', rule('amount >\n  5 and\n\n  X'), 8, 3],
    ['literal', rule('|\n  amount >\n    5 and\n    X'), 8, 5],
    ['literal, stripped', rule('|-\n    a\n    X'), 7, 5],
    ['folded', rule('>-\n  amount >\n  5\n\n  X'), 9, 3],
    ['double quotes over lines', rule('"amount > \\\n    5 X"'), 6, 7],
  ])('is found in every style: %s', (_, text, line, column) => {
    const document = placed(text);
    const { where = '' } = document.document as { where?: string };
    expect(document.locate('/where', where.indexOf('X'))).toEqual({ line, column });
  });

  it('is the character itself, however the text is written', () => {
    const words = fc.array(fc.stringMatching(/^[a-z$'"\\&.=]{1,6}$/), { minLength: 1, maxLength: 12 });
    const types = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED');
    fc.assert(
      fc.property(words, types, fc.nat({ max: 11 }), fc.constantFrom(20, 80), (parts, type, pick, lineWidth) => {
        const chosen = pick % parts.length;
        const source = parts.map((part, i) => (i === chosen ? '@' : part)).join(' ');
        const text = stringify(
          { kind: 'rule', name: 'r', source: 's', pattern: 'p', where: source },
          { lineWidth, defaultStringType: type as 'PLAIN', defaultKeyType: 'PLAIN' },
        );
        const document = placed(text);
        const { where = '' } = document.document as { where?: string };
        const position = document.locate('/where', where.indexOf('@'));
        expect(text.split('\n')[(position?.line ?? 0) - 1]?.[(position?.column ?? 0) - 1]).toBe('@');
      }),
    );
  });
});
