/**
 * The check: everything that must hold before a change is good. `npm test`, or `node scripts/check.mjs [--from STEP] [--only STEP,…]`.
 *
 * Stops at the first step that fails. The last line on standard output is always `N passed, N failed`, over tests, vectors and tests of
 * documents; a failed step that counts nothing itself counts as one failure. The exit code is 0 if and only if nothing failed.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { closingCounts, format, run } from './check/run-step.mjs';
import { checkContainer } from './check/container.mjs';
import { checkProductionInstall } from './check/production-install.mjs';
import { checkSchemas } from './check/schemas.mjs';
import { obtainNatsServer, natsServerVersion } from './nats-server.mjs';
import { projectDir } from './project.mjs';

const workDir = join(projectDir, '.weir', 'check');
const bin = (name) => join(projectDir, 'node_modules', name);
const node = (...args) => run(process.execPath, args);

/** vitest's verdict: every test counted, those left out named. */
async function unitTests() {
  const report = join(workDir, 'vitest.json');
  const outcome = await node(
    bin('vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
  );
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const left = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  );
  for (const { fullName, status } of left) console.log(`  not run (${status}): ${fullName}`);
  return { ...outcome, passed: numPassedTests, failed: numFailedTests, notRun: left.length };
}

/** A program that closes with `N passed, N failed`. */
async function counted(...args) {
  const outcome = await node(...args);
  const counts = closingCounts(outcome.output);
  if (counts === undefined) {
    console.log('  its last line is not `N passed, N failed`');
    return { ...outcome, ok: false };
  }
  return { ...outcome, ...counts, ok: outcome.ok && counts.failed === 0 };
}

/** The tests need a real server; all of them use the one found here. */
async function natsServer() {
  const binary = await obtainNatsServer({ say: (text) => console.log(`  ${text}`) });
  process.env['NATS_SERVER_BIN'] = binary;
  console.log(`  nats-server ${natsServerVersion(binary)}: ${binary}`);
  return { ok: true };
}

const weir = (...args) => counted('dist/cli/main.js', ...args);

/** In order: what is quick and fails often comes first. */
const steps = [
  ['generate', 'the synchronous copy of jsonata', () => node('scripts/generate-jsonata-sync.mjs')],
  ['types', 'tsc -b: every project, in the order of the rings', () => node(bin('typescript/bin/tsc'), '-b')],
  ['assets', 'what tsc does not emit', () => node('scripts/copy-assets.mjs')],
  ['schemas', 'schemas/ is what the shapes of documents give', checkSchemas],
  ['lint', 'eslint, no warning', () => node(bin('eslint/bin/eslint.js'), '.', '--max-warnings', '0')],
  ['format', 'prettier', () => node(bin('prettier/bin/prettier.cjs'), '--check', '.', '--log-level', 'warn')],
  [
    'boundaries',
    'dependency-cruiser: who may import whom',
    () =>
      node(bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src', 'test'),
  ],
  ['container', 'docker/: Dockerfile, compose file, NATS configuration', checkContainer],
  ['production', 'the built program runs without development dependencies', checkProductionInstall],
  ['nats', 'a real nats-server', natsServer],
  ['documents', 'the tests that rules carry', () => weir('test', 'rules', 'patterns')],
  [
    'vectors',
    'patterns, events and the matches they must give',
    () => counted('dist/test/vectors/run-vectors.js', ...vectorFiles()),
  ],
  ['tests', 'vitest, against the real nats-server and LevelDB', unitTests],
  ['bench', 'benchmarks at toy size: they still run', () => node('dist/test/bench/main.js', '--toy')],
  [
    'quickstart',
    'the quickstart, small',
    () => node('scripts/quickstart.mjs', '--once', '--limit', '2000', '--no-build'),
  ],
];

function vectorFiles() {
  const folder = join('test', 'vectors');
  const names = readdirSync(join(projectDir, folder)).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(folder, name));
}

/** `--from STEP` and `--only STEP,…`, for work on one thing; what they leave out is named. */
function chooseSteps(args) {
  const value = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const names = steps.map(([name]) => name);
  const only = value('--only')?.split(',') ?? names;
  const from = value('--from') ?? names[0];
  const unknown = [...only, from].filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`No step ${unknown.join(', ')}. Steps: ${names.join(', ')}.`);
  const left = names.filter((name) => !only.includes(name) || names.indexOf(name) < names.indexOf(from));
  if (left.length > 0) console.log(`left out as asked: ${left.join(', ')}`);
  return steps.filter(([name]) => !left.includes(name));
}

async function perform([name, what, work]) {
  console.log(`\n${format.bold(`── ${name}`)} ${format.dim(what)}`);
  const begun = performance.now();
  const outcome = await Promise.resolve()
    .then(work)
    .catch((error) => {
      console.log(`  ${error instanceof Error ? error.message : String(error)}`);
      return { ok: false };
    });
  const { passed = 0, failed = 0, notRun = 0 } = outcome;
  return {
    name,
    ok: outcome.ok,
    passed,
    failed: outcome.ok ? failed : Math.max(1, failed),
    notRun,
    seconds: (performance.now() - begun) / 1000,
  };
}

function describe({ name, ok, passed, failed, notRun, seconds }) {
  const counts = passed + failed > 0 && (passed > 0 || ok) ? `${passed} passed, ${failed} failed` : '';
  const left = notRun > 0 ? `, ${notRun} not run` : '';
  const word = ok ? format.green('ok    ') : format.red('FAILED');
  return `${word} ${name.padEnd(11)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${counts}${left}`.trimEnd();
}

async function main() {
  const chosen = chooseSteps(process.argv.slice(2));
  rmSync(workDir, { recursive: true, force: true });
  mkdirSync(workDir, { recursive: true });
  const done = [];
  for (const step of chosen) {
    const result = await perform(step);
    done.push(result);
    console.log(describe(result));
    if (!result.ok) break;
  }
  const missing = chosen.slice(done.length).map(([name]) => name);
  console.log(`\n${done.map(describe).join('\n')}`);
  if (missing.length > 0) console.log(`${format.red('not reached:')} ${missing.join(', ')}`);
  const sum = (field) => done.reduce((total, one) => total + one[field], 0);
  console.log(`${sum('seconds').toFixed(0)} s\n`);
  if (sum('failed') > 0) process.exitCode = 1;
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
}

await main().catch((error) => {
  console.error(error instanceof Error ? error.message : String(error));
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
});
