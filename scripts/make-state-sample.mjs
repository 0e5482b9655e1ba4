/**
 * Writes the sample of the state format of this version, which every later version must load:
 *
 *   node scripts/make-state-sample.mjs [--replace]
 *
 * Run it once for a format, when the format is new. A released format's sample is never replaced.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildIfStale } from './build.mjs';
import { projectDir } from './project.mjs';

async function main(args) {
  if (!buildIfStale('test')) return 1;
  const { makeStateSample } = await import('../dist/test/runtime/state-sample.js');
  const entries = await makeStateSample();
  const { format } = JSON.parse(entries['c/0']);
  const file = resolve(projectDir, `test/data/state-format-${format}.json`);
  if (existsSync(file) && !args.includes('--replace')) {
    console.error(`${file} exists. If no version was released with this format, say --replace.`);
    return 2;
  }
  writeFileSync(file, `${JSON.stringify(entries, null, 2)}\n`);
  console.log(file);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
