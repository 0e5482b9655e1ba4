/** JSON decoding, apart from matching: every line of an event file from its bytes to a payload, `passes` times. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readLines } from './event-file.js';
import { say } from './report-line.js';
import type { EventRecord, WorkloadSpec } from './workload-spec.js';

const [path = '', passes = '5'] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(path, 'utf8')) as WorkloadSpec;
const lines = readLines(join(dirname(path), spec.events), spec.fill + spec.measured);
for (let pass = -1; pass < Number(passes); pass++) {
  const begun = performance.now();
  let sum = 0;
  for (const line of lines) sum += (JSON.parse(line.toString('utf8')) as EventRecord).amount;
  const ms = performance.now() - begun;
  if (pass >= 0) say({ kind: 'pass', events: lines.length, matches: sum, rows: 0, ms });
}
