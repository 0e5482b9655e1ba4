/**
 * `npm run vectors -- FILE…`: runs files of vectors and prints each failing id with what was expected and got.
 * Ends in `N passed, N failed`; exit code 1 when any failed.
 */
import { readFileSync } from 'node:fs';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import type { ExpressionCompiler } from '../../src/core/expression/expression.js';
import type { VectorCase, VectorVerdict } from './vector-case.js';
import { judge, runStraight } from './vector-case.js';

function readCases(file: string): VectorCase[] {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(value)) throw new Error(`${file}: a file of vectors is a JSON array of cases.`);
  return value as VectorCase[];
}

/** A case that cannot be run at all has failed, with the reason in place of what it gave. */
function runCase(vector: VectorCase, expressions: ExpressionCompiler): VectorVerdict {
  try {
    return judge(vector, runStraight(vector, expressions));
  } catch (error) {
    return { id: vector.id, passed: false, expected: [], got: [`error: ${(error as Error).message}`] };
  }
}

function show({ id, expected, got }: VectorVerdict): void {
  console.log(`${id} failed`);
  for (const line of expected) console.log(`  ${got.includes(line) ? ' ' : '-'} expected ${line}`);
  for (const line of got) if (!expected.includes(line)) console.log(`  + got      ${line}`);
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    console.error('usage: npm run vectors -- FILE…');
    return 2;
  }
  const expressions = createJsonataCompiler();
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    for (const vector of readCases(file)) {
      const verdict = runCase(vector, expressions);
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
