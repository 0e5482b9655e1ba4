/** Builds one TypeScript project and those it needs, if a file is newer than the last build. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectDir } from './project.mjs';

/** What a build reads besides src and test. */
const inputs = [
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'scripts/generate-jsonata-sync.mjs',
  'scripts/copy-assets.mjs',
];

/** Generated before the build, so it says nothing about staleness. */
const generatedDir = join(projectDir, 'src', 'adapters', 'jsonata', 'generated');

/** Of a file, or of a directory and all below: removing a file changes its directory's time. */
function newestMs(path) {
  if (path === generatedDir) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestMs(join(path, name))), stat.mtimeMs);
}

function stampFile(project) {
  return join(projectDir, 'dist', '.tsbuild', `${project.replaceAll('/', '-')}.built`);
}

function isStale(project) {
  const stamp = stampFile(project);
  if (!existsSync(stamp)) return true;
  const folders = project === 'test' ? ['src', 'test'] : ['src'];
  const newest = Math.max(...[...inputs, ...folders].map((name) => newestMs(join(projectDir, name))));
  return newest > statSync(stamp).mtimeMs;
}

function step(args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: projectDir, stdio: ['ignore', 2, 2] });
  if (error !== undefined) console.error(error.message);
  return status === 0;
}

/** True when the build is good. What the compiler says goes to standard error: standard output is the program's. */
export function buildIfStale(project) {
  if (!isStale(project)) return true;
  const begunAt = new Date();
  const built =
    step(['scripts/generate-jsonata-sync.mjs']) &&
    step(['node_modules/typescript/bin/tsc', '-b', project]) &&
    step(['scripts/copy-assets.mjs']);
  if (!built) return false;
  const stamp = stampFile(project);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  // As old as the beginning of the build: what was written meanwhile may not be in it.
  utimesSync(stamp, begunAt, begunAt);
  return true;
}
