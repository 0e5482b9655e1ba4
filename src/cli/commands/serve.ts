/** `weir serve`: the service, put together from its parts. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../app/app.js';
import { AppOptionsError } from '../../app/app-options.js';
import { documentSchemas } from '../../adapters/document/json-schemas.js';
import { renderYaml } from '../../adapters/document/render-yaml.js';
import { createPinoLog } from '../../adapters/log-pino/pino-log.js';
import { connectNats } from '../../adapters/nats/connection.js';
import type { NatsLink } from '../../adapters/nats/connection.js';
import { planDialing } from '../../adapters/nats/connection-options.js';
import type { NatsOptions } from '../../adapters/nats/connection-options.js';
import type { Log } from '../../ports/log.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import { CodedError } from '../../core/coded-error.js';
import { natsOptions } from '../nats-options.js';
import { serveOne } from '../serve-one.js';
import type { Service } from '../serve-service.js';
import { serveShards } from '../serve-shards.js';
import { CommandError, exitCodes, formatDiagnostic, say } from '../terminal.js';
import { endInTime } from './end-in-time.js';
import type { ServeOptions } from './serve-options.js';
import {
  checkShards,
  parseLevel,
  parseShards,
  parseWhole,
  stateMemoryBytes,
  stopWithinMs,
  storeOptions,
} from './serve-values.js';

const TOKEN_BYTES = 24;
const OWNER_ONLY = 0o600;
const PORT_MAX = 65_535;

/** The API's own connection: apart from the one that carries events. */
function apiConnection(nats: NatsOptions) {
  const plan = planDialing(nats);
  return { ...plan.optionsFor(plan.servers[0] ?? ''), servers: [...plan.servers] };
}

/** The token given, else the one made at the first start and kept in the state directory. */
function apiToken(options: ServeOptions, log: Log): string {
  if (options.token !== undefined) return options.token;
  const file = join(options.state, 'api-token');
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`, { mode: OWNER_ONLY });
    log.info('an API token was made', { file });
  }
  return readFileSync(file, 'utf8').trim();
}

/** Requests below the prefix of alerts would be stored, and answered, by the stream of alerts. */
function checkPrefixes({ natsApi, natsApiPrefix, alertPrefix }: ServeOptions): void {
  if (!natsApi || !`${natsApiPrefix}.`.startsWith(`${alertPrefix}.`)) return;
  const text = `--nats-api-prefix ${natsApiPrefix} lies below the prefix of alerts, ${alertPrefix}: choose another.`;
  throw new CommandError(text, exitCodes.invalid);
}

async function startApi(options: ServeOptions, { service, link, log }: { service: Service; link: NatsLink; log: Log }) {
  const schemas = documentSchemas();
  return createApp({
    control: service.control,
    metricsText: () => service.metricsText(),
    renderYaml,
    log,
    readiness: [{ name: 'nats', check: () => ({ ok: link.status().connected, detail: link.status().state }) }],
    documentSchemas: {
      source: schemas['source.schema.json'],
      pattern: schemas['pattern.schema.json'],
      rule: schemas['rule.schema.json'],
    },
    options: {
      host: options.host,
      port: parseWhole('port', options.port),
      token: apiToken(options, log),
      ...(options.natsApi ? { nats: apiConnection(natsOptions(options)), natsPrefix: options.natsApiPrefix } : {}),
    },
  });
}

function explainStart(error: unknown): unknown {
  if (error instanceof AppOptionsError) return new CommandError(error.message, exitCodes.invalid);
  if (!(error instanceof CodedError) || error.code !== 'documents-invalid') return error;
  for (const diagnostic of error.fields['diagnostics'] as readonly Diagnostic[]) say(formatDiagnostic(diagnostic));
  return new CommandError(error.message, exitCodes.invalid);
}

/** Before anything is opened or made: what is written wrong changes nothing. */
function checkOptions(options: ServeOptions, log: Log): void {
  if (parseWhole('port', options.port) > PORT_MAX) {
    throw new CommandError(`--port ${options.port}: ports end at ${PORT_MAX}.`, exitCodes.invalid);
  }
  parseWhole('checkpoint-interval', options.checkpointInterval);
  parseWhole('checkpoint-pause', options.checkpointPause);
  parseWhole('lease', options.lease);
  stateMemoryBytes(options, parseShards(options));
  storeOptions(options, options.state, log);
  checkPrefixes(options);
  checkShards(options, parseShards(options));
}

function openService(options: ServeOptions, link: NatsLink, log: Log): Promise<Service> {
  return parseShards(options) === 1 ? serveOne(options, link, log) : serveShards(options, link, log);
}

/** Runs until SIGINT or SIGTERM (exit code 0) or a failure (1). */
export async function serve(options: ServeOptions): Promise<number> {
  const log = createPinoLog({ level: parseLevel(options.logLevel), to: 'stderr' });
  checkOptions(options, log);
  const withinMs = stopWithinMs(options);
  mkdirSync(options.state, { recursive: true });
  const link = await connectNats(natsOptions(options), log);
  const stopped = new Promise<'signal'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('signal'));
  });
  void stopped.then(() => endInTime(withinMs, log));
  const service = await openService(options, link, log).catch(async (error: unknown) => {
    await link.close();
    throw error;
  });
  const api = await startApi(options, { service, link, log }).catch(async (error: unknown) => {
    await service.abandon();
    await link.close();
    throw explainStart(error);
  });
  const started = service.start();
  const outcome = await Promise.race([started.then(() => 'started' as const), stopped]).catch(
    (error: unknown) => error,
  );
  let stopWatching: (() => Promise<void>) | undefined;
  let end: unknown = outcome;
  if (outcome === 'started') {
    stopWatching = service.feed.watch(() => void service.control.reload());
    log.info('weir is running', { api: api.url, nats: options.nats, state: options.state });
    end = await Promise.race([stopped, service.ended]);
  }
  log.info('stopping');
  endInTime(withinMs, log);
  await stopWatching?.();
  await api.close();
  if (outcome === 'started') await service.stop();
  else await service.abandon();
  await link.close();
  if (outcome !== 'started' && outcome !== 'signal') throw explainStart(outcome);
  return end === 'signal' ? exitCodes.ok : exitCodes.failed;
}
