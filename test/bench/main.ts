/** `npm run bench [-- --toy] [-- NAME…]`: every benchmark, or those named. */
import { cpus, totalmem } from 'node:os';
import { benchCheckpoint } from './checkpoint-bench.js';
import { benchCore, benchCoreCondition } from './core-bench.js';
import { benchEndToEnd, benchEndToEndPrompt } from './end-to-end-bench.js';
import { benchLatency, benchLatencySecond } from './latency-bench.js';
import type { BenchResult } from './report.js';
import { formatResult } from './report.js';
import { benchPaths } from './paths-bench.js';
import { benchShards, benchShardsFifth } from './shards-bench.js';
import { benchState } from './state-bench.js';

const benchmarks: Readonly<Record<string, (toy: boolean) => Promise<BenchResult> | BenchResult>> = {
  core: benchCore,
  'core-condition': benchCoreCondition,
  paths: benchPaths,
  checkpoint: benchCheckpoint,
  state: benchState,
  'end-to-end': benchEndToEnd,
  'end-to-end-prompt': benchEndToEndPrompt,
  shards: benchShards,
  'shards-fifth': benchShardsFifth,
  latency: benchLatency,
  'latency-second': benchLatencySecond,
};

async function main(): Promise<void> {
  const toy = process.argv.includes('--toy');
  const named = process.argv.slice(2).filter((one) => !one.startsWith('--'));
  const [cpu] = cpus();
  console.log(
    `${cpu?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  for (const [name, bench] of Object.entries(benchmarks)) {
    if (named.length > 0 && !named.includes(name)) continue;
    console.log(formatResult(await bench(toy)));
  }
}

await main();
