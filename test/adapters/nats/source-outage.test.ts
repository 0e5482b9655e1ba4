import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { SourceReader } from '../../../src/ports/source.js';
import { NatsFixture, natsSource, read, texts, until } from './nats-fixture.js';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(config: Partial<StreamConfig> = {}): Promise<NatsFixture> {
  const fixture = await NatsFixture.start();
  undo.push(() => fixture.dispose());
  await fixture.addStream('S', ['s.>'], config);
  return fixture;
}

async function openAll(fixture: NatsFixture, onGap?: 'refuse' | 'continue'): Promise<SourceReader> {
  const reader = await fixture.opener.open(natsSource('S', ['s.>'], onGap), { kind: 'all' });
  undo.push(() => reader.close());
  return reader;
}

const sequences = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a server that goes away while a stream is read', () => {
  it('killed and started again, several times: no message is lost, none comes twice', async () => {
    const fixture = await start();
    const total = 60_000;
    await fixture.store('S', 's.a', total);
    const reader = await openAll(fixture);
    const seen: number[] = [];
    for (const stop of [5_000, 25_000, 45_000]) {
      const part = await read(reader, (r) => seen.length + r.messages.length >= stop);
      seen.push(...part.messages.map((m) => m.seq));
      await fixture.server.kill();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await fixture.server.start();
    }
    const rest = await read(reader, (r) => seen.length + r.messages.length >= total);
    seen.push(...rest.messages.map((m) => m.seq));
    expect(seen).toEqual(sequences(1, total));
    expect(rest.gaps).toEqual([]);
    const more = await fixture.store('S', 's.a', 10);
    expect(texts(await read(reader, (r) => r.messages.length >= 10))).toEqual(more);
  });

  it('is not caught up while nobody can know, and says so once per outage', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 3);
    const reader = await openAll(fixture);
    await read(reader, (r) => r.messages.length >= 3 && r.last?.caughtUp === true);
    await fixture.server.stop();
    await until(() => !fixture.link.status().connected);
    expect(await reader.nextBatch(10, 1_500)).toMatchObject({
      messages: [],
      caughtUp: false,
      pending: undefined,
      scannedTo: 3,
    });
    await fixture.server.start();
    const back = await read(reader, (r) => r.last?.caughtUp === true);
    expect(back.messages).toEqual([]);
    expect(fixture.log.said('NATS connection lost')).toHaveLength(1);
    expect(fixture.log.said('NATS is not reachable').length).toBeLessThanOrEqual(1);
    expect(fixture.log.said('NATS connected again')).toHaveLength(1);
  });

  it('and comes back with the stream created anew: refused', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 5);
    const reader = await openAll(fixture);
    await read(reader, (r) => r.messages.length >= 5);
    await fixture.server.stop();
    fixture.server.wipe();
    await fixture.behindItsBack(() => fixture.addStream('S', ['s.>']));
    await fixture.server.start();
    await expect(read(reader, () => false)).rejects.toMatchObject({ name: 'SourceError', code: 'stream-recreated' });
  });

  it('and comes back from an older copy of its directory, without what was already read: refused', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 5);
    const reader = await openAll(fixture);
    const restore = await backedUp(fixture);
    await fixture.store('S', 's.a', 5, 5);
    await read(reader, (r) => r.messages.length >= 10);
    await fixture.server.stop();
    restore();
    await fixture.server.start();
    await expect(read(reader, () => false)).rejects.toMatchObject({
      code: 'stream-behind',
      fields: { position: 10, lastSeq: 5 },
    });
  });

  it('and comes back from an older copy that was written to meanwhile: other messages under the sequences read, refused', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 5);
    const reader = await openAll(fixture);
    const restore = await backedUp(fixture);
    await fixture.store('S', 's.a', 5, 5);
    await read(reader, (r) => r.messages.length >= 10);
    const { identity } = reader;
    await fixture.server.stop();
    restore();
    await fixture.behindItsBack(async () => void (await fixture.store('S', 's.a', 7, 20)));
    await fixture.server.start();
    const refusal = { code: 'stream-behind', message: expect.stringMatching(/another message at 10 .*Choose/) };
    await expect(read(reader, () => false)).rejects.toMatchObject(refusal);
    const opening = fixture.opener.open(natsSource('S', ['s.>']), { kind: 'position', afterSeq: 10, identity });
    await expect(opening).rejects.toMatchObject(refusal);
  });

  it('and comes back with the unread part purged: what was received is given, then it is refused, or the hole is told', async () => {
    for (const onGap of ['refuse', 'continue'] as const) {
      const fixture = await start({ max_msgs: 5 });
      await fixture.store('S', 's.a', 5);
      const reader = await openAll(fixture, onGap);
      await read(reader, (r) => r.messages.length >= 5);
      await fixture.behindItsBack(async () => void (await fixture.store('S', 's.a', 10, 5)));
      await fixture.server.start();
      if (onGap === 'refuse') {
        await expect(read(reader, () => false)).rejects.toMatchObject({
          code: 'stream-purged',
          fields: { position: 5, firstSeq: 11 },
        });
      } else {
        const reading = await read(reader, (r) => r.messages.length >= 5);
        expect(reading.gaps).toEqual([[6, 10]]);
        expect(reading.messages.map((m) => m.seq)).toEqual([11, 12, 13, 14, 15]);
      }
    }
  });

  it('and forgets when the stream was created, as 2.9.10 does after an update of its configuration: known by its messages', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 5);
    const reader = await openAll(fixture);
    await read(reader, (r) => r.messages.length >= 5);
    const { identity } = reader;
    expect(identity.anchor?.seq).toBe(5);
    await (await fixture.manager()).streams.update('S', { max_msgs: 100 });
    await fixture.server.stop();
    await fixture.server.start();
    const stored = await fixture.store('S', 's.a', 5, 5);
    expect(texts(await read(reader, (r) => r.messages.length >= 5))).toEqual(stored);
    // The same for a checkpoint from before; and another stream is told by a message of another time.
    const start5 = { kind: 'position', afterSeq: 5, identity } as const;
    const again = await fixture.opener.open(natsSource('S', ['s.>']), start5);
    expect(texts(await read(again, (r) => r.messages.length >= 5))).toEqual(stored);
    await again.close();
    const doubtful = { ...identity, id: 'S@2020-01-01T00:00:00Z', anchor: { seq: 5, storedAtMs: 1 } };
    const opening = fixture.opener.open(natsSource('S', ['s.>']), {
      kind: 'position',
      afterSeq: 5,
      identity: doubtful,
    });
    await expect(opening).rejects.toMatchObject({ code: 'stream-recreated' });
  });

  it('only for our consumer: it is made anew at the next message', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 3);
    const reader = await openAll(fixture);
    await read(reader, (r) => r.last?.caughtUp === true && r.messages.length === 3);
    const manager = await fixture.manager();
    for (const { name } of await manager.consumers.list('S').next()) await manager.consumers.delete('S', name);
    const stored = await fixture.store('S', 's.a', 3, 3);
    expect(texts(await read(reader, (r) => r.messages.length >= 3))).toEqual(stored);
    expect(fixture.log.said('the consumer is made anew')).toHaveLength(1);
  });

  it('without a word, its connections still open: silence is noticed, and nothing is lost or comes twice when it goes on', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 1_000);
    const reader = await openAll(fixture);
    const before = await read(reader, (r) => r.messages.length >= 1_000 && r.last?.caughtUp === true);
    const producer = await fixture.admin();
    await fixture.server.freeze();
    for (let i = 0; i < 100; i++) producer.publish('s.a', String(1_000 + i));
    await until(() => fixture.log.said('nothing heard for').length > 0);
    expect(await reader.nextBatch(1, 0)).toMatchObject({ messages: [], caughtUp: false });
    fixture.server.thaw();
    const after = await read(reader, (r) => r.messages.length >= 100);
    expect([...before.messages, ...after.messages].map((m) => m.seq)).toEqual(sequences(1, 1_100));
  });

  it('with its stream: waited for, and refused when it was created anew', async () => {
    const fixture = await start();
    await fixture.store('S', 's.a', 3);
    const reader = await openAll(fixture);
    await read(reader, (r) => r.last?.caughtUp === true && r.messages.length === 3);
    const manager = await fixture.manager();
    await manager.streams.delete('S');
    await until(() => fixture.log.said('S does not exist').length > 0);
    expect(await reader.nextBatch(1, 50)).toMatchObject({ messages: [], caughtUp: false });
    await fixture.addStream('S', ['s.>']);
    await expect(read(reader, () => false)).rejects.toMatchObject({ code: 'stream-recreated' });
  });
});

/** A copy of the stored streams; the result puts it back. */
async function backedUp(fixture: NatsFixture): Promise<() => void> {
  await fixture.server.stop();
  const data = join(fixture.server.dir, 'data');
  cpSync(data, `${data}-copy`, { recursive: true });
  await fixture.server.start();
  await fixture.link.ready();
  return () => {
    rmSync(data, { recursive: true });
    cpSync(`${data}-copy`, data, { recursive: true });
  };
}

describe('a reader behind a server that answers again', () => {
  it('receives what was stored by a producer during its own absence', async () => {
    const fixture = await start();
    const reader = await openAll(fixture);
    const producer = await connect({
      servers: fixture.server.url,
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    undo.push(() => producer.close());
    const current = fixture.link.current();
    await current?.close();
    for (let i = 0; i < 100; i++) producer.publish('s.a', String(i));
    const reading = await read(reader, (r) => r.messages.length >= 100);
    expect(reading.messages.map((m) => m.seq)).toEqual(sequences(1, 100));
    expect(fixture.link.status().outages).toBe(1);
  });
});
