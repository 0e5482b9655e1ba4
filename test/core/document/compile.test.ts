import { describe, expect, it } from 'vitest';
import { CompileCache } from '../../../src/core/document/compile-cache.js';
import type { RuleSet } from '../../../src/core/document/plans.js';
import type { Checked } from '../../../src/core/model/diagnostic.js';
import { compileRuleSet, hashDocument } from '../../../src/core/document/compile.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { limits } from '../../../src/core/limits.js';
import { compiled, diagnosticsOf, environment, expectDiagnostics, parse, SOURCE } from './fixture.js';

const PATTERN = 'kind: pattern\nname: p\nwithin: 1m\nsequence: [{ begin: a }]\n';

describe('a set of documents', () => {
  it('becomes the rule set of its revision', () => {
    const set = compiled(`${SOURCE}${PATTERN}---\nkind: rule\nname: r\nsource: s\npattern: p\n`);
    expect(set.revision).toBe(7);
    expect([...set.sources.keys()]).toEqual(['s']);
    expect([...set.rules.keys()]).toEqual(['r']);
  });

  it('may be empty', () => {
    expect(compiled('')).toMatchObject({ revision: 7 });
  });

  it('names every document once per kind; both places are told', () => {
    const [found] = expectDiagnostics(`${PATTERN}---\n${PATTERN.replace('name: p', 'name: «p')}`, ['duplicate-name']);
    expect(found?.message).toContain('(x.yaml:2)');
    const api = parseDocuments(PATTERN, { origin: 'api' });
    const file = parse(PATTERN);
    if (!api.ok || !file.ok) throw new Error('must parse');
    const checked = compileRuleSet([...file.value, ...api.value], environment);
    expect(checked.ok ? [] : checked.diagnostics).toMatchObject([
      { code: 'duplicate-name', line: 2, column: 7, document: 'pattern/p' },
    ]);
    expect(compiled(`${PATTERN}---\n${SOURCE.replace('name: s', 'name: p')}`).sources.size).toBe(1);
  });

  it('is reported as a whole: syntax, shape and meaning of all documents at once', () => {
    const text = `${SOURCE}kind: rule
name: r
source: «q
pattern: «p
---
kind: pattern
name: broken
sequence: [{ begin: a, were«: x }]
---
where: a ? «b : c : d
---
kind: pattern
name: q
sequence:
  - begin: a
    where: «??
`.replace('were«', '«were');
    expectDiagnostics(text.replace('«b', 'b').replace('a ?', '«a ?'), [
      'unknown-source',
      'unknown-pattern',
      'unknown-field',
      'quote-expression',
      'expression-syntax',
    ]);
  });

  it('has a largest size', () => {
    const parsed = parse(PATTERN);
    if (!parsed.ok || parsed.value[0] === undefined) throw new Error('must parse');
    const checked = compileRuleSet(
      Array.from({ length: limits.documentsMax + 1 }, () => parsed.value[0]!),
      environment,
    );
    expect(checked.ok ? [] : checked.diagnostics.map(({ code }) => code)).toEqual(['too-many-documents']);
  });

  it('of the API has places in its text, without a file', () => {
    expect(diagnosticsOf('kind: pattern\nname: p\nsequence: [{ begin: a, where: ?? }]\n', 'api')).toMatchObject([
      { line: 3, column: 31 },
    ]);
    expect(diagnosticsOf('kind: pattern\nname: p\nsequence: [{ begin: a, where: ?? }]\n', 'api')[0]).not.toHaveProperty(
      'file',
    );
  });
});

describe('a cache between revisions', () => {
  const documents = (text: string) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error('must parse');
    return parsed.value;
  };
  const rules =
    'kind: rule\nname: r\nsource: s\npattern: p\n---\nkind: rule\nname: q\nsource: s\npattern: { within: 1s, sequence: [{ begin: a }] }\n';

  it('keeps what did not change, and compiles what refers to what did', () => {
    const env = { ...environment, cache: new CompileCache() };
    const [source, pattern, ...both] = documents(`${SOURCE}${PATTERN}---\n${rules}`);
    if (source === undefined || pattern === undefined) throw new Error('must parse');
    const planOf = (set: Checked<RuleSet>, name: string) => (set.ok ? set.value.rules.get(name) : undefined);
    const first = compileRuleSet([source, pattern, ...both], env);
    const second = compileRuleSet([source, ...documents(PATTERN.replace('1m', '2m')), ...both], {
      ...env,
      revision: 8,
    });
    expect(second).toMatchObject({ ok: true, value: { revision: 8 } });
    expect(planOf(second, 'q')).toBe(planOf(first, 'q'));
    expect(planOf(first, 'r')?.pattern.withinMs).toBe(60_000);
    expect(planOf(second, 'r')?.pattern.withinMs).toBe(120_000);
    const without = compileRuleSet([pattern, ...both], env);
    expect(without.ok ? [] : without.diagnostics.map(({ code }) => code)).toEqual(['unknown-source', 'unknown-source']);
  });

  it('tells a warning every time', () => {
    const env = { ...environment, cache: new CompileCache() };
    const all = documents(
      `${SOURCE}kind: rule\nname: r\nsource: s\nonTimeout: {}\npattern: { sequence: [{ begin: a }] }\n`,
    );
    for (let round = 0; round < 2; round++) {
      expect(compileRuleSet(all, env)).toMatchObject({
        ok: true,
        warnings: [{ code: 'never-times-out', severity: 'warning' }],
      });
    }
  });
});

describe('the hash of a document', () => {
  it('is that of what it says, not of how it is written', () => {
    const documents = [
      'kind: pattern\nname: p\nsequence: [{ begin: a, where: x }]\n',
      '{"sequence": [{"where": "x", "begin": "a"}], "name": "p", "kind": "pattern"}',
    ].map((text) => {
      const parsed = parse(text);
      if (!parsed.ok || parsed.value[0] === undefined) throw new Error('must parse');
      return hashDocument(parsed.value[0].document, environment.digest);
    });
    expect(documents[0]).toBe(documents[1]);
  });
});
