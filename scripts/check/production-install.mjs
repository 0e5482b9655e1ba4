/**
 * The built program with nothing but its production dependencies, as in the image: started, run over example data, and every module of the
 * service loaded. A dependency that is only there for development would be missing here. Uses what is installed: no network.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../project.mjs';
import { run } from './run-step.mjs';

const copied = ['package.json', 'package-lock.json', 'node_modules', 'dist', 'rules/security', 'patterns', 'data'];

/** What starts the service, with all it imports. */
const loadService = "await import('./dist/cli/commands/serve.js')";

export async function checkProductionInstall() {
  const cwd = mkdtempSync(join(tmpdir(), 'weir-production-'));
  try {
    for (const path of copied)
      cpSync(join(projectDir, path), join(cwd, path), { recursive: true, verbatimSymlinks: true, filter: keep });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const prune = [
      'prune',
      '--omit=dev',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
    ];
    for (const [command, args] of [
      [npm, prune],
      [process.execPath, ['dist/cli/main.js', '--version']],
      [
        process.execPath,
        ['dist/cli/main.js', 'run', 'rules/security', 'patterns', 'data/sources', '--pretty', '--quiet'],
      ],
      [process.execPath, ['--input-type=module', '--eval', loadService]],
    ]) {
      const outcome = await run(command, args, { cwd, env: { NODE_ENV: 'production' }, quiet: true });
      if (outcome.ok) continue;
      console.log(`${outcome.output}\n  this failed: ${[command, ...args].join(' ')}`);
      return { ok: false };
    }
    return { ok: true };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Tests and build records are no part of the program. */
function keep(path) {
  return !/dist[\\/](test|\.tsbuild)$/.test(path);
}
