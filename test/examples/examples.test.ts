import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileRuleSet } from '../../src/core/document/compile.js';
import type { RuleSet } from '../../src/core/document/plans.js';
import { runRuleTests } from '../../src/runtime/run-rule-tests.js';
import { readDocuments, runExample } from './run-example.js';
import type { Alert, ExampleRun } from './run-example.js';

/** What the brute-force script counted: see scripts/brute-force-counts.mjs. */
interface Expected {
  readonly rule: string;
  readonly file: string;
  readonly events: number;
  readonly alerts: number;
  readonly keys: number;
  readonly times?: readonly string[];
  readonly perKey?: Readonly<Record<string, { count: number; start: string; first: string }>>;
}

const expected = JSON.parse(readFileSync('test/examples/expected.json', 'utf8')) as {
  readonly examples: readonly Expected[];
  readonly upstream: readonly Expected[];
};

const expressions = createJsonataCompiler();

/** The full files, where they lie beside the checkout. */
const upstream = process.env['WEIR_UPSTREAM_DATA'] ?? '../shared/data';

function perKey(alerts: readonly Alert[]): NonNullable<Expected['perKey']> {
  const keys: Record<string, { count: number; start: string; first: string }> = {};
  for (const { key, time, start } of [...alerts].sort((a, b) => Date.parse(a.time) - Date.parse(b.time))) {
    (keys[key] ??= { count: 0, start, first: time }).count += 1;
  }
  return keys;
}

function checkAlerts(run: ExampleRun, want: Expected): void {
  const alerts = run.alerts.filter(({ rule }) => rule === want.rule);
  const keys = perKey(alerts);
  expect({ alerts: alerts.length, keys: Object.keys(keys).length }).toEqual({ alerts: want.alerts, keys: want.keys });
  if (want.perKey !== undefined) expect(keys).toEqual(want.perKey);
  if (want.times !== undefined) expect(alerts.map(({ time }) => time).sort()).toEqual(want.times);
  expect(alerts.flatMap(({ problems }) => problems)).toEqual([]);
}

function compile(paths: readonly string[]): RuleSet {
  const environment = { expressions, digest: systemDigest, schemaCheck: compileSchema, alertPrefix: 'weir.alerts' };
  const compiled = compileRuleSet(readDocuments(paths), { ...environment, dataDirectory: '.', revision: 1 });
  expect(compiled.ok ? compiled.warnings : compiled.diagnostics).toEqual([]);
  if (!compiled.ok) throw new Error('refused');
  return compiled.value;
}

const served = compile(['rules', 'patterns']);

describe('the documents the service starts with', () => {
  it('name the same sources as the documents for files', () => {
    const files = compile(['data/sources', 'data/not-included/sources.yaml']);
    expect([...files.sources.keys()].sort()).toEqual([...served.sources.keys()].sort());
  });

  for (const plan of served.rules.values()) {
    it(`${plan.name} passes its own tests, one that fires and one that is silent`, () => {
      const context = { namespace: 'test', prefix: 'test', digest: systemDigest, expressions };
      const failed = runRuleTests(plan, served, context).filter(({ passed }) => !passed);
      expect(failed).toEqual([]);
      const wanted = (plan.document.tests ?? []).map((test) => test.expect.length > 0);
      expect(new Set(wanted)).toEqual(new Set([true, false]));
    });
  }
});

describe.each(['fraud', 'iot', 'market', 'security'])('the %s rules over the files of data/', (domain) => {
  let run: ExampleRun;
  beforeAll(async () => {
    run = await runExample({ paths: [`rules/${domain}`, 'patterns', `data/sources/${domain}.yaml`] });
  }, 120_000);

  it('read every event, none late and none dead', () => {
    for (const source of run.status.sources) expect(source).toMatchObject({ late: 0, dead: 0 });
    expect(run.status.sources.every(({ events }) => events > 0)).toBe(true);
  });

  it('alert under no rule that was not counted', () => {
    const counted = new Set(expected.examples.map(({ rule }) => rule));
    expect(run.alerts.filter(({ rule }) => !counted.has(rule))).toEqual([]);
  });

  const rules = [...served.rules.values()].filter(({ document }) => {
    const subject = expected.examples.find(({ rule }) => rule === document.name);
    return subject?.file.startsWith(`${domain}/`) === true;
  });
  for (const { name } of rules) {
    const want = expected.examples.find(({ rule }) => rule === name) as Expected;
    it(`${name} alerts ${want.alerts} times, as counted without the engine`, () => checkAlerts(run, want));
  }
});

/** Where each upstream file takes the place of an example's file. */
const upstreamSources: Readonly<Record<string, { readonly source: string; readonly paths: readonly string[] }>> = {
  'turbofan-outlet-high': { source: 'engines', paths: ['rules/fleet', 'data/not-included/sources.yaml'] },
  'taxi-long-ride': { source: 'taxi-rides', paths: ['rules/fleet', 'data/not-included/sources.yaml'] },
  'fx-rising-bids': { source: 'fx-ticks', paths: ['rules/market', 'patterns', 'data/sources/market.yaml'] },
  'mule-fan-in': { source: 'transfers-in', paths: ['rules/fraud', 'patterns', 'data/sources/fraud.yaml'] },
};

describe('over the full upstream files', () => {
  for (const want of expected.upstream) {
    const file = join(upstream, want.file);
    it(`${want.rule} alerts ${want.alerts} times in ${want.events} events`, { timeout: 120_000 }, async () => {
      const { source, paths } = upstreamSources[want.rule] as { source: string; paths: readonly string[] };
      if (!existsSync(file)) {
        process.stdout.write(`NOT CHECKED: ${want.rule}, for ${file} is not there (set WEIR_UPSTREAM_DATA)\n`);
        return;
      }
      const run = await runExample({ paths, rules: [want.rule], files: { [source]: file } });
      checkAlerts(run, want);
    });
  }
});
