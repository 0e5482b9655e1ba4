/**
 * Shows on real logs what units and idleness of watermarks are worth: how many events each setting loses, and how many it gives
 * before the end of input. Run `npm run build` first.
 *
 *   node scripts/prove-watermarks.mjs FILE.ndjson.gz
 *
 * FILE holds Windows events shipped by several hosts: `ts` when the event happened, `ingest_ts` when it arrived, `Hostname` and
 * `Channel`: purplesharp_ad_playbook_I of the Security Datasets project is such a log.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { parseTime } from '../dist/core/decode/parse-time.js';
import { SourceTimeline } from '../dist/core/time/source-timeline.js';

const field = (name) => ({ evaluate: ({ body }) => body[name] });
const byHostAndChannel = [field('Hostname'), field('Channel')];

const SETTINGS = [
  ['2 s for all', { maxOutOfOrdernessMs: 2_000, by: [], idleAfterMs: undefined }],
  ['3.5 s by host and channel', { maxOutOfOrdernessMs: 3_500, by: byHostAndChannel, idleAfterMs: undefined }],
  [
    '3.5 s by host and channel, idle after 5 s',
    { maxOutOfOrdernessMs: 3_500, by: byHostAndChannel, idleAfterMs: 5_000 },
  ],
  [
    '3.5 s by host and channel, idle after 10 s',
    { maxOutOfOrdernessMs: 3_500, by: byHostAndChannel, idleAfterMs: 10_000 },
  ],
];

async function readEvents(path) {
  const file = createReadStream(path);
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const events = [];
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    const body = JSON.parse(line);
    const seq = events.length + 1;
    const [time, arrival] = [parseTime(body.ts), parseTime(body.ingest_ts)];
    if (time === undefined || arrival === undefined) throw new Error(`line ${seq}: ts and ingest_ts must be times`);
    events.push({ source: 'log', seq, index: 0, time, arrival, order: undefined, subject: '', body });
  }
  return events;
}

function judge(plan, events) {
  const timeline = new SourceTimeline(plan);
  const out = [];
  let lost = 0;
  for (const event of events) if (!timeline.accept(event, out)) lost++;
  const share = (100 * out.length) / events.length;
  return { lost, 'given before the end': `${out.length} (${share.toFixed(1)} %)`, units: timeline.units };
}

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('Give the path of the file.');
const events = await readEvents(path);
console.log(`${events.length} events`);
console.table(Object.fromEntries(SETTINGS.map(([name, plan]) => [name, judge(plan, events)])));
