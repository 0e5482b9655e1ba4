/** One program of the check: what it says is shown as it comes, and kept to be counted. */
import { spawn } from 'node:child_process';
import { projectDir } from '../project.mjs';

const coloured = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
export const format = { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31) };

/** The kept tail of the output; the closing line is its end. */
const outputCharsMax = 64 * 1024;

/** Resolves with `ok` (exit code 0) and the tail of `output`. No standard input: nothing may ask. `quiet` keeps without showing. */
export function run(command, args, { cwd = projectDir, env = {}, quiet = false } = {}) {
  return new Promise((fulfil) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(coloured ? { FORCE_COLOR: '1' } : {}), ...env },
    });
    let output = '';
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding('utf8');
      from.on('data', (text) => {
        if (!quiet) to.write(text);
        output = (output + text).slice(-outputCharsMax);
      });
    }
    child.once('error', (error) => fulfil({ ok: false, output: `${output}\n${error.message}` }));
    child.once('close', (code, signal) => {
      if (signal !== null) process.stdout.write(`  ended by ${signal}\n`);
      fulfil({ ok: code === 0, output });
    });
  });
}

/** The numbers of the last line, if it is `N passed, N failed` and nothing else. */
export function closingCounts(output) {
  const last = output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const found = /^(\d+) passed, (\d+) failed$/.exec(last);
  return found === null ? undefined : { passed: Number(found[1]), failed: Number(found[2]) };
}
