import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsLimits } from '../../../src/adapters/nats/limits.js';
import { NatsFixture, natsSource, read, texts, until } from './nats-fixture.js';

let fixture: NatsFixture;
beforeAll(async () => {
  fixture = await NatsFixture.start();
});
afterAll(() => fixture.dispose());

const publish = async (subject: string, count: number): Promise<void> => {
  const admin = await fixture.admin();
  for (let i = 0; i < count; i++) admin.publish(subject, String(i));
  await admin.flush();
};

describe('a core NATS source', () => {
  it('numbers what it receives from its position on, and stamps it with its own clock', async () => {
    const identity = { kind: 'core', id: 'core', firstSeq: 1, lastSeq: 0 } as const;
    const reader = await fixture.opener.open(natsSource(undefined, ['c.>']), {
      kind: 'position',
      afterSeq: 41,
      identity,
    });
    expect(reader.identity).toMatchObject({ kind: 'core', lastSeq: 41 });
    await fixture.link.current()?.flush();
    const before = Date.now();
    await publish('c.x', 3);
    const { messages, last } = await read(reader, (r) => r.messages.length >= 3);
    expect(messages.map((m) => [m.seq, m.text, m.subject])).toEqual([
      [42, '0', 'c.x'],
      [43, '1', 'c.x'],
      [44, '2', 'c.x'],
    ]);
    expect(messages.every((m) => (m.arrival ?? 0) >= before && (m.arrival ?? 0) <= Date.now())).toBe(true);
    expect(last).toMatchObject({ caughtUp: true, scannedTo: 44 });
    await reader.close();
  });

  it('takes a message once, however many of its subjects match', async () => {
    const reader = await fixture.opener.open(natsSource(undefined, ['d.*', '*.x', 'd.x', 'd.>']), { kind: 'new' });
    await fixture.link.current()?.flush();
    await publish('d.x', 2);
    await publish('e.x', 1);
    const { messages } = await read(reader, (r) => r.messages.length >= 3);
    expect(messages.map((m) => m.subject)).toEqual(['d.x', 'd.x', 'e.x']);
    expect(await reader.nextBatch(10, 50)).toMatchObject({ messages: [] });
    await reader.close();
  });

  it('drops the newest when its caller is too slow, counts them as gaps, and says so', async () => {
    const reader = await fixture.opener.open(natsSource(undefined, ['slow.>']), { kind: 'new' });
    await fixture.link.current()?.flush();
    await publish('slow.x', natsLimits.coreBufferMessagesMax + 500);
    await until(() => fixture.log.said('read too slowly').length > 0);
    await fixture.link.current()?.flush();
    const reading = await read(reader, (r) => (r.last?.scannedTo ?? 0) >= natsLimits.coreBufferMessagesMax + 500);
    expect(reading.messages).toHaveLength(natsLimits.coreBufferMessagesMax);
    expect(reading.gaps).toEqual([[natsLimits.coreBufferMessagesMax + 1, natsLimits.coreBufferMessagesMax + 500]]);
    await reader.close();
  });

  it('listens again after an outage, and says that it missed what came meanwhile', async () => {
    const reader = await fixture.opener.open(natsSource(undefined, ['f.>']), { kind: 'new' });
    await fixture.server.kill();
    await until(() => !fixture.link.status().connected);
    await fixture.server.start();
    await fixture.link.ready();
    await fixture.link.current()?.flush();
    await publish('f.x', 1);
    expect(texts(await read(reader, (r) => r.messages.length >= 1))).toEqual(['0']);
    expect(fixture.log.said('missed what is published')).not.toEqual([]);
    await reader.close();
    await expect(reader.nextBatch(1, 0)).rejects.toMatchObject({ name: 'SourceError', code: 'closed' });
  });
});
