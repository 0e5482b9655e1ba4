/**
 * Weir from nothing to alerts: `npm ci && npm run quickstart`.
 *
 * NATS and the service run as child processes, on free ports, with data of their own under .weir/quickstart: nothing that is already
 * running is touched, and every run starts from nothing.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '@nats-io/transport-node';
import { buildIfStale } from './build.mjs';
import { natsServerVersion, obtainNatsServer } from './nats-server.mjs';
import { projectDir } from './project.mjs';
import { loadFeeds, streamSources, streamsOf } from './quickstart/example-data.mjs';
import { describeNextSteps, describeSummary } from './quickstart/next-steps.mjs';
import { AlertWatch, createStreams, replay } from './quickstart/replay.mjs';
import { Screen, fitLine, formatCount, paints } from './quickstart/screen.mjs';
import { ServiceError, Services, choosePort } from './quickstart/service-handle.mjs';

const { bold, dim, green, red } = paints;
const screen = new Screen();
const documents = ['rules', 'patterns'];
const logLinesShown = 15;

const usage = `npm run quickstart [-- OPTIONS]

  --once       stop after the summary; the exit code says whether everything came out as it must
  --limit N    at most N rows of each file
  --port N     of the API (default: 8080, or a free one)
  --keep       keep the data of this run (NATS, state, log) when it ends; otherwise they are removed, unless it fails
  --no-build   use what is built`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      limit: { type: 'string' },
      port: { type: 'string' },
    },
  });
  if (values.help) return undefined;
  const number = (name) => {
    if (values[name] === undefined) return undefined;
    if (!/^[1-9]\d*$/.test(values[name])) throw new Error(`--${name} ${values[name]}: write a whole number above 0.`);
    return Number(values[name]);
  };
  return {
    once: values.once,
    keep: values.keep,
    build: !values['no-build'],
    limit: number('limit'),
    port: number('port'),
  };
}

/** One step with its time; `work` resolves with what to say about it. */
async function step(name, work) {
  const begun = performance.now();
  screen.moving(`${dim('…')} ${name}`, 0);
  const said = await work();
  screen.settle();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  screen.line(`${green('✓')} ${name.padEnd(12)} ${said} ${dim(`${seconds} s`)}`);
}

function makeDirectory() {
  const parent = join(projectDir, '.weir', 'quickstart');
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'run-'));
}

async function start(services, options) {
  const sources = streamSources();
  await step('NATS', async () => {
    const binary = await obtainNatsServer({ say: (text) => screen.line(dim(`  ${text}`)) });
    const { url } = await services.startNats(binary);
    return `nats-server ${natsServerVersion(binary)} with JetStream at ${url}`;
  });
  const connection = await connect({ servers: services.nats.url });
  await step('service', async () => {
    await createStreams(connection, streamsOf(sources));
    await services.startWeir({ port: await choosePort(options.port), documents });
    await untilCaughtUp(services);
    const { rules, sources: read } = await services.status();
    return `weir serve at ${services.api}: ${rules.length} rules over ${read.length} sources`;
  });
  return { connection, sources };
}

/** Sources that begin with new events have begun. */
async function untilCaughtUp(services) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { sources } = await services.status();
    if (sources.every(({ state }) => state === 'caught-up' || state === 'running')) return;
    await new Promise((fulfil) => setTimeout(fulfil, 100));
  }
  throw new ServiceError('The sources did not begin within 30 s.');
}

/** What says nothing to a person beside the event's time: left out of the events shown, so that the rest has room. */
const unshown = new Set(['ts', 'ingest_ts', 'Channel']);

function withoutNoise(event) {
  const strip = (body) => Object.fromEntries(Object.entries(body).filter(([field]) => !unshown.has(field)));
  const stages = event.data.stages.map((stage) => ({
    ...stage,
    events: stage.events.map((one) => ({ ...one, body: strip(one.body ?? {}) })),
  }));
  return JSON.stringify({ ...event, data: { ...event.data, stages } });
}

/** Of each rule the first alert is shown whole while data are replayed; afterwards every one. */
function createShow(describeAlert) {
  const show = { all: false };
  show.alert = (event, count) => {
    if (!show.all && count > 1) return;
    const [head, origin, ...stages] = describeAlert(withoutNoise(event)).split('\n');
    const key = event.subject === undefined ? '' : dim(` · key ${event.subject}`);
    screen.line(['', head, `${origin}${key}`, ...stages].map(fitLine).join('\n'));
  };
  return show;
}

