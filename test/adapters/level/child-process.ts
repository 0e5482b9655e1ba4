import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { onTestFinished } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../../..');

/** Bundles the child's script, because node does not run TypeScript; gives its path. Kept inside the project so that packages resolve. */
export async function buildChild(): Promise<string> {
  const outDir = join(root, `.weir/test-level-${process.pid}`);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: join(here, 'level-child.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'level-child.js' } },
    },
  });
  return join(outDir, 'level-child.js');
}

export interface Child {
  readonly process: ChildProcess;
  /** Lines said so far. */
  readonly lines: string[];
  /** Resolves with the first line, or rejects when the process ends without one. */
  readonly firstLine: Promise<string>;
  /** Resolves with everything on stderr when the process has ended. */
  readonly ended: Promise<string>;
}

/** Starts the child, its files limited to so many KiB if asked (`ulimit -f`). */
export function startChild(script: string, task: string, directory: string, fileKibMax?: number): Child {
  const command = fileKibMax === undefined ? 'exec "$@"' : `ulimit -f ${fileKibMax}; exec "$@"`;
  const child = spawn('bash', ['-c', command, 'bash', process.execPath, script, task, directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(errors)));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      const parts = (rest + bytes.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      if (lines[0] !== undefined) resolve(lines[0]);
    });
    child.on('close', () => reject(new Error(`the child said nothing: ${errors}`)));
  });
  firstLine.catch(() => undefined);
  return { process: child, lines, firstLine, ended };
}
