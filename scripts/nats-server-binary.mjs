/**
 * Finds a nats-server on this machine, or obtains one into the project's cache without installing anything and without root.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const executable = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

/** Where packages put daemons, which a plain user's PATH often leaves out. */
const daemonDirs = process.platform === 'win32' ? [] : ['/usr/sbin', '/usr/local/sbin'];

/** The release obtained where no package manager offers one. */
const releaseVersion = '2.10.27';
const releaseBase = `https://github.com/nats-io/nats-server/releases/download/v${releaseVersion}`;
const downloadTimeoutMs = 120_000;

/** Where an obtained server is kept. */
export const cacheDir = join(projectDir, '.weir', 'bin');

/** The path of a usable server: `NATS_SERVER_BIN`, PATH, the cache; undefined when there is none. */
export function findNatsServer(cache = cacheDir) {
  const named = process.env['NATS_SERVER_BIN'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`NATS_SERVER_BIN names ${named}, which does not exist.`);
    return named;
  }
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), ...daemonDirs, cache].filter((dir) => dir !== '');
  return dirs.map((dir) => join(dir, executable)).find((file) => existsSync(file));
}

/** Finds a server, or obtains one into the cache. `say` is told what happens. */
export async function obtainNatsServer({ cache = cacheDir, say = console.error } = {}) {
  return findNatsServer(cache) ?? (await fetchNatsServer({ cache, say }));
}

/** Obtains a server into the cache, whatever is installed. */
export async function fetchNatsServer({ cache = cacheDir, say = console.error } = {}) {
  mkdirSync(cache, { recursive: true });
  const reasons = [];
  for (const [way, obtain] of [
    ['the distribution package', obtainFromApt],
    ["the NATS project's release", obtainFromRelease],
  ]) {
    say(`obtaining nats-server from ${way}`);
    try {
      const file = await obtain(cache, say);
      say(`nats-server is now in ${file}`);
      return file;
    } catch (error) {
      reasons.push(`${way}: ${error instanceof Error ? error.message : String(error)}`);
      say(`  ${reasons.at(-1)}`);
    }
  }
  throw new Error(`No nats-server: install one, or name it in NATS_SERVER_BIN.\n  ${reasons.join('\n  ')}`);
}

/** Debian and its relatives: downloads the package as a plain user and unpacks it, installing nothing. */
function obtainFromApt(cache, say) {
  for (const tool of ['apt-get', 'dpkg']) {
    if (spawnSync(tool, ['--version']).error !== undefined) throw new Error(`${tool} is not there`);
  }
  const work = mkdtempSync(join(cache, 'apt-'));
  try {
    if (!run('apt-get', ['download', 'nats-server'], work).ok) {
      say('  no usable package lists; fetching own ones');
      const own = ownAptOptions(work);
      const updated = run('apt-get', [...own, 'update'], work);
      const downloaded = run('apt-get', [...own, 'download', 'nats-server'], work);
      if (!downloaded.ok)
        throw new Error(`apt-get: ${(downloaded.output || updated.output).trim().split('\n').at(-1)}`);
    }
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    const unpacked = run('dpkg', ['-x', archive, 'unpacked'], work);
    if (!unpacked.ok) throw new Error(`dpkg: ${unpacked.output}`);
    const binary = ['usr/sbin', 'usr/bin']
      .map((dir) => join(work, 'unpacked', dir, executable))
      .find((file) => existsSync(file));
    if (binary === undefined) throw new Error('the package holds no server');
    return install(binary, cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Lists, archives and locks in a directory of our own, so that no root is needed. */
function ownAptOptions(work) {
  for (const dir of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, dir), { recursive: true });
  return [
    '-o',
    `Dir::State::lists=${join(work, 'lists')}`,
    '-o',
    `Dir::Cache=${join(work, 'cache')}`,
    '-o',
    'Debug::NoLocking=1',
  ];
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: downloadTimeoutMs });
  return {
    ok: result.status === 0,
    output: `${result.stderr ?? ''}${result.error === undefined ? '' : result.error.message}`,
  };
}

/**
 * The project's own release archive, checked against the checksums published beside it. The checksums come over HTTPS from the same place
 * and are not pinned here, and this path could not be tried where it was written (no way out to that host): it says so when it is used.
 */
async function obtainFromRelease(cache, say) {
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform];
  const cpu = { x64: 'amd64', arm64: 'arm64', arm: 'arm7' }[process.arch];
  if (os === undefined || cpu === undefined)
    throw new Error(`no archive is known for ${process.platform} ${process.arch}`);
  say(
    `  (untried path: nats-server ${releaseVersion} for ${os} ${cpu}, verified against the release's own SHA256SUMS)`,
  );
  const name = `nats-server-v${releaseVersion}-${os}-${cpu}`;
  const sums = (await download(`${releaseBase}/SHA256SUMS`)).toString('utf8');
  const line = sums.split('\n').find((entry) => entry.trim().endsWith(`${name}.tar.gz`));
  const expected = line?.trim().split(/\s+/)[0];
  if (expected === undefined || !/^[0-9a-f]{64}$/.test(expected))
    throw new Error(`the release publishes no checksum for ${name}.tar.gz`);
  const archive = await download(`${releaseBase}/${name}.tar.gz`);
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`the archive's checksum is ${actual}, published is ${expected}: not used`);
  const work = mkdtempSync(join(cache, 'release-'));
  try {
    writeFileSync(join(work, 'server.tar.gz'), archive);
    const unpacked = run('tar', ['-xzf', 'server.tar.gz'], work);
    if (!unpacked.ok) throw new Error(`tar: ${unpacked.output}`);
    return install(join(work, name, executable), cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(url) {
  const response = await fetch(url, { redirect: 'follow', signal: AbortSignal.timeout(downloadTimeoutMs) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Copies, then renames: two processes that obtain it at the same time both end with a whole file. */
function install(binary, cache) {
  const target = join(cache, executable);
  const copy = `${target}.${process.pid}`;
  copyFileSync(binary, copy);
  chmodSync(copy, 0o755);
  renameSync(copy, target);
  return target;
}

/** The version of a server binary, such as `2.9.10`. */
export function natsServerVersion(binary) {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return /v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1] ?? 'unknown';
}
