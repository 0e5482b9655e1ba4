/**
 * Sends one event to a source of rules/sources, as your own producer would:
 *
 *   npm run -s send -- [--nats URL] SOURCE field=value…          values are JSON where they can be, else text
 *
 * The time (`ts`) is now unless given. Behind it goes an event of nobody, just far enough ahead for the source's watermark to pass: else an
 * alert would wait until the source counts as idle, for other events may still come in between.
 */
import { connect } from '@nats-io/transport-node';
import { streamSources, subjectOf, unitFields } from './example-data.mjs';
import { Publisher } from './publish.mjs';

const usage = 'usage: npm run -s send -- [--nats URL] SOURCE field=value…';
const usualUrl = 'nats://127.0.0.1:4222';
const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `1h30m`, or a number of milliseconds. */
function durationMs(value = 0) {
  if (typeof value === 'number') return value;
  return [...value.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * unitsMs[unit],
    0,
  );
}

function parseArguments(args) {
  const at = args.indexOf('--nats');
  const url = at < 0 ? (process.env['WEIR_NATS_URL'] ?? usualUrl) : args[at + 1];
  const [name, ...fields] = at < 0 ? args : args.toSpliced(at, 2);
  const pairs = fields.map((field) => /^(\w+)=(.*)$/s.exec(field));
  if (name === undefined || url === undefined || pairs.includes(null)) throw new Error(usage);
  return { url, name, event: Object.fromEntries(pairs.map(([, key, value]) => [key, parseValue(value)])) };
}

async function main() {
  const { url, name, event } = parseArguments(process.argv.slice(2));
  const sources = streamSources();
  const source = sources.get(name);
  if (source === undefined) throw new Error(`No source ${name}. Sources: ${[...sources.keys()].join(', ')}.`);
  const first = { ts: new Date().toISOString(), ...event };
  const aheadMs = durationMs(source.watermark?.maxOutOfOrderness) + 1;
  const unit = Object.fromEntries(unitFields(source).map((field) => [field, first[field]]));
  const heartbeat = { ...unit, ts: new Date(Date.parse(first.ts) + aheadMs).toISOString() };
  const connection = await connect({ servers: url, timeout: 5_000, reconnect: false });
  const publisher = new Publisher(connection);
  const subject = subjectOf(source, 'sent');
  for (const body of [first, heartbeat]) await publisher.publish(subject, JSON.stringify(body));
  await publisher.settled();
  await connection.close();
  console.log(`sent to ${subject}: ${JSON.stringify(first)}`);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
