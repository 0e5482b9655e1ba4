/** Runs one driver and collects what it says: one JSON object a line on standard output (test/bench/peers/report-line.ts). */
import { spawn } from 'node:child_process';

const stderrKept = 4_000;

/** The line of an error output that says what went wrong, without places of this machine. */
function reasonOf(text) {
  const line = text.split('\n').find((one) => /Exception|Error|error:/.test(one)) ?? text.trim().split('\n').at(-1);
  return (line ?? '').replaceAll(/(\/[\w.-]+){2,}/g, '…').slice(0, 200);
}

function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** `{ lines, failure }`: failure is undefined when the driver ended well. Killed after `limitMs`. */
export function runProcess([program, ...args], limitMs) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let problems = '';
    let killed = false;
    const limit = setTimeout(() => {
      killed = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      if (problems.length < stderrKept) problems += chunk;
    });
    const finish = (failure) => {
      clearTimeout(limit);
      const lines = out
        .split('\n')
        .map(parseLine)
        .filter((one) => one !== undefined);
      resolve({ lines, failure });
    };
    child.once('error', (error) => finish(error.message));
    child.once('close', (code) => {
      if (killed) finish(`stopped after ${Math.round(limitMs / 1_000)} s in all`);
      else finish(code === 0 ? undefined : reasonOf(problems) || `exit code ${code}`);
    });
  });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const linesOf = (lines, kind) => lines.filter((one) => one.kind === kind);

export function figuresOf(lines) {
  return Object.fromEntries(linesOf(lines, 'figure').map(({ name, value }) => [name, value]));
}
