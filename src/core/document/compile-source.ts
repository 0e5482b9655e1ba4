import type { Expression, ExpressionCompiler } from '../expression/expression.js';
import type { Checked } from '../model/diagnostic.js';
import { canonicalJson } from './canonical-json.js';
import type { PlacedDocument, SourceDocument } from './documents.js';
import { parseDuration } from './duration.js';
import { resolveSourcePath, sourceFileFormat } from './source-file.js';
import type { DecodePlan, SourcePlan, WatermarkPlan } from './plans.js';
import type { Report } from './report.js';
import { ExpressionReader } from './report.js';
import { isSubscribeSubject, subjectsOverlap } from './subjects.js';
import { parseTimestamp } from './timestamp.js';

/** Compiles a JSON Schema into a check that names what a payload lacks. */
export type SchemaCheck = (schema: unknown) => Checked<(body: unknown) => string | undefined>;

export interface SourceEnvironment {
  readonly expressions: ExpressionCompiler;
  readonly digest: (text: string) => string;
  readonly schemaCheck: SchemaCheck;
  readonly alertPrefix: string;
  /** Where relative paths of `file:` begin, and what documents of the API may not leave; default the working directory. */
  readonly dataDirectory?: string | undefined;
  /** Shards that share the keys; default 1. */
  readonly shards?: number;
}

function checkNats(source: SourceDocument, report: Report, { alertPrefix, shards = 1 }: SourceEnvironment): void {
  source.nats?.subjects.forEach((subject, index) => {
    const pointer = `/nats/subjects/${index}`;
    if (!isSubscribeSubject(subject)) {
      const message = `\`${subject}\` is not a NATS subject: tokens between single dots, \`*\` for one token, \`>\` only at the end.`;
      report.error('invalid-subject', pointer, message);
    } else if (subjectsOverlap(subject, `${alertPrefix}.>`)) {
      const message = `\`${subject}\` would also receive the alerts published under \`${alertPrefix}.\`: narrow it, or use another alert prefix.`;
      report.error('subject-overlap', pointer, message);
    }
  });
  if (source.nats?.partitioned === true) checkParts(source.nats.subjects, report, shards);
  if (source.nats?.onGap !== undefined && source.nats.stream === undefined) {
    report.error(
      'needs-stream',
      '/nats/onGap',
      '`onGap` is about a stream: name it under `nats.stream`, or remove `onGap`.',
    );
  }
  if (
    source.nats !== undefined &&
    source.nats.stream === undefined &&
    source.start !== undefined &&
    source.start !== 'new'
  ) {
    report.error(
      'needs-stream',
      '/start',
      'Only a stream has a past to start in: name it under `nats.stream`, or write `start: new`.',
    );
  }
}

/** A message on two of them would be read by two shards. */
function checkParts(subjects: readonly string[], report: Report, shards: number): void {
  if (subjects.length < shards) {
    const message = `A source with \`partitioned\` needs a subject for each of the ${shards} shards, it has ${subjects.length}: partition it further, or run fewer shards.`;
    report.error('too-few-subjects', '/nats/subjects', message);
  }
  subjects.forEach((subject, index) => {
    const other = subjects.slice(0, index).find((one) => subjectsOverlap(one, subject));
    if (other === undefined) return;
    const message = `\`${subject}\` overlaps \`${other}\`: the subjects of a source with \`partitioned\` are read apart, so no message may be on two of them.`;
    report.error('subject-overlap', `/nats/subjects/${index}`, message);
  });
}

function checkFile(placed: PlacedDocument<SourceDocument>, report: Report, dataDirectory: string): string | undefined {
  const { file } = placed.document;
  if (file === undefined) return undefined;
  const format = sourceFileFormat(file);
  if (format === undefined) {
    report.error(
      'unknown-format',
      '/file/path',
      `The name \`${file.path}\` does not say what it holds: add \`format: csv\` or \`format: ndjson\`.`,
    );
  } else if (format !== 'csv' && file.columns !== undefined) {
    report.error(
      'conflicting-fields',
      '/file/columns',
      '`columns` gives types to CSV fields; ndjson has its own. Remove it.',
    );
  }
  const resolved = resolveSourcePath(file.path, { dataDirectory, confined: placed.origin === 'api' });
  if (resolved === undefined) {
    const message = `\`${file.path}\` lies outside the data directory: documents sent over the API may only name files below it, by relative paths.`;
    report.error('path-outside-data', '/file/path', message);
  }
  return resolved;
}

