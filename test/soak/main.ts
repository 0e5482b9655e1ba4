/** `node scripts/soak.mjs [--minutes 60] [--rate 20000] [--keys 100000] [--kill-every 45] [--reload-every 20]`: see soak.ts. */
import { parseArgs } from 'node:util';
import { buildCli } from '../recovery/service-process.js';
import { runSoak } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '20000' },
    keys: { type: 'string', default: '100000' },
    'kill-every': { type: 'string', default: '45' },
    'reload-every': { type: 'string', default: '20' },
  },
});

const cli = await buildCli();
try {
  const report = await runSoak(cli, {
    minutes: Number(values.minutes),
    eventsPerSecond: Number(values.rate),
    keys: Number(values.keys),
    killEveryS: Number(values['kill-every']),
    reloadEveryS: Number(values['reload-every']),
    say: (text) => void process.stderr.write(`${text}\n`),
  });
  const exact = report.missing.length + report.extra.length + report.twice.length === 0;
  const verdict = exact ? 'exactly the alerts the events hold' : 'DIFFERENT';
  process.stdout.write(`${JSON.stringify({ ...report, verdict })}\n`);
  process.exitCode = exact ? 0 : 1;
} finally {
  cli.remove();
}
