import { afterEach, describe, expect, it } from 'vitest';
import { natsAlertSink } from '../../../src/adapters/nats/alert-sink.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../../../src/ports/sink.js';
import { TestNatsServer } from '../../support/nats-server.js';
import { NatsFixture, until } from './nats-fixture.js';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(server?: TestNatsServer): Promise<{ fixture: NatsFixture; sink: AlertSink }> {
  const fixture = server === undefined ? await NatsFixture.start() : await NatsFixture.on(server);
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
    const { fixture, sink } = await start();
    await fixture.addStream('WEIR_ALERTS', ['weir.alerts.>'], { duplicate_window: 200 * 1e6 });
    await sink.publish(messages(0, 10));
    // The server dies with acknowledgements on their way, or not: both must come out the same.
    const publishing = sink.publish(messages(10, 3_000));
    await until(async () => (await (await fixture.manager()).streams.info('WEIR_ALERTS')).state.messages > 100);
    await fixture.server.kill();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await fixture.server.start();
    const acks = await publishing;
    expect(acks).toHaveLength(2_990);
    const { ids, count } = await storedIds(sink, fixture);
    expect(count).toBe(3_000);
    expect(ids.size).toBe(3_000);
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
