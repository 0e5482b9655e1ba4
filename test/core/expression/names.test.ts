import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { builtinFunctions, reservedStageNames } from '../../../src/core/expression/builtin-names.js';
import { compile } from './harness.js';

function libraryFunctions(): string[] {
  const source = readFileSync(createRequire(import.meta.url).resolve('jsonata/jsonata.js'), 'utf8');
  const bound = source.matchAll(/(?:staticFrame|environment)\.bind\('(\w+)', defineFunction/g);
  return [...bound].map(([, name]) => name ?? '');
}

describe('the names expressions know', () => {
  it('are exactly the functions of the pinned library', () => {
    expect([...builtinFunctions].sort()).toEqual(libraryFunctions().sort());
  });

  it('are what a stage may not bear', () => {
    for (const name of ['count', 'match', 'now', 'type', 'params', 'key', 'eventTime', 'headers', 'table']) {
      expect(reservedStageNames.has(name)).toBe(true);
    }
    expect(reservedStageNames.has('probe')).toBe(false);
  });
});

describe('what an expression uses', () => {
  it.each([
    ['amount > 3', []],
    ['amount > $probe[0].amount', ['probe']],
    ['$count($hit[amount > $probe.amount])', ['hit', 'probe']],
    ['$map(items, function($x) { $x > $probe.amount })', ['probe']],
    ['$map(items, function($probe) { $probe })', []],
    ['($y := $probe; $probe := 3; $y)', ['probe']],
    ['{ $probe.name: $hit.name }', ['hit', 'probe']],
    ['items^(>$probe.amount)', ['probe']],
    ['a ~> | $ | { "b": $hit } |', ['hit']],
  ])('lists the stages it refers to, wherever it does: %s', (source, stages) => {
    expect([...compile(source).stagesUsed].sort()).toEqual(stages);
  });

  it('tells whether it names the key', () => {
    expect(compile("$key = 'a'").usesKey).toBe(true);
    expect(compile('$map(items, function($x) { $key })').usesKey).toBe(true);
    expect(compile('$each(item, function($v, $key) { $key })').usesKey).toBe(false);
    expect(compile('key = 1').usesKey).toBe(false);
  });
});
