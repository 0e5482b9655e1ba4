/** `weir serve`: the service, put together from its parts. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { createApp } from '../../app/app.js';
import { AppOptionsError } from '../../app/app-options.js';
import { documentSchemas } from '../../adapters/document/json-schemas.js';
import { parseDocuments } from '../../adapters/document/parse-documents.js';
import { renderYaml } from '../../adapters/document/render-yaml.js';
import { createDocumentFiles } from '../../adapters/document-files/document-files.js';
import { fileSourceOpener } from '../../adapters/file/file-source.js';
import { compileSchema } from '../../adapters/json-schema/compile-schema.js';
import { levelLimits } from '../../adapters/level/level-limits.js';
import { openLevelStore } from '../../adapters/level/open-level-store.js';
import type { LevelStoreOptions } from '../../adapters/level/open-level-store.js';
import { createPinoLog, logLevels } from '../../adapters/log-pino/pino-log.js';
import type { LogLevel } from '../../adapters/log-pino/pino-log.js';
import type { PrometheusMeter } from '../../adapters/meter-prometheus/prometheus-meter.js';
import { createPrometheusMeter } from '../../adapters/meter-prometheus/prometheus-meter.js';
import { natsAlertSink } from '../../adapters/nats/alert-sink.js';
import { connectNats } from '../../adapters/nats/connection.js';
import type { NatsLink } from '../../adapters/nats/connection.js';
import { planDialing } from '../../adapters/nats/connection-options.js';
import type { NatsOptions } from '../../adapters/nats/connection-options.js';
import { natsSourceOpener } from '../../adapters/nats/source-opener.js';
import { systemClock } from '../../adapters/system/system-clock.js';
import { systemDigest } from '../../adapters/system/system-digest.js';
import type { Log } from '../../ports/log.js';
import { Engine, SHARD } from '../../runtime/engine.js';
import { DocumentControl } from '../../runtime/engine-control.js';
import { statusOf } from '../../runtime/engine-status.js';
import { MetricsReporter } from '../../runtime/report-metrics.js';
import { markGoneBack } from '../../runtime/savepoint.js';
import { EngineError, defaultSettings } from '../../runtime/engine-options.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import { expressions } from '../load-documents.js';
import { natsOptions } from '../nats-options.js';
import { savepointPlaces } from '../savepoint-places.js';
import { serveLease } from '../serve-lease.js';
import { CommandError, exitCodes, formatDiagnostic, say } from '../terminal.js';
import { endInTime, outboxWaitMs } from './end-in-time.js';
import type { ServeOptions } from './serve-options.js';

const TOKEN_BYTES = 24;
const BYTES_PER_MIB = 1_048_576;
/** Keys in memory take one part of the heap by default; batches, buffers, the outbox and garbage take the others. */
const HEAP_PARTS = 3;
const OWNER_ONLY = 0o600;
const PORT_MAX = 65_535;
const DEFAULT_DIRECTORIES: readonly string[] = ['rules', 'patterns'];

/** The API's own connection: apart from the one that carries events. */
function apiConnection(nats: NatsOptions) {
  const plan = planDialing(nats);
  return { ...plan.optionsFor(plan.servers[0] ?? ''), servers: [...plan.servers] };
}

/** Metrics as text, those of the status brought up to date first. */
function metricsOf(engine: Engine, meter: PrometheusMeter): () => Promise<string> {
  const reporter = new MetricsReporter(meter);
  return () => {
    reporter.report(statusOf(engine), systemClock.now());
    return meter.text();
  };
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

function parseWhole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new CommandError(`--${name} ${text}: write a whole number.`, exitCodes.invalid);
  return value;
}

/** What is given, else a share of what Node.js may use (`--max-old-space-size`, or its own choice by the machine's memory). */
function stateMemoryBytes({ stateMemory }: ServeOptions): number {
  if (stateMemory !== undefined) return parseWhole('state-memory', stateMemory) * BYTES_PER_MIB;
  return Math.floor(getHeapStatistics().heap_size_limit / HEAP_PARTS);
}

function stopWithinMs({ stopWithin }: ServeOptions): number {
  return parseWhole('stop-within', stopWithin);
}

function parseLevel(text: string): LogLevel {
  const level = logLevels.find((one) => one === text);
  if (level === undefined)
    throw new CommandError(`--log-level ${text}: write one of ${logLevels.join(', ')}.`, exitCodes.invalid);
  return level;
}

/** Requests below the prefix of alerts would be stored, and answered, by the stream of alerts. */
function checkPrefixes({ natsApi, natsApiPrefix, alertPrefix }: ServeOptions): void {
  if (!natsApi || !`${natsApiPrefix}.`.startsWith(`${alertPrefix}.`)) return;
  const text = `--nats-api-prefix ${natsApiPrefix} lies below the prefix of alerts, ${alertPrefix}: choose another.`;
  throw new CommandError(text, exitCodes.invalid);
}

/** Those named, all of which must be there; else those of the default that are, at least one. */
function documentDirectories({ rules }: ServeOptions): readonly string[] {
  const missing = rules?.find((directory) => !existsSync(directory));
  if (missing !== undefined)
    throw new CommandError(`--rules ${missing}: there is no such directory.`, exitCodes.invalid);
  const found = rules ?? DEFAULT_DIRECTORIES.filter((directory) => existsSync(directory));
  if (found.length > 0) return found;
  throw new CommandError(
    'There is neither `rules` nor `patterns` here: name the documents with --rules.',
    exitCodes.invalid,
  );
}

