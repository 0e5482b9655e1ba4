/**
 * The documents shown in docs are documents: they compile, their tests pass, and every row of the tables of patterns
 * gives the matches it names. A fenced block is held to it when its info string is `yaml weir`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import { compileParsed } from '../../src/core/document/compile.js';
import { runRuleTests } from '../../src/runtime/run-rule-tests.js';
import { matchRow, readTables } from './pattern-table.js';

const DOCS = new URL('../../docs/', import.meta.url).pathname;
const expressions = createJsonataCompiler();
const digest = systemDigest;

/** Markdown pages below docs, decisions included. */
function pages(): string[] {
  return readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
}

/** The marked blocks of a page as one text, each at the lines where it stands. */
function documentsOf(markdown: string): string {
  let inside = false;
  const lines = markdown.split('\n').map((line) => {
    if (!line.startsWith('```')) return inside ? line : '';
    inside = !inside && line === '```yaml weir';
    return inside ? '---' : '';
  });
  return lines.join('\n');
}

interface Page {
  readonly name: string;
  readonly markdown: string;
}

const all = pages().map((name): Page => ({ name, markdown: readFileSync(join(DOCS, name), 'utf8') }));

const withDocuments = all
  .map(({ name, markdown }) => ({ name, text: documentsOf(markdown) }))
  .filter(({ text }) => text.trim() !== '');

test.each(withDocuments)('$name shows documents that compile and whose tests pass', ({ name, text }) => {
  const parsed = parseDocuments(text, { origin: 'file', file: name });
  const environment = { expressions, digest, schemaCheck: compileSchema, alertPrefix: 'weir.alerts', revision: 1 };
  const compiled = compileParsed(parsed, environment);
  expect(compiled.ok ? compiled.warnings : compiled.diagnostics).toEqual([]);
  if (!compiled.ok) return;
  const context = { namespace: 'docs', prefix: 'docs', digest, expressions };
  const verdicts = [...compiled.value.rules.values()].flatMap((plan) => runRuleTests(plan, compiled.value, context));
  expect(verdicts.filter((one) => !one.passed)).toEqual([]);
  expect(verdicts.length).toBeGreaterThan(0);
});

describe.each(all.filter(({ markdown }) => readTables(markdown).length > 0))('patterns in $name', ({ markdown }) => {
  test.each(readTables(markdown))('$pattern, $skip, over $events', (row) => {
    expect(matchRow(row, expressions)).toEqual(row.matches);
  });
});
