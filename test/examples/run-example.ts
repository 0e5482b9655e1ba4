/** Runs rules over files the way `weir run` does, in this process: the whole engine with a store in memory. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { fileSourceOpener } from '../../src/adapters/file/file-source.js';
import { createJsonataCompiler } from '../../src/adapters/jsonata/index.js';
import { compileSchema } from '../../src/adapters/json-schema/compile-schema.js';
import { createPinoLog } from '../../src/adapters/log-pino/pino-log.js';
import { openMemoryStore } from '../../src/adapters/memory/memory-store.js';
import { createPrometheusMeter } from '../../src/adapters/meter-prometheus/prometheus-meter.js';
import { systemClock } from '../../src/adapters/system/system-clock.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { PlacedDocument } from '../../src/core/document/documents.js';
import type { EngineStatus } from '../../src/ports/control.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../src/ports/sink.js';
import { Engine } from '../../src/runtime/engine.js';
import { defaultSettings } from '../../src/runtime/engine-options.js';
import { statusOf } from '../../src/runtime/engine-status.js';

export interface Alert {
  readonly rule: string;
  readonly key: string;
  readonly time: string;
  /** Time of the first event of the match. */
  readonly start: string;
  readonly title: string;
  readonly problems: readonly string[];
}

export interface ExampleRun {
  readonly alerts: readonly Alert[];
  readonly status: EngineStatus;
}

export interface ExampleOptions {
  /** Files and directories of documents. */
  readonly paths: readonly string[];
  /** Only these rules; the others' documents are left out. */
  readonly rules?: readonly string[];
  /** Another file for a source, by its name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Every document below the paths, in order of path. */
export function readDocuments(paths: readonly string[]): PlacedDocument[] {
  return paths.flatMap((path) => {
    if (statSync(path).isDirectory()) {
      const names = readdirSync(path).sort();
      return readDocuments(names.filter((name) => /\.yaml$|^[^.]+$/.test(name)).map((name) => join(path, name)));
    }
    const parsed = parseDocuments(readFileSync(path, 'utf8'), { origin: 'file', file: path });
    if (!parsed.ok) throw new Error(`${path}: ${parsed.diagnostics.map(({ message }) => message).join(' ')}`);
    return parsed.value;
  });
}

function chooseDocuments({ paths, rules, files = {} }: ExampleOptions): PlacedDocument[] {
  return readDocuments(paths).flatMap((placed) => {
    const { document } = placed;
    if (document.kind === 'rule' && rules !== undefined && !rules.includes(document.name)) return [];
    const path = document.kind === 'source' ? files[document.name] : undefined;
    if (document.kind !== 'source' || document.file === undefined || path === undefined) return [placed];
    return [{ ...placed, document: { ...document, file: { ...document.file, path } } }];
  });
}

class CollectingSink implements AlertSink {
  readonly messages: OutboundMessage[] = [];

  lastSeq(): Promise<number> {
    return Promise.resolve(this.messages.length);
  }

  publishedSince(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set());
  }

  publish(messages: readonly OutboundMessage[]): Promise<readonly PublishAck[]> {
    return Promise.resolve(
      messages.map((message) => ({ id: message.id, seq: this.messages.push(message), duplicate: false })),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface AlertBody {
  readonly time: string;
  readonly data: {
    readonly rule: string;
    readonly key?: unknown;
    readonly title: string;
    readonly window: { readonly start: string };
    readonly problems?: readonly string[];
  };
}

function toAlert({ body }: OutboundMessage): Alert {
  const { time, data } = JSON.parse(body) as AlertBody;
  const key = Array.isArray(data.key) ? data.key.join('/') : String(data.key);
  return { rule: data.rule, key, time, start: data.window.start, title: data.title, problems: data.problems ?? [] };
}

export async function runExample(options: ExampleOptions): Promise<ExampleRun> {
  const sink = new CollectingSink();
  const log = createPinoLog({ level: 'error' });
  const documents = chooseDocuments(options);
  const engine = new Engine(
    {
      store: openMemoryStore(),
      sink,
      openers: { file: fileSourceOpener({ root: '.', log }) },
      feed: {
        read: () => Promise.resolve({ ok: true, value: documents, warnings: [] }),
        watch: () => () => Promise.resolve(),
      },
      parse: parseDocuments,
      expressions: createJsonataCompiler(),
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter: createPrometheusMeter(),
    },
    { ...defaultSettings, dataDirectory: '.' },
  );
  await engine.start();
  await Promise.race([engine.intakes.allEnded(), engine.ended]);
  const status = statusOf(engine);
  await engine.stop();
  if (engine.failure !== undefined) throw new Error(engine.failure.message);
  const alerts = sink.messages.filter(({ contentType }) => contentType.includes('cloudevents')).map(toAlert);
  return { alerts, status };
}
