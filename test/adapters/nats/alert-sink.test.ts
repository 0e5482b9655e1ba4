import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsAlertSink } from '../../../src/adapters/nats/alert-sink.js';
import type { AlertStreamOptions } from '../../../src/adapters/nats/alert-stream.js';
import { natsLimits } from '../../../src/adapters/nats/limits.js';
import type { AlertSink, OutboundMessage } from '../../../src/ports/sink.js';
import { sinkContract } from '../../contract/sink-contract.js';
import { NatsFixture, until } from './nats-fixture.js';

let fixture: NatsFixture;
let counter = 0;
const sinks: AlertSink[] = [];

beforeAll(async () => {
  fixture = await NatsFixture.start({ maxPayload: 100_000 });
});
afterAll(async () => {
  for (const sink of sinks) await sink.close();
  await fixture.dispose();
});

const names = (): { stream: string; prefix: string } => {
  counter += 1;
  return { stream: `ALERTS${counter}`, prefix: `alerts${counter}` };
};

function open(options: AlertStreamOptions): AlertSink {
  const sink = natsAlertSink(fixture.link, options, fixture.log);
  sinks.push(sink);
  return sink;
}

const message = (subject: string, id: string, body = '{}'): OutboundMessage => ({
  id,
  subject,
  contentType: 'application/json',
  body,
});

async function stored(stream: string): Promise<{ id: string; subject: string; body: string; type: string }[]> {
  const manager = await fixture.manager();
  const { state } = await manager.streams.info(stream);
  const all = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const one = await manager.streams.getMessage(stream, { seq });
    if (one === null) continue;
    const { header, subject } = one;
    all.push({ id: header.get('Nats-Msg-Id'), type: header.get('content-type'), subject, body: one.string() });
  }
  return all;
}

sinkContract('the JetStream alert sink', async () => {
  const options = names();
  const sink = open(options);
  return {
    sink,
    subject: `${options.prefix}.high.rule`,
    stored: () => stored(options.stream),
    reopen: () => Promise.resolve(open(options)),
    expire: async (throughSeq) =>
      void (await (await fixture.manager()).streams.purge(options.stream, { seq: throughSeq + 1 })),
    dispose: async () => {
      await sink.close();
      await (await fixture.manager()).streams.delete(options.stream).catch(() => false);
    },
  };
});

describe('the alert stream', () => {
  it('is created with its documented limits', async () => {
    const { stream, prefix } = names();
    await open({ stream, prefix, replicas: 1 }).lastSeq();
    const { config } = await (await fixture.manager()).streams.info(stream);
    expect(config).toMatchObject({
      subjects: [`${prefix}.>`],
      storage: 'file',
      retention: 'limits',
      discard: 'old',
      max_age: natsLimits.alertStreamMaxAgeMs * 1e6,
      max_bytes: natsLimits.alertStreamMaxBytes,
      duplicate_window: natsLimits.alertDuplicateWindowMs * 1e6,
    });
  });

  it('that exists is used as it is', async () => {
    const { stream, prefix } = names();
    await fixture.addStream(stream, [`${prefix}.>`, `other${counter}`], { max_msgs: 77, duplicate_window: 1e9 });
    await open({ stream, prefix, maxBytes: 5 }).lastSeq();
    const { config } = await (await fixture.manager()).streams.info(stream);
    expect(config).toMatchObject({ max_msgs: 77, max_bytes: -1, subjects: [`${prefix}.>`, `other${counter}`] });
    expect(fixture.log.said('duplicate window')).toHaveLength(1);
  });

  it('that does not capture the alert subjects, or keeps them only for consumers, is refused', async () => {
    const { stream, prefix } = names();
    await fixture.addStream(stream, [`${prefix}.high.>`]);
    await expect(open({ stream, prefix }).lastSeq()).rejects.toMatchObject({
      name: 'SinkError',
      code: 'alert-stream-subjects',
    });
    const queue = names();
    await fixture.addStream(queue.stream, [`${queue.prefix}.>`], { retention: 'workqueue' });
    await expect(open(queue).lastSeq()).rejects.toMatchObject({ code: 'alert-stream-retention' });
    const mute = names();
    await fixture.addStream(mute.stream, [`${mute.prefix}.>`], { no_ack: true });
    await expect(open(mute).lastSeq()).rejects.toMatchObject({ code: 'alert-stream' });
  });

  it('that the server will not create is a refusal, with the choices', async () => {
    const { stream, prefix } = names();
    await fixture.addStream(`${stream}_TAKEN`, [`${prefix}.low.*`]);
    await expect(open({ stream, prefix }).lastSeq()).rejects.toMatchObject({
      code: 'alert-stream',
      message: expect.stringMatching(/Another stream already captures/),
    });
  });
});

