import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { natsLimits } from '../../../src/adapters/nats/limits.js';
import type { SourceReader, SourceStart } from '../../../src/ports/source.js';
import { sourceContract } from '../../contract/source-contract.js';
import { NatsFixture, natsSource, read, texts, until } from './nats-fixture.js';

let fixture: NatsFixture;
let counter = 0;
const readers: SourceReader[] = [];

beforeAll(async () => {
  fixture = await NatsFixture.start({ maxPayload: 16 * 1024 * 1024 });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
});
afterAll(() => fixture.dispose());

/** A stream of its own for each test. */
async function newStream(config = {}): Promise<string> {
  const name = `S${++counter}`;
  await fixture.addStream(name, [`${name}.>`], config);
  return name;
}

async function open(
  stream: string,
  start: SourceStart,
  subjects = [`${stream}.>`],
  onGap?: 'refuse' | 'continue',
): Promise<SourceReader> {
  const reader = await fixture.opener.open(natsSource(stream, subjects, onGap), start);
  readers.push(reader);
  return reader;
}

const count = (n: number) => (reading: { messages: unknown[] }) => reading.messages.length >= n;

sourceContract('a JetStream source', async (records) => {
  const stream = await newStream();
  const expected = await fixture.store(stream, `${stream}.a`, records);
  return {
    opener: fixture.opener,
    source: natsSource(stream, [`${stream}.>`]),
    expected,
    append: (more) => fixture.store(stream, `${stream}.a`, more, records),
    dispose: async () => void (await (await fixture.manager()).streams.delete(stream)),
  };
});

describe('where a stream is read from', () => {
  it('is after the last message for `new`, known as a sequence before anything comes', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 5);
    const reader = await open(stream, { kind: 'new' });
    expect(reader.identity).toMatchObject({ kind: 'jetstream', firstSeq: 1, lastSeq: 5 });
    const first = await reader.nextBatch(10, 300);
    expect(first).toMatchObject({ messages: [], scannedTo: 5 });
    await reader.close();
    // Stored while nobody read, and before any checkpoint: the position known at open still finds it.
    await fixture.store(stream, `${stream}.a`, 3, 5);
    const again = await open(stream, { kind: 'position', afterSeq: 5, identity: reader.identity });
    expect(texts(await read(again, count(3)))).toEqual(['5', '6', '7']);
  });

  it('is the first message stored at or after a time', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 4);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const timeMs = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await fixture.store(stream, `${stream}.a`, 3, 4);
    const reader = await open(stream, { kind: 'time', timeMs });
    expect(await reader.nextBatch(1, 0)).toMatchObject({ scannedTo: 4 });
    expect(texts(await read(reader, count(3)))).toEqual(['4', '5', '6']);
    const future = await open(stream, { kind: 'time', timeMs: Date.now() + 3_600_000 });
    expect(await future.nextBatch(1, 100)).toMatchObject({ messages: [], scannedTo: 7 });
    const past = await open(stream, { kind: 'time', timeMs: 0 });
    expect(texts(await read(past, count(7)))[0]).toBe('0');
  });

  it('is the beginning for `all`, also of an empty stream and of one that lost its beginning', async () => {
    const empty = await newStream();
    const waiting = await open(empty, { kind: 'all' });
    expect((await read(waiting, (r) => r.last?.caughtUp === true)).messages).toEqual([]);
    await fixture.store(empty, `${empty}.a`, 1);
    expect(texts(await read(waiting, count(1)))).toEqual(['0']);
    const cut = await newStream();
    await fixture.store(cut, `${cut}.a`, 10);
    await (await fixture.manager()).streams.purge(cut, { seq: 8 });
    const reading = await read(await open(cut, { kind: 'all' }), count(3));
    expect(texts(reading)).toEqual(['7', '8', '9']);
    expect(reading.gaps).toEqual([]);
  });
});

describe('a message', () => {
  it('carries its sequence, the time it was stored, its subject, its headers only if it has some, and its text', async () => {
    const stream = await newStream();
    const { headers } = await import('@nats-io/transport-node');
    const some = headers();
    some.set('trace', 'abc');
    const admin = await fixture.admin();
    const before = Date.now();
    admin.publish(`${stream}.plain`, '{"ä":1}');
    admin.publish(`${stream}.withHeaders`, 'x', { headers: some });
    admin.publish(`${stream}.empty`);
    admin.publish(`${stream}.binary`, Buffer.from([0x7b, 0xff, 0x7d]));
    const { messages } = await read(await open(stream, { kind: 'all' }), count(4));
    expect(messages.map((m) => [m.seq, m.subject, m.headers, m.text, m.problem])).toEqual([
      [1, `${stream}.plain`, undefined, '{"ä":1}', undefined],
      [2, `${stream}.withHeaders`, { trace: 'abc' }, 'x', undefined],
      [3, `${stream}.empty`, undefined, '', undefined],
      [4, `${stream}.binary`, undefined, '\uFFFD{\uFFFD}', 'The payload is not UTF-8 text.'],
    ]);
    for (const { arrival } of messages) {
      expect(arrival).toBeGreaterThanOrEqual(before - 5);
      expect(arrival).toBeLessThanOrEqual(Date.now() + 5);
    }
  });

  it('of ten megabytes passes among small ones', async () => {
    const stream = await newStream();
    const admin = await fixture.admin();
    const large = 'x'.repeat(10 * 1024 * 1024);
    for (const body of ['a', large, 'b', large, 'c']) admin.publish(`${stream}.a`, body);
    await admin.flush();
    const reading = await read(await open(stream, { kind: 'all' }), count(5));
    expect(reading.messages.map((m) => m.text?.length)).toEqual([1, large.length, 1, large.length, 1]);
    expect(fixture.log.said('made anew')).toEqual([]);
  });
});

