/** A service whose state is on a small file system that fills up: `node scripts/full-disk.mjs` says how to run it. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FaultPlace, SLOW } from './fault-place.js';
import { finish, start, twiceIn } from './kill-run.js';

const BYTES_PER_KIB = 1_024;
const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '12000' },
    seed: { type: 'string', default: '1' },
  },
});
if (values.directory === undefined) throw new Error('--directory: name one on a small file system.');
const directory = values.directory;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Takes everything but so many KiB. */
function fill(file: string, leftKib: number): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leftKib * BYTES_PER_KIB)));
}

const at = await FaultPlace.open(Number(values.seed), Number(values.messages));
const place = { ...at.place, root: directory };
const filler = join(directory, 'filler');
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const run = `full-${round}`;
    await at.begin(run);
    const leftKib = 100 * 2 ** round;
    fill(filler, leftKib);
    const { code, stderr } = await start(place, run, SLOW).ended;
    const reason =
      /"code":"([a-z-]+)"/.exec(stderr)?.[1] ?? (/No room/.test(stderr) ? 'disk-full' : stderr.slice(-500));
    rmSync(filler);
    const all = await finish(place, at.tools, run);
    const { missing, extra } = at.differences(all, run);
    const twice = twiceIn(all).slice(0, 10);
    const failed = code !== 1 || reason !== 'disk-full' || missing.length + extra.length + twice.length > 0;
    const verdict = failed ? { missing, extra, twice, verdict: 'DIFFERENT' } : { verdict: 'the same alerts' };
    say(JSON.stringify({ leftKib, code, reason, published: all.length, ...verdict }));
    if (failed) process.exitCode = 1;
    rmSync(join(directory, run), { recursive: true, force: true });
  }
} finally {
  await at.dispose();
}
