import { parseDocuments } from '../../adapters/document/parse-documents.js';
import { createDocumentFiles } from '../../adapters/document-files/document-files.js';
import { fileSourceOpener } from '../../adapters/file/file-source.js';
import { compileSchema } from '../../adapters/json-schema/compile-schema.js';
import { createPinoLog } from '../../adapters/log-pino/pino-log.js';
import { openMemoryStore } from '../../adapters/memory/memory-store.js';
import { createPrometheusMeter } from '../../adapters/meter-prometheus/prometheus-meter.js';
import { systemClock } from '../../adapters/system/system-clock.js';
import { systemDigest } from '../../adapters/system/system-digest.js';
import { Engine } from '../../runtime/engine.js';
import { defaultSettings } from '../../runtime/engine-options.js';
import { statusOf } from '../../runtime/engine-status.js';
import { CLOUD_EVENT_TYPE } from '../../runtime/render-alert.js';
import type { EngineStatus } from '../../ports/control.js';
import type { OutboundMessage } from '../../ports/sink.js';
import { describeAlert } from '../describe-alert.js';
import { LineSink } from '../line-sink.js';
import { expressions, loadDocuments, requireRuleSet } from '../load-documents.js';
import { CommandError, exitCodes, paints, say } from '../terminal.js';

export interface RunOptions {
  readonly data: string;
  readonly pretty?: boolean;
  readonly rejected?: boolean;
  readonly quiet?: boolean;
}

/** Writes a line, waiting where the reader is slow. */
function writeLine(line: string): Promise<void> | void {
  if (process.stdout.write(`${line}\n`)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}

function summary(status: EngineStatus, ms: number): string {
  const events = status.sources.reduce((sum, one) => sum + one.events, 0);
  const late = status.sources.reduce((sum, one) => sum + one.late, 0);
  const dead = status.sources.reduce((sum, one) => sum + one.dead, 0);
  const alerts = status.rules.reduce((sum, one) => sum + one.alerts, 0);
  const rules = status.rules.filter((one) => one.alerts > 0).map((one) => `${one.name} ${one.alerts}`);
  const parts = [`${events} events`, `${alerts} alerts`, `${late} late`, `${dead} dead`, `${ms} ms`];
  return `${parts.join(', ')}${rules.length === 0 ? '' : `\n  ${rules.join('\n  ')}`}`;
}

/** `weir run PATH…`: documents over file sources, alerts as JSON lines, nothing else needed. */
export async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  const loaded = await loadDocuments(paths, options.data);
  const ruleSet = requireRuleSet(loaded);
  const stream = [...ruleSet.sources.values()].find((source) => source.document.file === undefined);
  if (stream !== undefined) {
    throw new CommandError(
      `The source \`${stream.name}\` reads from NATS: \`weir run\` reads files. Give it a \`file\`, or use \`weir serve\`.`,
      exitCodes.invalid,
    );
  }
  const begun = performance.now();
  const write = (message: OutboundMessage): Promise<void> | void => {
    if (message.contentType !== CLOUD_EVENT_TYPE) {
      if (options.rejected === true) say(`${message.subject} ${message.body}`);
      return undefined;
    }
    return writeLine(options.pretty === true ? describeAlert(message.body) : message.body);
  };
  const log = createPinoLog({ level: 'warn' });
  const engine = new Engine(
    {
      store: openMemoryStore(),
      sink: new LineSink(write),
      openers: { file: fileSourceOpener({ root: options.data, log }) },
      feed: createDocumentFiles({ directories: paths, parse: parseDocuments }),
      parse: parseDocuments,
      expressions,
      schemaCheck: compileSchema,
      clock: systemClock,
      digest: systemDigest,
      log,
      meter: createPrometheusMeter(),
    },
    { ...defaultSettings, dataDirectory: options.data },
  );
  await engine.start();
  await Promise.race([engine.intakes.allEnded(), engine.ended]);
  const status = statusOf(engine);
  await engine.stop();
  if (options.quiet !== true) say(summary(status, Math.round(performance.now() - begun)));
  const refused = status.sources.filter((one) => one.state === 'refused');
  for (const source of refused) say(`${paints.red('refused')} ${source.name}: ${source.reason?.message ?? ''}`);
  if (engine.failure !== undefined) throw new CommandError(engine.failure.message);
  return refused.length === 0 ? exitCodes.ok : exitCodes.failed;
}
