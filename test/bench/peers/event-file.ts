/** Event files: one JSON object a line, in order of arrival. */
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { StreamEvent } from '../../../src/core/model/event.js';
import type { EventStream } from './event-streams.js';
import type { EventRecord } from './workload-spec.js';

const CHUNK_CHARS = 1 << 20;
const NEWLINE = 10;

/** Writes the stream unless the file is there: its name says what is in it. */
export function writeEvents(path: string, stream: () => EventStream): void {
  if (existsSync(path)) return;
  const file = openSync(`${path}.part`, 'w');
  let chunk = '';
  for (const record of stream()) {
    chunk += `${JSON.stringify(record)}\n`;
    if (chunk.length < CHUNK_CHARS) continue;
    writeSync(file, chunk);
    chunk = '';
  }
  writeSync(file, chunk);
  closeSync(file);
  renameSync(`${path}.part`, path);
}

/** The first `count` lines, each as the bytes a message would carry. */
export function readLines(path: string, count: number): Buffer[] {
  const bytes = readFileSync(path);
  const lines: Buffer[] = [];
  for (let begin = 0; begin < bytes.length && lines.length < count;) {
    const end = bytes.indexOf(NEWLINE, begin);
    lines.push(bytes.subarray(begin, end));
    begin = end + 1;
  }
  return lines;
}

/** An event of the source `bench`, in the shape in which decoding gives it. */
export function toEvent(body: EventRecord, seq: number): StreamEvent {
  return {
    source: 'bench',
    seq,
    index: 0,
    time: body.ts,
    arrival: body.ts,
    order: undefined,
    id: undefined,
    type: body.type,
    subject: '',
    headers: undefined,
    body,
  };
}

/** The first `count` events, decoded. */
export function readEvents(path: string, count: number): StreamEvent[] {
  return readLines(path, count).map((line, at) => toEvent(JSON.parse(line.toString('utf8')) as EventRecord, at + 1));
}
