import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonataCompiler } from '../../../src/adapters/jsonata/index.js';
import type { Decoded, RawMessage } from '../../../src/core/decode/decode-message.js';
import { MessageDecoder } from '../../../src/core/decode/decode-message.js';
import type { DecodePlan } from '../../../src/core/document/plans.js';
import type { Expression } from '../../../src/core/expression/expression.js';
import { limits } from '../../../src/core/limits.js';

const compiler = createJsonataCompiler();
function expression(source: string): Expression {
  const result = compiler.compile(source, { stages: new Map(), params: false, key: false });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.expression;
}

const PLAN: DecodePlan = {
  body: undefined,
  each: undefined,
  time: expression('t'),
  arrival: undefined,
  id: undefined,
  type: undefined,
  order: undefined,
  schemaProblems: undefined,
  maxFutureMs: undefined,
};
const MESSAGE: RawMessage = {
  seq: 7,
  arrival: 5_000,
  subject: 'in.a',
  headers: { h: '1' },
  text: '{"t":1}',
  value: undefined,
};
function decode(plan: Partial<DecodePlan>, message: Partial<RawMessage>): Decoded {
  const out: Decoded = { events: [], dead: [] };
  new MessageDecoder('s', { ...PLAN, ...plan }).decode({ ...MESSAGE, ...message }, out);
  return out;
}
const reasons = (plan: Partial<DecodePlan>, message: Partial<RawMessage>): string[] =>
  decode(plan, message).dead.map(({ reason, index }) => `${reason} ${index}`);

describe('a message', () => {
  test('becomes an event with its place, its time, and what the source names', () => {
    const plan = { id: expression('i'), type: expression('k'), order: expression('o') };
    const { events, dead } = decode(plan, { text: '{"t":"1970-01-01T00:00:01Z","i":9,"k":true,"o":"b"}' });
    expect(dead).toEqual([]);
    expect(events).toEqual([
      {
        source: 's',
        seq: 7,
        index: 0,
        time: 1_000,
        arrival: 5_000,
        order: 'b',
        id: '9',
        type: 'true',
        subject: 'in.a',
        headers: { h: '1' },
        body: { t: '1970-01-01T00:00:01Z', i: 9, k: true, o: 'b' },
      },
    ]);
  });

  test('in an envelope, and with many events in it, becomes one event an element', () => {
    const text = '{"data":{"list":[{"t":1},{"t":2},{"n":3},{"t":4}]}}';
    const { events, dead } = decode({ body: expression('data'), each: expression('list') }, { text });
    expect(events.map(({ index, time }) => [index, time])).toEqual([
      [0, 1],
      [1, 2],
      [3, 4],
    ]);
    expect(dead).toMatchObject([{ seq: 7, index: 2, reason: 'time', payload: text }]);
  });

  test('takes its time from its arrival when the source says so, or from a field of the file', () => {
    expect(decode({ time: undefined }, {}).events[0]).toMatchObject({ time: 5_000, arrival: 5_000 });
    const filed = { time: undefined, arrival: expression('a') };
    expect(decode(filed, { text: '{"a":9}', arrival: undefined }).events[0]).toMatchObject({ time: 9, arrival: 9 });
    expect(decode({}, { arrival: undefined }).events[0]).toMatchObject({ time: 1, arrival: 1 });
    expect(reasons({ time: undefined }, { arrival: undefined })).toEqual(['time 0']);
  });

  test('sees its subject and headers', () => {
    const plan = { type: expression('$subject'), id: expression('$headers.h') };
    expect(decode(plan, {}).events[0]).toMatchObject({ type: 'in.a', id: '1' });
  });

  test.each([
    ['broken JSON', {}, { text: '{' }, 'json -1'],
    ['nothing', {}, { text: '' }, 'json -1'],
    ['a record its source could not read', {}, { problem: 'The line is too long.' }, 'record -1'],
    ['no envelope', { body: expression('data') }, {}, 'body -1'],
    ['no list', { each: expression('list') }, {}, 'each -1'],
    ['a list that is a number', { each: expression('t') }, {}, 'each -1'],
    ['no time', {}, { text: '{}' }, 'time 0'],
    ['a time that is none', {}, { text: '{"t":"soon"}' }, 'time 0'],
    ['a time whose expression fails', { time: expression('$number(t)') }, { text: '{"t":"x"}' }, 'time 0'],
    ['a payload the schema refuses', { schemaProblems: () => 'no' }, {}, 'schema 0'],
    ['a time too far ahead', { maxFutureMs: 1_000 }, { text: '{"t":6001}' }, 'future 0'],
  ] as const)('with %s is a dead letter, told why', (_, plan, message, reason) => {
    const { events, dead } = decode(plan, message);
    expect(events).toEqual([]);
    expect(dead.map((one) => `${one.reason} ${one.index}`)).toEqual([reason]);
    expect(dead[0]?.detail).toMatch(/^[A-Z`].*\.$|^no$/);
  });

  test('exactly as far ahead as allowed is an event', () => {
    expect(decode({ maxFutureMs: 1_000 }, { text: '{"t":6000}' }).events).toHaveLength(1);
  });

  test('with more events than the limit is one dead letter', () => {
    const text = JSON.stringify(Array.from({ length: limits.eventsPerMessageMax + 1 }, () => 1));
    expect(reasons({ each: expression('$') }, { text })).toEqual(['each -1']);
  });

  test('that is long is cut in its dead letter, with its length told', () => {
    const [letter] = decode({}, { text: `{"x":"${'é'.repeat(100_000)}"` }).dead;
    expect(letter).toMatchObject({ reason: 'json', payloadLength: 100_007 });
    expect(letter?.payload).toHaveLength(limits.deadLetterPayloadCharsMax);
  });

  test('is an event or a dead letter, never an exception, whatever it holds', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json()),
        fc.constantFrom(undefined, 'data', '$', '$.a.b'),
        fc.constantFrom(undefined, '$', 'list', '*'),
        fc.constantFrom('t', '$', '$number($)', '$toMillis($string(t))'),
        (text, body, each, time) => {
          const plan = {
            body: body === undefined ? undefined : expression(body),
            each: each === undefined ? undefined : expression(each),
            time: expression(time),
          };
          const { events, dead } = decode(plan, { text });
          if (each === undefined) expect(events.length + dead.length).toBe(1);
          expect(new Set([...events, ...dead].map(({ index }) => index)).size).toBe(events.length + dead.length);
        },
      ),
      { numRuns: 500 },
    ));
});
