/**
 * Writes the events and descriptions of the workloads, once for all engines:
 *
 *   node dist/test/bench/peers/write-workloads.js DIRECTORY [--quick] [--workload W1,W4]
 *
 * They go to a folder named after the generator's code, so that what is there already is what it would write.
 * Prints one JSON array of `{ workload, id, spec }`, `spec` being the path of the description.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeEvents } from './event-file.js';
import { workloadCases } from './workload-cases.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, workload: { type: 'string' } },
});
const [parent] = positionals;
if (parent === undefined) throw new Error('usage: write-workloads DIRECTORY [--quick] [--workload W1,W4]');
const code = createHash('sha256');
for (const file of ['event-streams.js', 'workload-cases.js', '../core-workload.js']) {
  code.update(readFileSync(new URL(file, import.meta.url)));
}
const directory = join(parent, code.digest('hex').slice(0, 12));
mkdirSync(directory, { recursive: true });
const wanted = values.workload?.split(',');
const quick = values.quick === true;
const written = workloadCases(quick)
  .filter(({ workload }) => wanted?.includes(workload) ?? true)
  .map(({ workload, spec, stream }) => {
    writeEvents(join(directory, spec.events), stream);
    const path = join(directory, `${quick ? 'quick-' : ''}${spec.id.toLowerCase().replaceAll(' ', '-')}.json`);
    writeFileSync(path, JSON.stringify(spec));
    return { workload, id: spec.id, title: spec.title, events: spec.fill + spec.measured, spec: path };
  });
console.log(JSON.stringify(written));
