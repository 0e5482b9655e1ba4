/**
 * Weir's side of the comparison, one process per workload:
 *
 *   node --expose-gc dist/test/bench/peers/weir-driver.js SPEC --passes 5 --timeout-ms 60000 [--events N] [--verify-only]
 *
 * `--events` cuts the measured events to what another engine finished.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readEvents } from './event-file.js';
import { say } from './report-line.js';
import type { PassResult } from './weir-pass.js';
import { WeirWorkload } from './weir-pass.js';
import type { WorkloadSpec } from './workload-spec.js';

const WARM_MS = 3_000;
const WARM_PASSES_MAX = 5;

function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function sayTimeout({ phase, events, ms }: PassResult): void {
  say({ kind: 'timeout', phase, events, ms });
}

/** Runs until warm; false if a pass was given up. */
function warmUp(workload: WeirWorkload, timeoutMs: number, verifyOnly: boolean): boolean {
  const first = workload.run({ verify: true, timeoutMs });
  if (!first.finished) {
    sayTimeout(first);
    return false;
  }
  say({ kind: 'verify', events: first.events, matches: first.matches, hash: first.hash ?? '', ms: first.ms });
  let spent = first.ms;
  for (let pass = 1; pass < WARM_PASSES_MAX && spent < WARM_MS && !verifyOnly; pass++) {
    spent += workload.run({ verify: false, timeoutMs }).ms;
  }
  return true;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      passes: { type: 'string', default: '5' },
      'timeout-ms': { type: 'string', default: '60000' },
      events: { type: 'string' },
      'verify-only': { type: 'boolean', default: false },
    },
  });
  const path = positionals[0] as string;
  const spec = JSON.parse(readFileSync(path, 'utf8')) as WorkloadSpec;
  const measured = Math.min(spec.measured, Number(values.events ?? spec.measured));
  const events = readEvents(join(dirname(path), spec.events), spec.fill + measured);
  const workload = new WeirWorkload(spec, events);
  const timeoutMs = Number(values['timeout-ms']);
  if (!warmUp(workload, timeoutMs, values['verify-only'])) return;
  if (values['verify-only']) return;
  for (let pass = 0; pass < Number(values.passes); pass++) {
    globalThis.gc?.();
    const result = workload.run({ verify: false, timeoutMs });
    if (!result.finished) return sayTimeout(result);
    say({ kind: 'pass', events: result.events, matches: result.matches, rows: result.rows, ms: result.ms });
  }
  if (!spec.memory) return;
  const before = heapInUse();
  const { heapAfterFill } = workload.run({ verify: false, timeoutMs, heap: heapInUse });
  if (heapAfterFill !== undefined) say({ kind: 'figure', name: 'heapOfFillBytes', value: heapAfterFill - before });
}

main();
