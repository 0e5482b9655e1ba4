/** The command line as a child process: bundled once, started and killed as often as a test likes. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'vite';

const LINES_KEPT_MAX = 500;

/** The program, ready to be started by node. */
export interface BuiltCli {
  readonly script: string;
  remove(): void;
}

/** Bundles src/cli inside the project, so that packages resolve; about a second. The working directory must be the project's. */
export async function buildCli(): Promise<BuiltCli> {
  const root = process.cwd();
  // Two levels down, as in dist: the program reads its version from there.
  const directory = join(root, `.weir/test-cli-${process.pid}`);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      outDir: directory,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: {
        input: ['main', 'shard-thread'].map((name) => join(root, `src/cli/${name}.ts`)),
        // All in one place: threads are started from the file beside.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  cpSync(join(root, 'src/adapters/jsonata/generated'), join(directory, 'generated'), { recursive: true });
  return { script: join(directory, 'main.js'), remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** Its files may not grow beyond so many KiB, as on a full disk. */
  readonly fileKibMax?: number;
}

/** One run of the program. */
export class CliProcess {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private readonly watchers = new Set<() => void>();
  private over = false;

  constructor(cli: BuiltCli, args: readonly string[], options: StartOptions = {}) {
    const limit = options.fileKibMax === undefined ? '' : `ulimit -f ${options.fileKibMax}; `;
    this.child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', process.execPath, cli.script, ...args], {
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdin?.end(options.input ?? '');
    this.ended = this.collect();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it said last, on stderr. */
  get said(): readonly string[] {
    return this.lines;
  }

  /** Resolves with the first line on stderr that contains the text; rejects when the process ends without one. */
  async says(text: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((one) => one.includes(text));
      if (line !== undefined) return line;
      if (this.over) throw new Error(`it ended without saying "${text}":\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.watchers.add(resolve));
    }
  }

  /** It stands still, and goes on. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  private collect(): Promise<Ended> {
    const { child } = this;
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.lines.push(line);
        if (this.lines.length > LINES_KEPT_MAX) this.lines.shift();
        this.wake();
      });
    }
    return new Promise((resolve) => {
      child.on('close', (code) => {
        this.over = true;
        this.wake();
        resolve({ code, stdout, stderr });
      });
    });
  }

  private wake(): void {
    for (const watcher of this.watchers) watcher();
    this.watchers.clear();
  }
}
