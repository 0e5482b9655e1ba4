import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SinkFault } from '../../src/adapters/memory/memory-sink.js';
import { MemorySink, memoryStream } from '../../src/adapters/memory/memory-sink.js';
import type { MemoryDisk } from '../../src/adapters/memory/memory-store.js';
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import type { AlertSink, OutboundMessage } from '../../src/ports/sink.js';
import type { OutboxCheckpoint } from '../../src/runtime/outbox.js';
import { Outbox } from '../../src/runtime/outbox.js';

const message = (n: number): OutboundMessage => ({
  id: `m${n}`,
  subject: 'alerts.high.rule',
  contentType: 'application/json',
  body: `{"n":${n}}`,
});

interface Said {
  readonly level: string;
  readonly text: string;
}

/** An outbox over a disk and a stream that outlive it. */
class Box {
  readonly stream = memoryStream();
  readonly disk: MemoryDisk = new Map();
  checkpoint: OutboxCheckpoint | undefined;
  failures: unknown[] = [];
  said: Said[] = [];
  outbox!: Outbox;
  private store!: MemoryStore;

  async open(fault?: (message: OutboundMessage) => SinkFault, sink?: AlertSink): Promise<this> {
    this.store = new MemoryStore({ disk: this.disk });
    const say =
      (level: string) =>
      (text: string): void =>
        void this.said.push({ level, text });
    this.outbox = new Outbox({
      sink: sink ?? new MemorySink({ stream: this.stream, dedupeIdsMax: 0, ...(fault ? { fault } : {}) }),
      log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
      meter: { count: () => undefined, gauge: () => undefined, forget: () => undefined, observe: () => undefined },
      publishBatchMax: 3,
      now: () => 0,
      repeatsKeepMs: 1_000,
      acceptLostAlerts: false,
      onFailure: (error) => this.failures.push(error),
      onAcknowledged: () => undefined,
    });
    await this.outbox.recover(this.store, this.checkpoint);
    return this;
  }

  add(from: number, to: number): this {
    for (let n = from; n < to; n++) this.outbox.add(message(n));
    return this;
  }

  /** Writes a checkpoint; the messages leave when `committed` is called. */
  async write(): Promise<() => void> {
    const { changes: staged, checkpoint, committed } = this.outbox.stage();
    const changes = [...staged];
    await this.store.commit(changes, { sync: true });
    this.checkpoint = checkpoint;
    return committed;
  }

  async commit(): Promise<this> {
    (await this.write())();
    await this.rest();
    return this;
  }

  /** Lets the relay work. */
  async rest(): Promise<void> {
    for (let i = 0; i < 50; i++) await Promise.resolve();
  }

  get ids(): string[] {
    return this.stream.messages.map(({ id }) => id);
  }

  get stored(): number {
    return this.disk.size;
  }
}

const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

