import * as z from 'zod';
import { documentName, duration, expression, fields, formError } from './shape-parts.js';

const natsShape = fields({
  stream: z
    .string()
    .regex(/^[^\s.*>/\\]+$/, {
      error: 'invalid-name: is not the name of a stream: no blanks, dots, slashes or wildcards.',
    })
    .optional()
    .describe(
      'JetStream stream to read, durable: nothing is lost or read twice over a restart. Without it: core NATS, at most once.',
    ),
  subjects: z
    .array(z.string().min(1))
    .min(1)
    .describe('Subjects to read; `*` stands for one token, `>` at the end for the rest.'),
  onGap: z
    .enum(['refuse', 'continue'])
    .optional()
    .describe(
      'When messages the source had not read yet are gone from the stream: `refuse` to go on, or `continue` behind the gap, counted.',
    ),
  partitioned: z
    .boolean()
    .optional()
    .describe(
      'Each subject has keys of its own: with `--shards` the shards share the subjects out, and each reads its own. The subjects must not overlap.',
    ),
}).describe('A stream of NATS JetStream, or plain NATS subjects.');

const fileShape = fields({
  path: z.string().min(1).describe('Path of the file, from the data directory; may end in .gz.'),
  format: z
    .enum(['csv', 'ndjson'])
    .optional()
    .describe('What the file holds; default by its name: .csv, .ndjson or .jsonl.'),
  columns: z
    .record(z.string(), z.enum(['number', 'string', 'boolean', 'json']))
    .optional()
    .describe('Types of CSV columns; a column that is not named is text.'),
}).describe('A file with one event per record. It ends, and then every deadline of its events is reached.');

const startShape = z
  .union(
    [
      z.enum(['new', 'all']),
      fields({ time: z.union([z.string(), z.number()]).describe('ISO-8601 text, or milliseconds since 1970.') }),
    ],
    {
      error: formError('`new`, `all` or `{ time: 2026-01-01T00:00:00Z }`'),
    },
  )
  .describe(
    'Where a source without a checkpoint begins: `new` (default) messages, `all` of the stream, or those from a time on. A file is read from its beginning.',
  );

const eventShape = fields({
  body: expression(
    'Where the payload sits in the message (CloudEvents, envelopes). Default: the message is the payload.',
  ).optional(),
  each: expression('An array in the payload whose elements become one event each.').optional(),
  time: expression(
    'Event time, from the payload: ISO-8601 text (without a zone: UTC) or milliseconds since 1970. Or `arrival`: the time the message was stored.',
  ),
  arrival: expression('Files only: where a record carries the time it arrived. Default: its event time.').optional(),
  id: expression(
    'A name of the event for people; the engine identifies events by their place in the source.',
  ).optional(),
  type: expression('Type of the event, which expressions see as $eventType.').optional(),
  order: expression('Orders events of equal time, before their order in the source.').optional(),
}).describe('How messages become events. Expressions are JSONata over the payload.');

const watermarkShape = fields({
  maxOutOfOrderness: duration(
    'How much later than a younger event an event may arrive. Default 0: events come in order of time.',
  ).optional(),
  by: z
    .union([expression('Unit of the watermark.'), z.array(expression('Unit of the watermark.')).min(1)], {
      error: formError('an expression or a list of them'),
    })
    .optional()
    .describe('Units with clocks of their own (hosts, devices): each has its watermark, the source has their minimum.'),
  idleAfter: duration('A unit silent this long no longer holds the others back.').optional(),
  maxFuture: duration(
    'An event further ahead of the arrival clock than this is put aside, so that it cannot freeze time.',
  ).optional(),
}).describe('How far event time has come: nothing at or below the watermark is expected any more.');

export const sourceShape = fields({
  kind: z.literal('source'),
  name: documentName('Name of the source, unique among sources.'),
  nats: natsShape.optional(),
  file: fileShape.optional(),
  start: startShape.optional(),
  event: eventShape,
  watermark: watermarkShape.optional(),
  late: z
    .enum(['drop', 'sideOutput'])
    .optional()
    .describe(
      'What becomes of late events, which are always counted: `sideOutput` (default) publishes them on <prefix>.late.<source>, `drop` does not.',
    ),
  schema: z
    .unknown()
    .optional()
    .describe('JSON Schema of the payload. One that fails goes to <prefix>.dead.<source> with the reasons.'),
})
  .refine(({ nats, file }) => (nats === undefined) !== (file === undefined), {
    error: 'conflicting-fields: A source is read from somewhere: give it exactly one of `nats` and `file`.',
    when: () => true,
  })
  .meta({
    id: 'source',
    title: 'Source',
    description: 'A stream of events: where they come from, and what their time is.',
    oneOf: [{ required: ['nats'] }, { required: ['file'] }],
  });
