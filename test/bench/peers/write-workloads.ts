/**
 * Writes the events and descriptions of the workloads, once for all engines:
 *
 *   node dist/test/bench/peers/write-workloads.js DIRECTORY [--quick] [--workload W1,W4]
 *
 * Prints one JSON array of `{ workload, id, spec }`, `spec` being the path of the description.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeEvents } from './event-file.js';
import { workloadCases } from './workload-cases.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, workload: { type: 'string' } },
});
const [directory] = positionals;
if (directory === undefined) throw new Error('usage: write-workloads DIRECTORY [--quick] [--workload W1,W4]');
mkdirSync(directory, { recursive: true });
const wanted = values.workload?.split(',');
const written = workloadCases(values.quick === true)
  .filter(({ workload }) => wanted?.includes(workload) ?? true)
  .map(({ workload, spec, stream }) => {
    writeEvents(join(directory, spec.events), stream);
    const path = join(directory, `${spec.id.toLowerCase().replaceAll(' ', '-')}.json`);
    writeFileSync(path, JSON.stringify(spec));
    return { workload, id: spec.id, title: spec.title, events: spec.fill + spec.measured, spec: path };
  });
console.log(JSON.stringify(written));