function checkArrival({ event, nats, file }: SourceDocument, report: Report): void {
  if (file !== undefined && event.time === 'arrival' && event.arrival === undefined) {
    const message =
      'A file has no arrival time of its own: say where its records carry it in `event.arrival`, or give `event.time`.';
    report.error('missing-field', '/event/time', message);
  }
  if (nats !== undefined && event.arrival !== undefined) {
    const message =
      'The arrival time of a NATS message is the time it was stored: remove `event.arrival`, which is for files.';
    report.error('conflicting-fields', '/event/arrival', message);
  }
}

function compileSchema(source: SourceDocument, report: Report, check: SchemaCheck): DecodePlan['schemaProblems'] {
  if (source.schema === undefined) return undefined;
  const checked = check(source.schema);
  const diagnostics = checked.ok ? checked.warnings : checked.diagnostics;
  for (const { code, message, pointer, severity } of diagnostics) {
    report.add({ code, message, pointer: `/schema${pointer}`, severity });
  }
  return checked.ok ? checked.value : undefined;
}

function compileDecode(source: SourceDocument, report: Report, env: SourceEnvironment): DecodePlan {
  const reader = new ExpressionReader(env.expressions, report);
  const { event, watermark } = source;
  const read = (field: keyof SourceDocument['event']): Expression | undefined =>
    reader.read(event[field], `/event/${field}`);
  return {
    body: read('body'),
    each: read('each'),
    time: event.time === 'arrival' ? undefined : read('time'),
    arrival: read('arrival'),
    id: read('id'),
    type: read('type'),
    order: read('order'),
    schemaProblems: compileSchema(source, report, env.schemaCheck),
    maxFutureMs: parseDuration(watermark?.maxFuture),
  };
}

function compileWatermark(source: SourceDocument, report: Report, expressions: ExpressionCompiler): WatermarkPlan {
  const reader = new ExpressionReader(expressions, report);
  const { by = [], maxOutOfOrderness, idleAfter } = source.watermark ?? {};
  const parts =
    typeof by === 'string'
      ? [reader.read(by, '/watermark/by')]
      : by.map((part, index) => reader.read(part, `/watermark/by/${index}`));
  return {
    maxOutOfOrdernessMs: parseDuration(maxOutOfOrderness) ?? 0,
    by: parts.filter((part) => part !== undefined),
    idleAfterMs: parseDuration(idleAfter),
  };
}

function compileStart(source: SourceDocument, report: Report): SourcePlan['start'] {
  const { start } = source;
  if (start === undefined) return { kind: source.file === undefined ? 'new' : 'all' };
  if (typeof start === 'string') return { kind: start };
  const timeMs = parseTimestamp(start.time);
  if (timeMs === undefined) {
    const message = `\`${start.time}\` is not a time: write ISO-8601 like 2026-01-01T00:00:00Z (without a zone: UTC), or milliseconds since 1970.`;
    report.error('invalid-time', '/start/time', message);
  }
  return { kind: 'time', timeMs: timeMs ?? 0 };
}

/** What the meaning of a source depends on: not its name, and not where it began. */
function sourceText(source: SourceDocument, plan: Omit<SourcePlan, 'hash'>): string {
  const { nats, file, event, schema, watermark } = source;
  const { maxOutOfOrdernessMs, idleAfterMs } = plan.watermark;
  const by = watermark?.by;
  const times = { maxOutOfOrdernessMs, idleAfterMs, maxFutureMs: plan.decode.maxFutureMs };
  return canonicalJson({ format: 'source/1', nats, file, event, schema, by, times, late: plan.late });
}

/** Compiles a source; undefined, with the reasons in the report, when it is wrong. */
export function compileSource(
  placed: PlacedDocument<SourceDocument>,
  report: Report,
  env: SourceEnvironment,
): SourcePlan | undefined {
  const source = placed.document;
  checkNats(source, report, env);
  checkArrival(source, report);
  const plan = {
    name: source.name,
    document: source,
    filePath: checkFile(placed, report, env.dataDirectory ?? ''),
    decode: compileDecode(source, report, env),
    watermark: compileWatermark(source, report, env.expressions),
    late: source.late ?? 'sideOutput',
    start: compileStart(source, report),
  };
  return report.failed ? undefined : { ...plan, hash: env.digest(sourceText(source, plan)) };
}
