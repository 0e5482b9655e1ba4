/**
 * Weir beside Flink CEP and Esper, over the same events on the same machine:
 *
 *   npm run bench:peers -- [--workload W1,W4] [--engines weir,esper] [--passes 5] [--timeout-s 60] [--quick] [--docs]
 *
 * Needs a JDK 17 and Maven. Builds all sides, writes every workload once, runs the engines one after the other, each in a process
 * of its own, and writes .weir/bench/results/peers{-quick}.{json,md}; `--docs` also puts the table into docs/benchmarks.md.
 * Workloads that are not named keep their results of the last run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareCase, expandCases } from '../bench/peers/compare-case.mjs';
import { buildPeers, heapMiB, versions } from '../bench/peers/engines.mjs';
import { measureDecode, measureLoad } from '../bench/peers/measure-load.mjs';
import { reportText } from '../bench/peers/write-report.mjs';
import { buildIfStale } from './build.mjs';
import { projectDir } from './project.mjs';

const benchDir = join(projectDir, '.weir', 'bench');
const resultsDir = join(benchDir, 'results');
const docsFile = join(projectDir, 'docs', 'benchmarks.md');
const marks = ['<!-- results: begin -->', '<!-- results: end -->'];

const order = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W9'];
const say = (text) => console.log(text);

/** The workloads as files; W8 needs those of W5, decoding those of W1. */
function writeWorkloads(wanted, quick) {
  const needed = new Set([
    ...wanted,
    ...(wanted.includes('W8') ? ['W5'] : []),
    ...(wanted.includes('JSON') ? ['W1'] : []),
  ]);
  const program = join(projectDir, 'dist', 'test', 'bench', 'peers', 'write-workloads.js');
  const args = [program, join(benchDir, 'peers'), '--workload', [...needed].join(','), ...(quick ? ['--quick'] : [])];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
  if (status !== 0) throw new Error('the workloads could not be written');
  return JSON.parse(stdout);
}

function lastReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { cases: [] };
}

/** The new results, and the former ones of what was not measured now, in order of the workloads. */
function mergeCases(former, fresh, wanted) {
  const kept = former.filter(({ workload }) => !wanted.includes(workload));
  return [...kept, ...fresh].sort((a, b) => order.indexOf(a.workload) - order.indexOf(b.workload));
}

function machine() {
  const processors = cpus();
  const cpu = processors[0]?.model ?? 'unknown processor';
  return { cpu, cpus: processors.length, memoryGiB: Math.round(totalmem() / 2 ** 30) };
}

function writeReport(report, name, docs) {
  mkdirSync(resultsDir, { recursive: true });
  const text = reportText(report);
  writeFileSync(join(resultsDir, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(resultsDir, `${name}.md`), text);
  if (!docs) return;
  const page = readFileSync(docsFile, 'utf8');
  const [before, rest] = page.split(marks[0]);
  const after = rest.split(marks[1])[1];
  writeFileSync(docsFile, `${before}${marks[0]}\n\n${text}\n${marks[1]}${after}`);
  const prettier = join(projectDir, 'node_modules', 'prettier', 'bin', 'prettier.cjs');
  spawnSync(process.execPath, [prettier, '--write', docsFile], { stdio: ['ignore', 'ignore', 2] });
}

async function main() {
  const { values } = parseArgs({
    options: {
      workload: { type: 'string' },
      engines: { type: 'string' },
      passes: { type: 'string' },
      'timeout-s': { type: 'string' },
      quick: { type: 'boolean' },
      docs: { type: 'boolean' },
    },
  });
  const quick = values.quick === true;
  const wanted = values.workload?.split(',') ?? [...order, 'W8', 'JSON'];
  if (!buildIfStale('test') || !buildPeers()) return 1;
  const passes = Number(values.passes ?? (quick ? 3 : 5));
  const timeoutMs = 1_000 * Number(values['timeout-s'] ?? (quick ? 10 : 60));
  const chosen = values.engines?.split(',');
  const used = versions();
  const options = { passes, timeoutMs, commit: used.commit, say };
  const name = quick ? 'peers-quick' : 'peers';
  const former = lastReport(join(resultsDir, `${name}.json`));
  const written = writeWorkloads(wanted, quick);
  const specOf = (id) => written.find((one) => one.id === id)?.spec;
  const report = { ...former, quick, machine: machine(), versions: used, heapMiB, passes, timeoutMs };
  const fresh = [];
  for (const one of expandCases(
    written.filter(({ workload }) => wanted.includes(workload)),
    chosen,
  )) {
    fresh.push(await compareCase(one, options));
    writeReport({ ...report, cases: mergeCases(former.cases, fresh, wanted) }, name, false);
  }
  report.cases = mergeCases(former.cases, fresh, wanted);
  if (wanted.includes('W8')) report.load = await measureLoad({ spec: specOf('W5 10000'), rules: 10_000, ...options });
  if (wanted.includes('JSON')) report.decode = await measureDecode({ spec: specOf('W1'), ...options });
  writeReport(report, name, values.docs === true);
  say(reportText(report));
  return 0;
}

process.exitCode = await main();
