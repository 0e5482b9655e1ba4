/**
 * Weir's side of the comparison, one process per workload:
 *
 *   node --expose-gc dist/test/bench/peers/weir-driver.js SPEC --passes 5 --timeout-ms 60000 [--events N] [--verify-only] [--level] [--made]
 *
 * `--events` cuts the measured events to what another engine finished; `--level` commits the state to LevelDB;
 * `--made` makes every match with its events, as for publishing it, instead of counting them.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readEvents } from './event-file.js';
import { openLevelCommits } from './level-commits.js';
import { say } from './report-line.js';
import type { PassOptions, PassResult } from './weir-pass.js';
import { WeirWorkload } from './weir-pass.js';
import type { WorkloadSpec } from './workload-spec.js';

const WARM_MS = 3_000;
const WARM_PASSES_MAX = 20;

function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function sayTimeout({ phase, events, ms }: PassResult): void {
  say({ kind: 'timeout', phase, events, ms });
}

type RunPass = (options: Omit<PassOptions, 'timeoutMs'>) => Promise<PassResult>;

/** Runs until warm; false if a pass was given up. */
async function warmUp(run: RunPass, verifyOnly: boolean): Promise<boolean> {
  const begun = performance.now();
  const first = await run({ verify: true });
  if (!first.finished) {
    sayTimeout(first);
    return false;
  }
  say({ kind: 'verify', events: first.events, matches: first.matches, hash: first.hash ?? '', ms: first.ms });
  const cold = (): boolean => performance.now() - begun < WARM_MS;
  for (let pass = 1; pass < WARM_PASSES_MAX && cold() && !verifyOnly; pass++) await run({ verify: false });
  return true;
}

function passRunner(workload: WeirWorkload, timeoutMs: number, level: boolean, made: boolean): RunPass {
  if (!level) return (options) => workload.run({ ...options, timeoutMs, made });
  return async (options) => {
    const { commit, close } = await openLevelCommits();
    const result = await workload.run({ ...options, timeoutMs, commit });
    await close();
    return result;
  };
}

async function measure(run: RunPass, passes: number): Promise<void> {
  for (let pass = 0; pass < passes; pass++) {
    globalThis.gc?.();
    const before = process.cpuUsage();
    const result = await run({ verify: false });
    const { user, system } = process.cpuUsage(before);
    if (!result.finished) return sayTimeout(result);
    const cpuMs = (user + system) / 1_000;
    say({ kind: 'pass', events: result.events, matches: result.matches, rows: result.rows, ms: result.ms, cpuMs });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      passes: { type: 'string', default: '5' },
      'timeout-ms': { type: 'string', default: '60000' },
      events: { type: 'string' },
      'verify-only': { type: 'boolean', default: false },
      level: { type: 'boolean', default: false },
      made: { type: 'boolean', default: false },
    },
  });
  const path = positionals[0] as string;
  const spec = JSON.parse(readFileSync(path, 'utf8')) as WorkloadSpec;
  const measured = Math.min(spec.measured, Number(values.events ?? spec.measured));
  const events = readEvents(join(dirname(path), spec.events), spec.fill + measured);
  const workload = new WeirWorkload(spec, events);
  const run = passRunner(workload, Number(values['timeout-ms']), values.level, values.made);
  if (!(await warmUp(run, values['verify-only'])) || values['verify-only']) return;
  workload.stayUp();
  const heapBefore = heapInUse();
  await measure(run, Number(values.passes));
  if (!spec.memory) return;
  const { heapAfterFill } = await run({ verify: false, heap: heapInUse });
  if (heapAfterFill !== undefined) say({ kind: 'figure', name: 'heapOfFillBytes', value: heapAfterFill - heapBefore });
}

await main();
