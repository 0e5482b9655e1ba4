/** Who writes a regular expression that is matched against short texts only is told when the rule is registered. */
import { expect, test } from 'vitest';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import { compileParsed } from '../../../src/core/document/compile.js';
import { CompileCache } from '../../../src/core/document/compile-cache.js';
import { regexSubjectMax } from '../../../src/core/expression/regex-cost.js';

const textOf = (condition: string): string => `kind: source
name: s
file: { path: s.ndjson }
event: { time: ts }
---
kind: rule
name: logs
source: s
key: host
where: ${condition}
pattern:
  within: 5m
  sequence:
    - begin: a
      where: ${condition}
    - followedBy: b
      where: type = 'b'
`;

function warningsOf(text: string, cache?: CompileCache) {
  const environment = {
    expressions: createJsonataCompiler(),
    digest: systemDigest,
    schemaCheck: compileSchema,
    alertPrefix: 'a',
    revision: 1,
    ...(cache === undefined ? {} : { cache }),
  };
  const compiled = compileParsed(parseDocuments(text, { origin: 'file' }), environment);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('\n'));
  return compiled.warnings;
}

test('wherever it stands, at the character, with the length that it sees', () => {
  const text = textOf('$contains(message, /.*error.*timeout.*/)');
  const warnings = [...warningsOf(text)].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  expect(warnings.map(({ code, severity, pointer, line }) => [code, severity, pointer, line])).toEqual([
    ['regex-short-texts', 'warning', '/where', 10],
    ['regex-short-texts', 'warning', '/pattern/sequence/0/where', 15],
  ]);
  const columns = text.split('\n').map((line) => line.indexOf('/.*error') + 1);
  expect(warnings.map(({ column }) => column)).toEqual([columns[9], columns[14]]);
  for (const { message } of warnings)
    expect(message).toContain(`at most ${regexSubjectMax(/.*error.*timeout.*/)} char`);
});

test('of others not a word', () => {
  expect(warningsOf(textOf('$contains(message, /error.*timeout/)'))).toEqual([]);
  expect(warningsOf(textOf('$match(message, /^[a-z]+:[0-9]+$/)'))).toEqual([]);
});

test('again at the next revision, though nothing else changed', () => {
  const cache = new CompileCache();
  const text = textOf('$contains(message, /a*a*b/)');
  expect(warningsOf(text, cache)).toHaveLength(2);
  expect(warningsOf(text, cache)).toHaveLength(2);
});
