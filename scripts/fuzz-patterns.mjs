/**
 * Runs the random tests of the pattern matcher for longer, with other cases each time:
 *
 *   node scripts/fuzz-patterns.mjs [ROUNDS] [SEED]
 *
 * A round is as many cases as the test suite tries (about ten thousand). A failure prints the smallest case and its seed.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { projectDir } from './project.mjs';

const [rounds = '10', seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(rounds) || !/^\d+$/.test(seed)) {
  console.error('usage: node scripts/fuzz-patterns.mjs [ROUNDS] [SEED]');
  process.exit(2);
}
console.log(`${rounds} rounds, seed ${seed}`);
const vitest = resolve(projectDir, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/core/nfa'], {
  cwd: projectDir,
  stdio: 'inherit',
  env: { ...process.env, WEIR_FUZZ_ROUNDS: rounds, WEIR_FUZZ_SEED: seed },
});
process.exitCode = status ?? 1;