describe('publishing', () => {
  it('carries id, content type, subject and body', async () => {
    const options = names();
    const subject = `${options.prefix}.critical.x`;
    await open(options).publish([
      { id: 'id-1', subject, contentType: 'application/cloudevents+json', body: '{"ü":1}' },
    ]);
    expect(await stored(options.stream)).toEqual([
      { id: 'id-1', subject, type: 'application/cloudevents+json', body: '{"ü":1}' },
    ]);
  });

  it('keeps the order over many windows', async () => {
    const options = names();
    const sink = open(options);
    const ids = Array.from({ length: natsLimits.publishWindowMessages * 5 }, (_, i) => `m${i}`);
    const acks = await sink.publish(ids.map((id) => message(`${options.prefix}.a.b`, id)));
    expect(acks.map((ack) => ack.seq)).toEqual(ids.map((_, i) => i + 1));
  });

  it('refuses for good what the server, the stream or the protocol can never take, and publishes the rest', async () => {
    const { stream, prefix } = names();
    await fixture.addStream(stream, [`${prefix}.>`], { max_msg_size: 50_000 });
    const sink = open({ stream, prefix });
    const acks = await sink.publish([
      message(`${prefix}.a.1`, 'first'),
      message(`${prefix}.a.2`, 'over-max-payload', 'x'.repeat(100_001)),
      message(`${prefix}.a.3`, 'over-max-msg-size', 'x'.repeat(60_000)),
      message(`${prefix}.not a subject`, 'bad-subject'),
      message(`${prefix}.a.4`, 'bad\r\nheader'),
      message(`${prefix}.a.5`, 'last'),
    ]);
    expect(acks.map((ack) => ack.refused?.code)).toEqual([
      undefined,
      'too-large',
      'too-large',
      'malformed',
      'malformed',
      undefined,
    ]);
    expect(acks.map((ack) => ack.seq)).toEqual([1, 0, 0, 0, 0, 2]);
    expect((await stored(stream)).map(({ id }) => id)).toEqual(['first', 'last']);
  });

  it('tries again while the stream is full and refuses new ones, until there is room', async () => {
    const { stream, prefix } = names();
    await fixture.addStream(stream, [`${prefix}.>`], { max_msgs: 3, discard: 'new' });
    const sink = open({ stream, prefix });
    const publishing = sink.publish(['1', '2', '3', '4', '5'].map((id) => message(`${prefix}.a.b`, id)));
    await until(() =>
      fixture.log.said('Alerts cannot be published').some((line) => JSON.stringify(line).includes(stream)),
    );
    const manager = await fixture.manager();
    await manager.streams.purge(stream);
    const acks = await publishing;
    expect(acks.every((ack) => ack.refused === undefined && ack.seq > 0)).toBe(true);
    expect((await stored(stream)).map(({ id }) => id)).toEqual(['4', '5']);
  });

  it('creates the stream again when somebody deleted it', async () => {
    const options = names();
    const sink = open(options);
    await sink.publish([message(`${options.prefix}.a.b`, '1')]);
    await (await fixture.manager()).streams.delete(options.stream);
    const [ack] = await sink.publish([message(`${options.prefix}.a.b`, '2')]);
    expect(ack).toMatchObject({ seq: 1, duplicate: false });
    await expect(sink.publishedSince(2)).rejects.toMatchObject({ code: 'alerts-behind' });
  });
});

describe('recovery', () => {
  it('ignores alerts deleted one by one, but says so', async () => {
    const options = names();
    const sink = open(options);
    await sink.publish(['1', '2', '3', '4'].map((id) => message(`${options.prefix}.a.b`, id)));
    const manager = await fixture.manager();
    await manager.streams.deleteMessage(options.stream, 3);
    expect(await sink.publishedSince(1)).toEqual(new Set(['2', '4']));
    await manager.streams.deleteMessage(options.stream, 4);
    expect(await sink.publishedSince(1)).toEqual(new Set(['2']));
    expect(fixture.log.said('Some alerts were deleted').length).toBeGreaterThan(0);
  });

  it('reads ids without reading bodies, and messages without an id count for nothing', async () => {
    const options = names();
    const sink = open(options);
    await sink.publish([message(`${options.prefix}.a.b`, '1', 'x'.repeat(90_000))]);
    const admin = await fixture.admin();
    admin.publish(`${options.prefix}.from.elsewhere`, 'no id');
    await admin.flush();
    expect(await sink.publishedSince(0)).toEqual(new Set(['1']));
  });
});