describe('the outbox', () => {
  test('publishes nothing before the checkpoint that holds it is durable, and everything after, in order', async () => {
    const box = (await new Box().open()).add(0, 8);
    const committed = await box.write();
    await box.rest();
    expect(box.ids).toEqual([]);
    expect(box.stored).toBe(8);
    expect(box.outbox.waiting).toBe(8);
    committed();
    await box.rest();
    expect(box.ids).toEqual(ids(0, 8));
    expect(box.outbox.waiting).toBe(0);
  });

  test('keeps a message until the checkpoint after its acknowledgement', async () => {
    const box = (await new Box().open()).add(0, 4);
    await box.commit();
    expect(box.stored).toBe(4);
    await box.commit();
    expect(box.stored).toBe(0);
    expect(box.checkpoint).toEqual({ next: 5, since: 4 });
  });

  test('publishes after a restart only what the stream does not have', async () => {
    const box = (await new Box().open()).add(0, 8);
    await box.commit();
    expect(box.ids).toEqual(ids(0, 8));
    // The process ended with five of the eight in the stream.
    box.stream.messages.length = 5;
    box.stream.lastSeq = 5;
    await box.open();
    box.outbox.relay();
    await box.rest();
    expect(box.ids).toEqual(ids(0, 8));
    await box.commit();
    await box.commit();
    expect(box.stored).toBe(0);
  });

  test('finds a message whose acknowledgement was lost', async () => {
    const box = (await new Box().open(({ id }) => (id === 'm1' ? 'lose-ack' : 'none'))).add(0, 3);
    await box.commit();
    expect(box.failures).toHaveLength(1);
    expect(box.ids).toEqual(ids(0, 2));
    await box.open();
    box.outbox.relay();
    await box.rest();
    expect(box.ids).toEqual(ids(0, 3));
  });

  test('drops a message that can never be published, says so, and publishes the rest', async () => {
    const box = (await new Box().open(({ id }) => (id === 'm1' ? 'refuse' : 'none'))).add(0, 3);
    await box.commit();
    await box.commit();
    expect(box.ids).toEqual(['m0', 'm2']);
    expect(box.outbox.refused).toBe(1);
    expect(box.said.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(box.stored).toBe(0);
  });

  test('refuses to guess when the stream no longer tells what was published', async () => {
    const box = (await new Box().open()).add(0, 3);
    await box.write();
    box.stream.lastSeq = 10;
    await expect(box.open()).rejects.toMatchObject({ code: 'alerts-expired' });
    box.stream.lastSeq = 0;
    box.checkpoint = { next: 4, since: 7 };
    await expect(box.open()).rejects.toMatchObject({ code: 'alerts-behind' });
    expect(box.stored).toBe(3);
  });

  test('asks the stream nothing when it left nothing', async () => {
    const box = await new Box().open();
    await box.commit();
    box.stream.lastSeq = 10;
    await box.open();
    expect(box.outbox.waiting).toBe(0);
  });

  test('never tells a point of the stream beyond what is still being published', async () => {
    let release: () => void = () => undefined;
    const stream = memoryStream();
    const inner = new MemorySink({ stream, dedupeIdsMax: 0 });
    const slow: AlertSink = {
      lastSeq: () => inner.lastSeq(),
      publishedSince: (after) => inner.publishedSince(after),
      close: () => inner.close(),
      publish: async (messages) => {
        await new Promise<void>((resolve) => (release = resolve));
        return inner.publish(messages);
      },
    };
    const box = (await new Box().open(undefined, slow)).add(0, 5);
    (await box.write())();
    await box.rest();
    release();
    await box.rest();
    box.add(5, 6);
    await box.write();
    // Three of five are acknowledged, two are on their way: whatever is stored was published after 3.
    expect(box.checkpoint).toEqual({ next: 7, since: 3 });
    expect(box.stored).toBe(3);
  });

  test('is drained when nothing waits any more', async () => {
    const box = (await new Box().open()).add(0, 2);
    let drained = false;
    void box.outbox.drained().then(() => (drained = true));
    await box.rest();
    expect(drained).toBe(false);
    await box.commit();
    expect(drained).toBe(true);
  });

  test('loses and doubles nothing, however adding, checkpoints, lost messages and restarts follow each other', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('add', 'write', 'commit', 'rest', 'restart', 'fail', 'lose-ack'), { maxLength: 40 }),
        async (steps) => {
          const box = await new Box().open();
          let next = 0;
          let durable = 0;
          let fault: SinkFault = 'none';
          const reopen = async (): Promise<void> => {
            fault = 'none';
            await box.open(() => {
              const now = fault;
              fault = 'none';
              return now;
            });
            next = durable;
            box.outbox.relay();
          };
          await reopen();
          for (const step of steps) {
            if (step === 'add') box.add(next, (next += 2));
            else if (step === 'restart' || box.failures.splice(0).length > 0) await reopen();
            else if (step === 'fail' || step === 'lose-ack') fault = step;
            else if (step === 'rest') await box.rest();
            else {
              const committed = await box.write();
              durable = next;
              if (step === 'commit') committed();
            }
          }
          await reopen();
          await box.commit();
          await box.commit();
          expect(box.ids.sort()).toEqual(ids(0, durable).sort());
          expect(box.stored).toBe(0);
        },
      ),
      { numRuns: 500 },
    ));
});
