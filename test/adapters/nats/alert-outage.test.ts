import type { StreamConfig } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { natsAlertSink } from '../../../src/adapters/nats/alert-sink.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../../src/ports/sink.js';
import { TestNatsServer } from '../../support/nats-server.js';
import { NatsFixture, until } from './nats-fixture.js';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(
  server?: TestNatsServer,
  config?: Partial<StreamConfig>,
): Promise<{ fixture: NatsFixture; sink: AlertSink }> {
  const fixture = server === undefined ? await NatsFixture.start() : await NatsFixture.on(server);
  if (config !== undefined) await fixture.addStream('WEIR_ALERTS', ['weir.alerts.>'], config);
  const sink = natsAlertSink(fixture.link, {}, fixture.log);
  undo.push(() => fixture.dispose());
  undo.push(() => sink.close());
  return { fixture, sink };
}

const messages = (from: number, to: number): OutboundMessage[] =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `alert-${from + i}`,
    subject: 'weir.alerts.high.rule',
    contentType: 'application/json',
    body: `{"n":${from + i},"pad":"${'x'.repeat(200)}"}`,
  }));

async function storedIds(sink: AlertSink, fixture: NatsFixture): Promise<{ ids: ReadonlySet<string>; count: number }> {
  const ids = await sink.publishedSince(0);
  const { state } = await (await fixture.manager()).streams.info('WEIR_ALERTS');
  return { ids, count: state.messages };
}

describe('a server that goes away while alerts are published', () => {
  it('killed and started again, several times: every alert is acknowledged once and stored once', async () => {
    const { fixture, sink } = await start();
    await sink.lastSeq();
    const total = 40_000;
    const acks: PublishAck[] = [];
    let acked = 0;
    const publishing = (async () => {
      for (let from = 0; from < total; from += 2_000) {
        acks.push(...(await sink.publish(messages(from, from + 2_000))));
        acked += 2_000;
      }
    })();
    for (const stop of [2_000, 12_000, 24_000]) {
      await until(() => acked >= stop);
      await new Promise((resolve) => setTimeout(resolve, 7));
      await fixture.server.kill();
      await fixture.server.start();
    }
    await publishing;
    expect(acks.map((ack) => ack.id)).toEqual(messages(0, total).map(({ id }) => id));
    expect(acks.every((ack) => ack.seq > 0 && ack.refused === undefined)).toBe(true);
    const { ids, count } = await storedIds(sink, fixture);
    expect(count).toBe(total);
    expect(ids.size).toBe(total);
    expect(fixture.link.status().outages).toBe(3);
  });

  it('for longer than it remembers ids: what it stored before is found in the stream and not published again', async () => {
    const { fixture, sink } = await start(undefined, { duplicate_window: 200 * 1e6 });
    await sink.publish(messages(0, 10));
    await fixture.server.freeze();
    const publishing = sink.publish(messages(10, 20));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await fixture.server.kill();
    // Half of them were stored before it died, their acknowledgements lost.
    await fixture.behindItsBack(async () => {
      const admin = await fixture.admin();
      for (const { id, subject, body } of messages(10, 15)) {
        const idHeader = headers();
        idHeader.set('Nats-Msg-Id', id);
        await admin.request(subject, body, { headers: idHeader, timeout: 1_000 });
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    await fixture.server.start();
    const acks = await publishing;
    expect(acks.map((ack) => ack.seq)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(acks.map((ack) => ack.duplicate)).toEqual([true, true, true, true, true, false, false, false, false, false]);
    const { ids, count } = await storedIds(sink, fixture);
    expect(count).toBe(20);
    expect(ids.size).toBe(20);
  });

  it('not there yet: publishing and asking wait for it', async () => {
    const server = await TestNatsServer.reserve();
    const { fixture, sink } = await start(server);
    const asked = sink.lastSeq();
    const publishing = sink.publish(messages(0, 5));
    await until(() => fixture.log.said('NATS is not reachable').length > 0);
    await server.start();
    expect((await publishing).map((ack) => ack.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(await asked).toBeGreaterThanOrEqual(0);
  });

  it('and does not come back: closing lets go of everything, at once', async () => {
    const { fixture, sink } = await start();
    await sink.lastSeq();
    await fixture.server.kill();
    const publishing = sink.publish(messages(0, 5));
    const asked = sink.lastSeq();
    const settled = Promise.allSettled([publishing, asked]);
    await sink.close();
    await fixture.link.close();
    for (const result of await settled)
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'SinkError', code: 'closed' } });
  });
});
