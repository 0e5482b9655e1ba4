/**
 * What can be known about docker/ without a Docker engine: that what it names is there, that it says what the service understands, and
 * that the promises of the image (not root, a health check, an own volume) are kept. Building the image is not tried here.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { natsServerVersion, obtainNatsServer } from '../nats-server.mjs';
import { projectDir } from '../project.mjs';

const instructions = new Set(
  'ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR'.split(' '),
);

const read = (path) => readFileSync(join(projectDir, path), 'utf8');

export async function checkContainer() {
  const problems = [
    ...checkDockerfile(read('docker/Dockerfile')),
    ...checkCompose(parse(read('docker/compose.yaml'))),
    ...checkVariables(),
    ...(await checkNatsConfiguration()),
  ];
  for (const problem of problems) console.log(`  ${problem}`);
  return { ok: problems.length === 0 };
}

/** The instructions of a Dockerfile, one a line, with its continued lines joined. */
function parseDockerfile(text) {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join('\n').replaceAll(/\\\n\s*/g, '');
  return joined.split('\n').map((line) => {
    const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { word, rest };
  });
}

function checkDockerfile(text) {
  const all = parseDockerfile(text);
  const lastStage = all.slice(all.findLastIndex(({ word }) => word === 'FROM'));
  const last = (word) => lastStage.findLast((one) => one.word === word)?.rest;
  const problems = all.filter(({ word }) => !instructions.has(word)).map(({ word }) => `Dockerfile: what is ${word}?`);
  if (last('USER') === undefined || /^(root|0)\b/.test(last('USER'))) problems.push('Dockerfile: it runs as root');
  for (const word of ['HEALTHCHECK', 'ENTRYPOINT', 'VOLUME'])
    if (last(word) === undefined) problems.push(`Dockerfile: no ${word}`);
  return [...problems, ...all.flatMap(checkCopy), ...all.flatMap(checkRun)];
}

/** What is copied from the context exists and is let through by .dockerignore. */
function checkCopy({ word, rest }) {
  if (word !== 'COPY' || rest.includes('--from=')) return [];
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  return rest
    .split(/\s+/)
    .slice(0, -1)
    .flatMap((path) => [
      ...(existsSync(join(projectDir, path)) ? [] : [`Dockerfile: COPY ${path}: there is no such file`]),
      ...(allowed.some((one) => path === one || path.startsWith(`${one}/`))
        ? []
        : [`.dockerignore keeps ${path} out, which the Dockerfile copies`]),
    ]);
}

/** `npm run` names scripts that exist. */
function checkRun({ word, rest }) {
  if (word !== 'RUN') return [];
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...rest.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
  return named.filter((name) => scripts[name] === undefined).map((name) => `Dockerfile: package.json has no ${name}`);
}

function checkCompose({ services, volumes = {} }) {
  const { weir, nats } = services;
  if (weir === undefined || nats === undefined) return ['compose.yaml: it needs the services weir and nats'];
  const folder = join(projectDir, 'docker');
  const missing = Object.entries(services).flatMap(([name, { volumes: mounts = [], build }]) => [
    ...mounts
      .map((mount) => mount.split(':')[0])
      .filter((from) => (from.startsWith('.') ? !existsSync(resolve(folder, from)) : volumes[from] === undefined))
      .map((from) => `compose.yaml: ${name} mounts ${from}, which is not there`),
    ...(build === undefined || existsSync(resolve(folder, build.context, build.dockerfile))
      ? []
      : [`compose.yaml: ${name} is built from ${build.dockerfile}, which is not there`]),
  ]);
  const demands = [
    [weir.depends_on?.nats?.condition === 'service_healthy', 'weir does not wait until nats is healthy'],
    [nats.healthcheck?.test?.length > 0, 'nats has no health check'],
    [weir.read_only === true, 'the root file system of weir can be written'],
    [weir.privileged !== true && weir.cap_drop?.includes('ALL'), 'weir keeps capabilities'],
    [Object.hasOwn(volumes, 'nats-data'), 'the JetStream store has no volume'],
  ];
  return [...missing, ...demands.filter(([kept]) => !kept).map(([, text]) => `compose.yaml: ${text}`)];
}

/** Every WEIR_ variable that is set is one the service reads. */
function checkVariables() {
  const help = spawnSync(process.execPath, ['dist/cli/main.js', 'serve', '--help'], {
    cwd: projectDir,
    encoding: 'utf8',
  });
  const known = new Set(help.stdout.match(/WEIR_[A-Z_]+/g));
  if (known.size === 0) return ['`weir serve --help` names no variable'];
  return ['docker/Dockerfile', 'docker/compose.yaml', 'docker/health.mjs'].flatMap((file) =>
    [...new Set(read(file).match(/WEIR_[A-Z_]+/g))]
      .filter((name) => !known.has(name))
      .map((name) => `${file}: the service reads no ${name}`),
  );
}

/** The server itself judges its configuration; one before 2.10 does not know `sync_interval`, which is then left out and said. */
async function checkNatsConfiguration() {
  const binary = await obtainNatsServer({ say: (text) => console.log(`  ${text}`) });
  const version = natsServerVersion(binary);
  const old = /^v?2\.[0-9]\./.test(version);
  if (old) console.log(`  nats-server ${version} does not know sync_interval: nats.conf is checked without it`);
  const text = read('docker/nats.conf');
  if (!/^\s*sync_interval: always$/m.test(text))
    return ['nats.conf: acknowledged messages are not on disk (sync_interval)'];
  const folder = mkdtempSync(join(tmpdir(), 'weir-check-'));
  try {
    const file = join(folder, 'nats.conf');
    writeFileSync(file, old ? text.replace(/^\s*sync_interval:.*$/m, '') : text);
    const { status, stderr, stdout } = spawnSync(binary, ['-t', '-c', file], { encoding: 'utf8', cwd: dirname(file) });
    return status === 0 ? [] : [`nats.conf: ${`${stdout}${stderr}`.trim().replace(file, 'nats.conf')}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
