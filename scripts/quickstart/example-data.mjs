/** The files under data/ as messages for the streams that the rules read: who reads what is taken from the source documents. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse';
import { parseAllDocuments } from 'yaml';
import { projectDir } from '../project.mjs';

const hourMs = 3_600_000;
const later = ({ ts }, ms) => ({ ts: new Date(Date.parse(ts) + ms).toISOString() });

/**
 * A stream, unlike a file, never ends, and event time stands still where nothing comes: deadlines after the last row would wait for it.
 * So one closing event follows the rows of each source (of each of its watermark's units), far enough ahead for every window of the
 * rules and with values no rule looks for.
 */
const closings = {
  charges: (last) => ({ ...later(last, hourMs), tx: 'closing', account: 'closing', currency: 'XXX', amount: 0 }),
  'transfers-in': (last) => ({ seq: last.seq + 1, step: last.step + 5, src: 'closing', dst: 'closing', amount: 0 }),
  sensors: (last) => ({ ...later(last, 24 * hourMs), sensor: 'closing', value: 0, in_window: 0 }),
  'fx-ticks': (last) => ({ ...later(last, hourMs), symbol: 'CLOSING', bid: 0, ask: 0 }),
  'fx-bars': (last) => ({ ...later(last, 2 * hourMs), venue: 'closing', symbol: 'CLOSING', high: 0, close: 0 }),
  'crypto-bars': (last) => ({ ...later(last, 2 * hourMs), symbol: 'CLOSING', high: 0, close: 0 }),
  'windows-events': (last) => ({ ...later(last, 2 * hourMs), EventID: 0 }),
  cloudtrail: (last) => ({ ...later(last, 2 * hourMs), eventName: 'Closing' }),
};

/** Small and telling first. */
const replayOrder = [
  'windows-events',
  'cloudtrail',
  'charges',
  'transfers-in',
  'sensors',
  'crypto-bars',
  'fx-bars',
  'fx-ticks',
];

function readSources(folder) {
  const path = join(projectDir, folder);
  const documents = readdirSync(path)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(path, name), 'utf8')).map((one) => one.toJS()));
  return new Map(documents.filter(({ kind }) => kind === 'source').map((source) => [source.name, source]));
}

/** The sources the service reads from NATS, by name. */
export function streamSources() {
  return readSources('rules/sources');
}

/** Every stream with the subjects of its sources. */
export function streamsOf(sources) {
  const streams = new Map();
  for (const { nats } of sources.values()) {
    if (nats?.stream === undefined) continue;
    streams.set(nats.stream, new Set([...(streams.get(nats.stream) ?? []), ...nats.subjects]));
  }
  return streams;
}

/** A subject of the source that a message can be sent to. */
export function subjectOf({ nats }, last) {
  return nats.subjects[0].replace(/[>*]$/, last);
}

/** The names of the fields a source's watermark is kept by; none when it is kept by something that is not a plain field. */
export function unitFields({ watermark: { by = [] } = {} }) {
  const fields = [by].flat();
  return fields.every((field) => /^[A-Za-z_]\w*$/.test(field)) ? fields : [];
}

/**
 * What there is to replay, in memory: `{subject, readers, messages, closings}` per file, the messages as JSON texts of which the last
 * `closings` are closing events. `readers` are the sources that take them: two may read one subject.
 */
export async function loadFeeds(sources, limit = Infinity) {
  const files = readSources('data/sources');
  const feeds = [];
  for (const name of replayOrder) {
    const { path, columns = {}, format = 'csv' } = files.get(name).file;
    const source = sources.get(name);
    const rows = readRows({ path: join(projectDir, path), columns, format: formatOf(path, format) });
    feeds.push({
      subject: subjectOf(source, 'example'),
      readers: [...sources.values()]
        .filter((one) => subjectOf(one, '') === subjectOf(source, ''))
        .map((one) => one.name),
      ...(await collect(rows, { source, close: closings[name], limit })),
    });
  }
  return feeds;
}

function formatOf(path, otherwise) {
  return path.replace(/\.gz$/, '').endsWith('.ndjson') ? 'ndjson' : otherwise;
}

async function* readRows({ path, columns, format }) {
  const text = createReadStream(path).pipe(createGunzip());
  if (format === 'ndjson') {
    for await (const line of createInterface({ input: text })) if (line !== '') yield JSON.parse(line);
    return;
  }
  const numbers = Object.keys(columns).filter((column) => columns[column] === 'number');
  for await (const row of text.pipe(parseCsv({ columns: true }))) {
    for (const column of numbers) row[column] = row[column] === '' ? undefined : Number(row[column]);
    yield row;
  }
}

/** The first `limit` rows, then a closing event for each unit of the watermark. */
async function collect(rows, { source, close, limit }) {
  const fields = unitFields(source);
  const units = new Map();
  const messages = [];
  let last;
  for await (const row of rows) {
    if (messages.length >= limit) break;
    if (last?.ts === undefined || row.ts >= last.ts) last = row;
    const unit = Object.fromEntries(fields.map((field) => [field, row[field]]));
    if (fields.length > 0) units.set(JSON.stringify(unit), unit);
    messages.push(JSON.stringify(row));
  }
  const ends = units.size === 0 ? [{}] : [...units.values()];
  for (const unit of ends) messages.push(JSON.stringify({ ...close(last), ...unit }));
  return { messages, closings: ends.length };
}
