/** The kill test with as many rounds as one likes: `node scripts/kill-service.mjs --rounds 5 --kills 200 --messages 60000 --seed 7`. */
import { parseArgs } from 'node:util';
import { countBySubject, differences, runKills } from './kill-run.js';
import { buildCli } from './service-process.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    kills: { type: 'string', default: '100' },
    messages: { type: 'string', default: '40000' },
    seed: { type: 'string' },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const first = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const cli = await buildCli();
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const seed = first + round;
    const report = await runKills(cli, { seed, kills: Number(values.kills), messages: Number(values.messages), say });
    const { missing, extra } = differences(report);
    const failed = missing.length + extra.length + report.twice.length > 0;
    say(
      JSON.stringify({
        seed,
        kills: report.kills,
        killsInStart: report.killsInStart,
        startMsMedian: report.startMsMedian,
        published: report.got.length,
        ...(failed ? { missing, extra, twice: report.twice.slice(0, 10) } : { bySubject: countBySubject(report.got) }),
        verdict: failed ? 'DIFFERENT' : 'the same alerts',
      }),
    );
    if (failed) process.exitCode = 1;
  }
} finally {
  cli.remove();
}
