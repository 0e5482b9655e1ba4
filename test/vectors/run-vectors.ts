/**
 * `npm run vectors -- [--ways] FILE…`: runs files of vectors and prints each failing id with what was expected and got; with
 * `--ways` a case passes only if it holds in every way. Ends in `N passed, N failed`; exit code 1 when any failed.
 */
import { readFileSync } from 'node:fs';
import { createJsonataCompiler, jsonataLibrary } from '../../src/adapters/jsonata/index.js';
import type { ExpressionCompiler } from '../../src/core/expression/expression.js';
import { SharedForms } from '../../src/core/expression/shared-forms.js';
import { AutomatonForms } from '../../src/core/nfa/automaton-forms.js';
import type { VectorCase, VectorVerdict } from './vector-case.js';
import { judge, matchesAlone, runRestoring, runStraight } from './vector-case.js';
import { runThroughShard } from './vector-ways.js';
import type { Match } from '../../src/core/model/match.js';

function readCases(file: string): VectorCase[] {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(value)) throw new Error(`${file}: a file of vectors is a JSON array of cases.`);
  return value as VectorCase[];
}

/** Compiled to what the conditions and patterns of all vectors share that differ in constants. */
const shared = { expressions: new SharedForms(jsonataLibrary(), { aloneMax: 0 }), forms: new AutomatonForms() };

/** The ways besides straight: each must give the same. */
const otherWays = (vector: VectorCase, expressions: ExpressionCompiler): Match[][] => [
  runRestoring(vector, expressions),
  runStraight(vector, shared.expressions, shared.forms),
  runThroughShard(vector, expressions, { shuffled: true, restoring: false, keys: ['k'], seed: 1 }),
  runThroughShard(vector, expressions, { shuffled: false, restoring: true, keys: ['k'], seed: 1 }),
  runThroughShard(vector, expressions, { shuffled: true, restoring: true, keys: ['other', 'k', 'third'], seed: 2 }),
  runThroughShard(vector, expressions, {
    shuffled: true,
    restoring: false,
    spilling: true,
    keys: ['other', 'k', 'third'],
    seed: 3,
  }),
];

/** On the arena, where it accepts the pattern. */
const ON_PATHS = { shuffled: false, restoring: true, keys: ['k'], paths: true, seed: 4 };

/** A case that cannot be run at all has failed, with the reason in place of what it gave. */
function runCase(vector: VectorCase, expressions: ExpressionCompiler, ways: boolean): VectorVerdict {
  try {
    const verdicts = [runStraight(vector, expressions), ...(ways ? otherWays(vector, expressions) : [])].map((given) =>
      judge(vector, given),
    );
    if (ways) verdicts.push(judge(matchesAlone(vector), runThroughShard(vector, expressions, ON_PATHS)));
    return verdicts.find((verdict) => !verdict.passed) ?? (verdicts[0] as VectorVerdict);
  } catch (error) {
    return { id: vector.id, passed: false, expected: [], got: [`error: ${(error as Error).message}`] };
  }
}

function show({ id, expected, got }: VectorVerdict): void {
  console.log(`${id} failed`);
  for (const line of expected) console.log(`  ${got.includes(line) ? ' ' : '-'} expected ${line}`);
  for (const line of got) if (!expected.includes(line)) console.log(`  + got      ${line}`);
}

function main(args: readonly string[]): number {
  const files = args.filter((one) => one !== '--ways');
  if (files.length === 0) {
    console.error('usage: npm run vectors -- [--ways] FILE…');
    return 2;
  }
  const expressions = createJsonataCompiler();
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    for (const vector of readCases(file)) {
      const verdict = runCase(vector, expressions, args.includes('--ways'));
      if (verdict.passed) passed++;
      else {
        failed++;
        show(verdict);
      }
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