function storeOptions(options: ServeOptions, log: Log): LevelStoreOptions {
  const { state, retained, retainInterval, recoverFrom } = options;
  const keep = parseWhole('retained', retained);
  const retain = {
    directory: join(state, 'retained'),
    keep,
    intervalMs: parseWhole('retain-interval', retainInterval),
    journalBytesMax: levelLimits.journalBytesMax,
  };
  return {
    directory: join(state, 'db'),
    log,
    ...(keep > 0 ? { retain } : {}),
    ...(recoverFrom === undefined ? {} : { recoverFrom: parseWhole('recover-from', recoverFrom) }),
    onGoneBack: (store) => markGoneBack(store, SHARD),
  };
}

async function openEngine(options: ServeOptions, link: NatsLink, log: Log) {
  const meter = createPrometheusMeter({ processMetrics: true });
  const directories = documentDirectories(options);
  const feed = createDocumentFiles({ directories, required: directories, parse: parseDocuments });
  const store = await openLevelStore(storeOptions(options, log));
  const lease = serveLease(options, parseWhole('lease', options.lease), link, log);
  const engine = new Engine(
    {
      store,
      savepoints: savepointPlaces(options.savepoints ?? join(options.state, 'savepoints'), link),
      sink: natsAlertSink(
        link,
        { stream: options.alertStream, prefix: options.alertPrefix },
        log,
        () => lease?.isHeld !== false,
      ),
      ...(lease === undefined ? {} : { lease }),
      openers: { nats: natsSourceOpener(link, {}, log), file: fileSourceOpener({ root: options.data, log }) },
      feed,
      parse: parseDocuments,
      expressions,
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter,
    },
    {
      ...defaultSettings,
      namespace: options.namespace,
      alertPrefix: options.alertPrefix,
      acceptLostAlerts: options.acceptLostAlerts === true,
      dataDirectory: options.data,
      checkpointIntervalMs: parseWhole('checkpoint-interval', options.checkpointInterval),
      checkpointPauseMinMs: parseWhole('checkpoint-pause', options.checkpointPause),
      stateMemoryBytesMax: stateMemoryBytes(options),
      stopWaitMaxMs: outboxWaitMs(stopWithinMs(options), defaultSettings.stopWaitMaxMs),
    },
  );
  return { engine, feed, meter, store, lease };
}

async function startApi(
  options: ServeOptions,
  parts: { engine: Engine; link: NatsLink; log: Log; metricsText: () => Promise<string> },
) {
  const control = new DocumentControl(parts.engine);
  const schemas = documentSchemas();
  const app = await createApp({
    control,
    metricsText: parts.metricsText,
    renderYaml,
    log: parts.log,
    readiness: [
      { name: 'nats', check: () => ({ ok: parts.link.status().connected, detail: parts.link.status().state }) },
    ],
    documentSchemas: {
      source: schemas['source.schema.json'],
      pattern: schemas['pattern.schema.json'],
      rule: schemas['rule.schema.json'],
    },
    options: {
      host: options.host,
      port: parseWhole('port', options.port),
      token: apiToken(options, parts.log),
      ...(options.natsApi ? { nats: apiConnection(natsOptions(options)), natsPrefix: options.natsApiPrefix } : {}),
    },
  });
  return { app, control };
}

function explainStart(error: unknown): unknown {
  if (error instanceof AppOptionsError) return new CommandError(error.message, exitCodes.invalid);
  if (!(error instanceof EngineError) || error.code !== 'documents-invalid') return error;
  for (const diagnostic of error.fields['diagnostics'] as readonly Diagnostic[]) say(formatDiagnostic(diagnostic));
  return new CommandError(error.message, exitCodes.invalid);
}

/** Runs until SIGINT or SIGTERM (exit code 0) or a failure (1). */
export async function serve(options: ServeOptions): Promise<number> {
  const log = createPinoLog({ level: parseLevel(options.logLevel), to: 'stderr' });
  // Before anything is opened or made: what is written wrong changes nothing.
  if (parseWhole('port', options.port) > PORT_MAX) {
    throw new CommandError(`--port ${options.port}: ports end at ${PORT_MAX}.`, exitCodes.invalid);
  }
  parseWhole('checkpoint-interval', options.checkpointInterval);
  parseWhole('checkpoint-pause', options.checkpointPause);
  stateMemoryBytes(options);
  const withinMs = stopWithinMs(options);
  parseWhole('lease', options.lease);
  storeOptions(options, log);
  checkPrefixes(options);
  mkdirSync(options.state, { recursive: true });
  const link = await connectNats(natsOptions(options), log);
  const stopped = new Promise<'signal'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('signal'));
  });
  void stopped.then(() => endInTime(withinMs, log));
  const { engine, feed, meter, store, lease } = await openEngine(options, link, log).catch(async (error: unknown) => {
    await link.close();
    throw error;
  });
  const api = await startApi(options, { engine, link, log, metricsText: metricsOf(engine, meter) }).catch(
    async (error: unknown) => {
      await store.close();
      await link.close();
      throw explainStart(error);
    },
  );
  const started = engine.start();
  const outcome = await Promise.race([started.then(() => 'started' as const), stopped]).catch(
    (error: unknown) => error,
  );
  let stopWatching: (() => Promise<void>) | undefined;
  let end: unknown = outcome;
  if (outcome === 'started') {
    stopWatching = feed.watch(() => void api.control.reload());
    log.info('weir is running', { api: api.app.url, nats: options.nats, state: options.state });
    end = await Promise.race([stopped, engine.ended]);
  }
  log.info('stopping');
  endInTime(withinMs, log);
  await stopWatching?.();
  await api.app.close();
  if (outcome === 'started') await engine.stop();
  else lease?.close();
  await link.close();
  if (outcome !== 'started' && outcome !== 'signal') throw explainStart(outcome);
  return end === 'signal' ? exitCodes.ok : exitCodes.failed;
}