/** Counts found without the engine, by rule. */
function expectedAlerts() {
  const { examples } = JSON.parse(readFileSync(join(projectDir, 'test', 'examples', 'expected.json'), 'utf8'));
  return Object.fromEntries(examples.map(({ rule, alerts }) => [rule, alerts]));
}

/** Reloads and refusals as they happen. */
function showReloads({ msg, revision, changed = [], added = [], removed = [], diagnostics = [] }) {
  if (msg === 'documents in force' && revision > 1) {
    const names = [...added.map((one) => `+${one}`), ...changed, ...removed.map((one) => `-${one}`)].join(', ');
    screen.line(`\n${green('↻')} ${bold(`revision ${revision} in force`)}: ${names || "no rule's matching changed"}`);
  } else if (diagnostics.length > 0) {
    screen.line(`\n${red('✗')} ${bold('the change is refused, the documents in force stay')}`);
    for (const { file, line, column, document, code, message } of diagnostics) {
      const place = [file, line, column].filter((part) => part !== undefined).join(':') || (document ?? '');
      screen.line(`  ${place} ${red(code)} ${message}`);
    }
  }
}

async function perform(services, options, signal) {
  const { connection, sources } = await start(services, options);
  const { describeAlert } = await import('../dist/cli/describe-alert.js');
  const show = createShow(describeAlert);
  const watch = new AlertWatch(connection, show.alert);
  let feeds = [];
  await step('data', async () => {
    feeds = await loadFeeds(sources, options.limit);
    const messages = feeds.reduce((sum, feed) => sum + feed.messages.length, 0);
    return `${formatCount(messages)} messages for ${feeds.length} subjects, from data/`;
  });
  screen.line(`\n${bold('Replaying')} ${dim('as fast as it goes; the first alert of each rule is shown whole')}`);
  const outcome = await replay({ connection, feeds, services, watch, screen });
  const complete = options.limit === undefined;
  const { lines, different, dead } = describeSummary({ outcome, watch, expected: expectedAlerts(), complete });
  screen.line(`\n${lines.join('\n')}`);
  const good = different === 0 && dead === 0 && watch.alerts > 0;
  if (options.once) return good ? 0 : 1;
  await stayOn({ services, show, signal });
  await connection.close();
  return 0;
}

/** Until Ctrl-C, or until a service ends. */
async function stayOn({ services, show, signal }) {
  screen.line(
    `\n${describeNextSteps({ api: services.api, token: services.token, nats: services.nats.url }).join('\n')}`,
  );
  screen.line(`\n${dim('Everything keeps running. Ctrl-C stops it. Alerts and reloads from now on:')}`);
  show.all = true;
  services.onLog(showReloads);
  const watchdog = new Promise((_, reject) => {
    const timer = setInterval(() => {
      try {
        services.check();
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
    }, 500);
    void signal.then(() => clearInterval(timer));
  });
  await Promise.race([signal, watchdog]);
}

function showFailure(error, logFile) {
  screen.settle();
  screen.line(`\n${red('✗')} ${error instanceof Error ? error.message : String(error)}`);
  try {
    const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-logLinesShown);
    screen.line(`${dim(`the log of the service ends so (${relative(process.cwd(), logFile)}):`)}\n${tail.join('\n')}`);
  } catch {
    // It never started: there is no log.
  }
}

async function main() {
  const options = readOptions();
  if (options === undefined) {
    console.log(usage);
    return;
  }
  screen.line(`${bold('Weir quickstart')} ${dim('event-time pattern rules over NATS JetStream')}\n`);
  if (options.build) await step('build', () => build());
  const dir = makeDirectory();
  const services = new Services(dir);
  let code = 1;
  const signal = new Promise((fulfil) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => fulfil('stop'));
  });
  try {
    code = await Promise.race([perform(services, options, signal), signal.then(() => 0)]);
  } catch (error) {
    showFailure(error, services.logFile);
  }
  screen.settle();
  screen.line(`\n${dim('stopping the service, then NATS …')}`);
  await services.stop();
  const kept = options.keep || code !== 0;
  if (!kept) rmSync(dir, { recursive: true, force: true });
  const place = relative(process.cwd(), dir) || dir;
  screen.line(
    dim(
      kept
        ? `stopped; data and log of this run are kept in ${place}`
        : 'stopped; the data of this run are removed (--keep keeps them)',
    ),
  );
  process.exit(code);
}

async function build() {
  if (!buildIfStale('src/cli')) throw new Error('The build failed: see above.');
  return 'built';
}

await main().catch((error) => {
  screen.settle();
  screen.line(`${red('✗')} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
