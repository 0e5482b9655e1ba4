/**
 * Runs a built program, building first what changed since:
 *
 *   node scripts/run-built.mjs weir|vectors|bench|sim [ARGUMENT…]
 *
 * Signals are passed on; the exit code is the program's.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { buildIfStale } from './build.mjs';
import { projectDir } from './project.mjs';

/** What each name runs, and the TypeScript project that holds it. */
const programs = {
  weir: { project: 'src/cli', main: 'dist/cli/main.js' },
  vectors: { project: 'test', main: 'dist/test/vectors/run-vectors.js' },
  bench: { project: 'test', main: 'dist/test/bench/main.js' },
  sim: { project: 'test', main: 'dist/test/sim/main.js' },
};

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

function main([name = '', ...args]) {
  const program = programs[name];
  if (program === undefined) {
    console.error(`usage: node scripts/run-built.mjs ${Object.keys(programs).join('|')} [ARGUMENT…]`);
    process.exitCode = 2;
    return;
  }
  if (!buildIfStale(program.project)) {
    process.exitCode = 1;
    return;
  }
  const child = spawn(process.execPath, [resolve(projectDir, program.main), ...args], { stdio: 'inherit' });
  for (const signal of Object.keys(signalNumbers)) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signalNumbers[signal ?? 'SIGTERM'] ?? 15);
  });
}

main(process.argv.slice(2));
