import { afterEach, describe, expect, test } from 'vitest';
import type { AlertSink, OutboundMessage } from '../../src/ports/sink.js';

/** A sink over an empty stream, and what the contract needs to look behind it. */
export interface SinkSetup {
  readonly sink: AlertSink;
  /** A subject the stream takes; the contract publishes only there. */
  readonly subject: string;
  /** What the stream holds, in order. */
  stored(): Promise<readonly { readonly id: string; readonly subject: string; readonly body: string }[]>;
  /** Another sink over the same stream, as after a restart. */
  reopen(): Promise<AlertSink>;
  /** Removes messages up to this sequence from the stream, as retention does. */
  expire(throughSeq: number): Promise<void>;
  dispose(): Promise<void>;
}

/** What every alert sink must do. */
export function sinkContract(name: string, setup: () => Promise<SinkSetup>): void {
  describe(`the sink contract, kept by ${name}`, () => {
    const opened: SinkSetup[] = [];
    const start = async (): Promise<SinkSetup> => {
      const one = await setup();
      opened.push(one);
      return one;
    };
    const message = (subject: string, id: number): OutboundMessage => ({
      id: `alert-${id}`,
      subject,
      contentType: 'application/json',
      body: `{"n":${id},"text":"é日"}`,
    });
    const range = (subject: string, from: number, to: number): OutboundMessage[] =>
      Array.from({ length: to - from }, (_, index) => message(subject, from + index));
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.dispose();
    });

    test('an empty stream has sequence 0 and no ids', async () => {
      const { sink } = await start();
      expect(await sink.lastSeq()).toBe(0);
      expect(await sink.publishedSince(0)).toEqual(new Set());
    });

    test('messages are stored in order, and each is acknowledged with its growing sequence', async () => {
      const { sink, subject, stored } = await start();
      const messages = range(subject, 0, 300);
      const acks = await sink.publish(messages);
      expect(acks.map((ack) => ack.id)).toEqual(messages.map(({ id }) => id));
      expect(acks.map((ack) => ack.seq)).toEqual(messages.map((_, index) => index + 1));
      expect(acks.every((ack) => !ack.duplicate && ack.refused === undefined)).toBe(true);
      expect((await stored()).map(({ id, subject: at, body }) => ({ id, at, body }))).toEqual(
        messages.map(({ id, subject: at, body }) => ({ id, at, body })),
      );
      expect(await sink.lastSeq()).toBe(300);
    });

    test('publishing nothing is acknowledged with nothing', async () => {
      const { sink } = await start();
      expect(await sink.publish([])).toEqual([]);
    });

    test('the same id published again is a duplicate with the first sequence, and stored once', async () => {
      const { sink, subject, stored } = await start();
      await sink.publish(range(subject, 0, 10));
      const acks = await sink.publish(range(subject, 5, 15));
      expect(acks.map((ack) => ack.duplicate)).toEqual([
        true,
        true,
        true,
        true,
        true,
        false,
        false,
        false,
        false,
        false,
      ]);
      expect(acks.map((ack) => ack.seq)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
      expect(await stored()).toHaveLength(15);
    });

    test('the same id twice in one call is stored once', async () => {
      const { sink, subject, stored } = await start();
      const acks = await sink.publish([message(subject, 1), message(subject, 1)]);
      expect(acks.map((ack) => ack.duplicate)).toEqual([false, true]);
      expect(await stored()).toHaveLength(1);
    });

    test('after a restart the ids behind a sequence are known, and a duplicate still is one', async () => {
      const { sink, subject, reopen } = await start();
      await sink.publish(range(subject, 0, 20));
      await sink.close();
      const again = await reopen();
      expect(await again.lastSeq()).toBe(20);
      expect(await again.publishedSince(17)).toEqual(new Set(['alert-17', 'alert-18', 'alert-19']));
      expect((await again.publishedSince(0)).size).toBe(20);
      expect(await again.publishedSince(20)).toEqual(new Set());
      const [ack] = await again.publish([message(subject, 19)]);
      expect(ack).toMatchObject({ duplicate: true });
      await again.close();
    });

    test('asking for what retention removed is refused with `alerts-expired`', async () => {
      const { sink, subject, expire } = await start();
      await sink.publish(range(subject, 0, 10));
      await expire(4);
      await expect(sink.publishedSince(3)).rejects.toMatchObject({ name: 'SinkError', code: 'alerts-expired' });
      expect((await sink.publishedSince(4)).size).toBe(6);
      await expire(10);
      await expect(sink.publishedSince(9)).rejects.toMatchObject({ code: 'alerts-expired' });
      expect((await sink.publishedSince(10)).size).toBe(0);
    });

    test('asking behind the end of the stream is refused with `alerts-behind`', async () => {
      const { sink, subject } = await start();
      await sink.publish(range(subject, 0, 3));
      await expect(sink.publishedSince(4)).rejects.toMatchObject({ name: 'SinkError', code: 'alerts-behind' });
    });

    test('a closed sink refuses to publish', async () => {
      const { sink, subject } = await start();
      await sink.close();
      await sink.close();
      await expect(sink.publish([message(subject, 1)])).rejects.toMatchObject({ name: 'SinkError', code: 'closed' });
    });
  });
}
