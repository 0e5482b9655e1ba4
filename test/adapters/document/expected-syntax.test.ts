import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';

function firstOf(text: string): string {
  const parsed = parseDocuments(text, { origin: 'file', file: 'x.yaml' });
  if (parsed.ok) throw new Error('nothing is wrong');
  const { line, column, message } = parsed.diagnostics[0] ?? { message: '' };
  return `${line}:${column} ${message}`;
}

describe('a text that is no YAML or JSON', () => {
  it.each([
    ['{"kind": "rule", "name": "a"', '1:29', 'Expected `}`: the `{` of line 1, column 1 is not closed.'],
    ['{"kind": "rule",\n "x": [1, {"a": 2}, [3]}', '2:24', 'Expected `]`: the `[` of line 2, column 7 is not closed.'],
    ['{"kind": "rule", "name": "a', '1:28', 'Expected `"`: the `"` of line 1, column 26 is not closed.'],
    ["kind: rule\nname: 'it''s\nsource: b\n", '4:1', "Expected `'`: the `'` of line 2, column 7 is not closed."],
    ['kind: rule\nwith: { a: [1, 2 }\n', '2:18', 'Expected `]`: the `[` of line 2, column 12 is not closed.'],
    ['{"kind": "rule" "name": "a"}', '1:10', 'Expected `,` or `}` after this value.'],
    ['---\nkind: rule\nname a\nsource: b\n', '3:1', 'Expected a `:` and a value after the name of a field'],
    ['kind: rule\nname: a\n\tsource: b\n', '3:1', 'Expected spaces'],
    ['kind: rule\nname: a\n  source: b\n', '2:7', 'Expected a line that is indented as its neighbours are'],
    ['{"kind": "rule"} x', '1:18', 'Expected the end of the value.'],
  ])('is told where it ends to be one, and what was expected there: %s', (text, place, expected) => {
    expect(firstOf(text)).toContain(`${place} `);
    expect(firstOf(text)).toContain(expected);
  });
});