describe('foreign subjects', () => {
  it('are passed over, and the position moves past them', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.wanted.x`, 3);
    await fixture.store(stream, `${stream}.other`, 500, 100);
    const reader = await open(stream, { kind: 'all' }, [`${stream}.wanted.*`]);
    const reading = await read(reader, (r) => r.last?.scannedTo === 503);
    expect(texts(reading)).toEqual(['0', '1', '2']);
    expect(reading.gaps).toEqual([]);
    expect(reading.last).toMatchObject({ caughtUp: true, pending: 0 });
    await fixture.store(stream, `${stream}.other`, 5);
    const more = await read(reader, (r) => r.last?.scannedTo === 508);
    expect(more.messages).toEqual([]);
  });

  it('only: a warning says that the source will see nothing', async () => {
    const stream = await newStream();
    await open(stream, { kind: 'new' }, ['elsewhere.>']);
    expect(fixture.log.said('elsewhere.>')[0]).toMatchObject({ level: 'warn', fields: { stream } });
  });
});

describe('deleted messages', () => {
  it('in the middle are reported as gaps, once, and reading goes on', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 20);
    const manager = await fixture.manager();
    for (const seq of [5, 6, 7, 12, 20]) await manager.streams.deleteMessage(stream, seq);
    const reader = await open(stream, { kind: 'all' });
    const reading = await read(reader, count(15));
    await fixture.store(stream, `${stream}.a`, 1, 20);
    const rest = await read(reader, count(1));
    expect([...reading.gaps, ...rest.gaps]).toEqual([
      [5, 7],
      [12, 12],
      [20, 20],
    ]);
    expect(texts(reading)).toHaveLength(15);
    expect(rest.last?.scannedTo).toBe(21);
    expect(fixture.log.said(`"${stream}"`).filter((line) => line.message.includes('interrupted'))).toEqual([]);
  });

  it('of a stream that keeps the last per subject: every survivor comes, every hole is told', async () => {
    const stream = await newStream({ max_msgs_per_subject: 1 });
    const admin = await fixture.admin();
    for (let i = 0; i < 300; i++) admin.publish(`${stream}.${i % 7}`, String(i));
    await admin.flush();
    const reading = await read(
      await open(stream, { kind: 'all' }),
      (r) => r.last?.caughtUp === true && r.messages.length > 0,
    );
    const covered = reading.gaps.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const first = reading.messages[0]?.seq ?? 0;
    expect(reading.messages.length + covered).toBe(300 - first + 1);
    expect(reading.messages.map((m) => m.text)).toEqual(['293', '294', '295', '296', '297', '298', '299']);
  });
});

describe('a slow caller', () => {
  it('slows the source: what is held stays bounded, and nothing is lost', async () => {
    const stream = await newStream();
    const total = natsLimits.prefetchMessagesMax * 2;
    await fixture.store(stream, `${stream}.a`, total);
    const reader = await open(stream, { kind: 'all' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const first = await reader.nextBatch(10, 0);
    const info = await (await fixture.manager()).streams.info(stream);
    expect(info.state.last_seq).toBe(total);
    const held = total - (await undelivered(stream));
    expect(held).toBeLessThanOrEqual(natsLimits.prefetchMessagesMax);
    const rest = await read(reader, count(total - 10));
    expect([...first.messages, ...rest.messages].map((m) => m.seq)).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
    expect(rest.last).toMatchObject({ caughtUp: true, pending: 0 });
  });

  /** Messages the server has not sent to the reader's consumer yet. */
  async function undelivered(stream: string): Promise<number> {
    const consumers = await (await fixture.manager()).consumers.list(stream).next();
    expect(consumers).toHaveLength(1);
    return consumers[0]?.num_pending ?? 0;
  }
});

describe('a stream that cannot be read as asked is refused with the choices', () => {
  it('for work-queue and for interest retention', async () => {
    for (const retention of ['workqueue', 'interest']) {
      const stream = await newStream({ retention });
      await expect(open(stream, { kind: 'all' })).rejects.toMatchObject({
        name: 'SourceError',
        code: 'stream-retention',
        message: expect.stringMatching(/limits/),
      });
    }
  });

  it('when it was created anew under the same name', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 5);
    const { identity } = await open(stream, { kind: 'all' });
    const manager = await fixture.manager();
    await manager.streams.delete(stream);
    await fixture.addStream(stream, [`${stream}.>`]);
    await fixture.store(stream, `${stream}.a`, 9);
    const opening = open(stream, { kind: 'position', afterSeq: 5, identity });
    await expect(opening).rejects.toMatchObject({ code: 'stream-recreated', message: expect.stringMatching(/Choose/) });
  });

  it('when messages after the position are gone, unless going on is allowed', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 10);
    const { identity } = await open(stream, { kind: 'all' });
    await (await fixture.manager()).streams.purge(stream, { seq: 8 });
    const start: SourceStart = { kind: 'position', afterSeq: 4, identity };
    await expect(open(stream, start)).rejects.toMatchObject({
      code: 'stream-purged',
      message: expect.stringMatching(/onGap: continue/),
      fields: { position: 4, firstSeq: 8 },
    });
    const reader = await open(stream, start, [`${stream}.>`], 'continue');
    const reading = await read(reader, count(3));
    expect(reading.gaps).toEqual([[5, 7]]);
    expect(texts(reading)).toEqual(['7', '8', '9']);
    // Up to the position itself it may be gone: nothing is missing.
    await read(await open(stream, { ...start, afterSeq: 7 }), count(3));
  });

  it('when it ends before the position', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 3);
    const { identity } = await open(stream, { kind: 'all' });
    const opening = open(stream, { kind: 'position', afterSeq: 4, identity });
    await expect(opening).rejects.toMatchObject({
      code: 'stream-behind',
      message: expect.stringMatching(/sync_interval/),
    });
    await open(stream, { kind: 'position', afterSeq: 3, identity });
  });

  it('when another message stands where the last one was read, also after a start that read nothing', async () => {
    const stream = await newStream();
    await fixture.store(stream, `${stream}.a`, 5);
    const first = await open(stream, { kind: 'all' });
    await first.nextBatch(2, 5_000);
    const again = await open(stream, { kind: 'position', afterSeq: 2, identity: first.identity });
    expect(again.identity.anchor).toEqual(first.identity.anchor);
    const identity = { ...again.identity, anchor: { seq: 2, storedAtMs: 0 } };
    await expect(open(stream, { kind: 'position', afterSeq: 2, identity })).rejects.toMatchObject({
      code: 'stream-behind',
      message: expect.stringMatching(/another message at 2 .*Choose/),
    });
  });

  it('when the source is not a NATS source', async () => {
    const opening = fixture.opener.open({ kind: 'source', name: 'f', event: { time: 'ts' } }, { kind: 'all' });
    await expect(opening).rejects.toMatchObject({ name: 'SourceError', code: 'not-nats' });
  });
});

describe('a stream that does not exist yet', () => {
  it('is read from its first message by `new`, for all of it came after', async () => {
    const opening = fixture.opener.open(natsSource('BORN', ['BORN.>']), { kind: 'new' });
    await until(() => fixture.log.said('BORN does not exist').length > 0);
    await fixture.addStream('BORN', ['BORN.>'], {});
    await fixture.store('BORN', 'BORN.a', 3);
    const reader = await opening;
    readers.push(reader);
    const { messages } = await read(reader, count(3));
    expect(messages.map((message) => message.seq)).toEqual([1, 2, 3]);
  });

  it('is waited for, and read once it is there', async () => {
    const reasons: string[] = [];
    const opening = fixture.opener.open(
      natsSource('LATER', ['later.>']),
      { kind: 'all' },
      { onWaiting: ({ code }) => reasons.push(code) },
    );
    await until(() => reasons.length > 0);
    await fixture.addStream('LATER', ['later.>']);
    await fixture.store('LATER', 'later.a', 2);
    const reader = await opening;
    expect(texts(await read(reader, count(2)))).toEqual(['0', '1']);
    expect(reasons).toEqual(['stream-not-found']);
    expect(fixture.log.said('LATER does not exist').length).toBe(1);
    await reader.close();
  });

  it('is not waited for any longer than the caller wants', async () => {
    let cancelled = false;
    const opening = fixture.opener.open(
      natsSource('NEVER', ['never.>']),
      { kind: 'all' },
      { isCancelled: () => cancelled },
    );
    setTimeout(() => (cancelled = true), 50);
    await expect(opening).rejects.toMatchObject({ name: 'SourceError', code: 'cancelled' });
  });
});

describe('a closed reader', () => {
  it('lets a waiting call go, and leaves no consumer behind', async () => {
    const stream = await newStream();
    const reader = await open(stream, { kind: 'all' });
    await read(reader, (r) => r.last?.caughtUp === true);
    const waiting = reader.nextBatch(10, 10_000);
    await reader.close();
    await expect(waiting).rejects.toMatchObject({ name: 'SourceError', code: 'closed' });
    const manager = await fixture.manager();
    await until(async () => (await manager.consumers.list(stream).next()).length === 0);
  });
});
