/**
 * The outbox: messages that are durable and not yet known to be published. A message is handed to the sink only after the
 * checkpoint that holds it is durable, and leaves the store only after the sink acknowledged it.
 *
 * `since` is a sequence of the alert stream: every message still in the store was published after it, if at all. So a restart
 * reads the stream from there, and publishes what it does not find.
 */
import { assert } from '../core/assert.js';
import type { Log } from '../ports/log.js';
import type { Meter } from '../ports/meter.js';
import type { AlertSink, OutboundMessage, PublishAck } from '../ports/sink.js';
import { SinkError } from '../ports/sink.js';
import type { StateStore, StoreChange } from '../ports/store.js';
import { outboxKey, parseOutboxKey, rangeOf } from './state-layout.js';

/** The alert stream cannot tell any more which alerts it had. */
const LOST_ALERTS: ReadonlySet<string> = new Set(['alerts-expired', 'alerts-behind', 'alerts-too-many']);

interface Entry {
  readonly number: number;
  readonly message: OutboundMessage;
}

export interface OutboxOptions {
  readonly sink: AlertSink;
  readonly log: Log;
  readonly meter: Meter;
  readonly publishBatchMax: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long after a state was put back alerts found again are looked up. */
  readonly repeatsKeepMs: number;
  /** Where the alert stream cannot tell what was published: publish again what is not acknowledged, instead of refusing to start. */
  readonly acceptLostAlerts: boolean;
  /** The relay failed for good. */
  readonly onFailure: (error: unknown) => void;
  /** Something was acknowledged: room, and a checkpoint that could delete it. */
  readonly onAcknowledged: () => void;
}

export interface OutboxCheckpoint {
  readonly next: number;
  readonly since: number;
  /**
   * The state was put back to an earlier moment: what is found again may stand in the alert stream after `since`. `until` is set at
   * the first start: ms since the epoch, when nothing is looked up any more.
   */
  readonly repeats?: { readonly since: number; readonly until?: number };
}

export class Outbox {
  published = 0;
  refused = 0;
  private next = 1;
  private since = 0;
  /** Not yet in a durable checkpoint. */
  private fresh: Entry[] = [];
  /** Durable, waiting for the relay. */
  private durable: Entry[] = [];
  /** In a checkpoint that is being written. */
  private staged = 0;
  /** Handed to the sink, and the highest acknowledgement when they were. */
  private publishing = 0;
  private batchSince = 0;
  /** Acknowledged, still in the store. */
  private acknowledged: number[] = [];
  private highestAck = 0;
  /** Published by an earlier life that went further than the state this one began with, and not found again yet. */
  private repeats: { readonly since: number; readonly until: number; readonly ids: Set<string> } | undefined;
  private relaying = false;
  private closed = false;
  private idle: (() => void)[] = [];

  constructor(private readonly options: OutboxOptions) {}

  /** Messages not yet acknowledged. */
  get waiting(): number {
    return this.fresh.length + this.staged + this.durable.length + this.publishing;
  }

  /** Messages the next checkpoint must make durable. */
  get freshCount(): number {
    return this.fresh.length;
  }

  get deletable(): number {
    return this.acknowledged.length;
  }

  add(message: OutboundMessage): void {
    if (this.repeats !== undefined && this.isRepeat(message.id)) return;
    this.fresh.push({ number: this.next++, message });
  }

  /**
   * Reads what the last run left, drops what the alert stream already has, and queues the rest. Rejects with `SinkError`
   * when the stream no longer tells. `others`: another state was at work under the same name.
   */
  async recover(store: StateStore, checkpoint: OutboxCheckpoint | undefined, others = false): Promise<void> {
    if (checkpoint === undefined) {
      if (others) await this.recoverOthers();
      this.since = await this.options.sink.lastSeq();
      this.highestAck = this.since;
      return;
    }
    this.next = checkpoint.next;
    this.since = checkpoint.since;
    this.highestAck = this.since;
    await this.recoverRepeats(checkpoint.repeats);
    const left: Entry[] = [];
    for await (const [key, value] of store.entries(...rangeOf('o/'))) {
      left.push({ number: parseOutboxKey(key), message: JSON.parse(value) as OutboundMessage });
    }
    if (left.length === 0) {
      // Nothing can be missing: an alert stream that was made anew begins again.
      this.highestAck = Math.min(this.since, await this.options.sink.lastSeq());
      this.since = this.highestAck;
      return;
    }
    const known = await this.knownAlerts(this.since);
    for (const entry of left) {
      this.repeats?.ids.delete(entry.message.id);
      if (known.has(entry.message.id)) this.acknowledged.push(entry.number);
      else this.durable.push(entry);
    }
    this.options.log.info('outbox recovered', { left: left.length, published: this.acknowledged.length });
  }

  /** The state is new, but its name is not: what the alert stream has is not published again. */
  private async recoverOthers(): Promise<void> {
    try {
      await this.recoverRepeats({ since: 0 });
    } catch (error) {
      if (!(error instanceof SinkError) || !LOST_ALERTS.has(error.code)) throw error;
      this.options.log.warn('alerts published before and found again are published again', { code: error.code });
    }
  }

  private async recoverRepeats(saved: OutboxCheckpoint['repeats']): Promise<void> {
    const { now, repeatsKeepMs, log } = this.options;
    if (saved === undefined || now() > (saved.until ?? Infinity)) return;
    try {
      const ids = new Set(await this.knownAlerts(saved.since));
      this.repeats = { since: saved.since, until: saved.until ?? now() + repeatsKeepMs, ids };
      log.info('the state was put back: alerts found again that are published already are left out', { ids: ids.size });
    } catch (error) {
      // Refused at the first start; later, what has expired since was looked up then.
      if (saved.until === undefined || !(error instanceof SinkError) || error.code !== 'alerts-expired') throw error;
      log.warn('alerts found again are not looked up any more', { code: error.code, message: error.message });
    }
  }

  private isRepeat(id: string): boolean {
    const { repeats } = this;
    if (repeats?.ids.delete(id) !== true) return false;
    this.options.meter.count('weir_outbox_repeats_total');
    return true;
  }

  private async knownAlerts(since: number): Promise<ReadonlySet<string>> {
    try {
      return await this.options.sink.publishedSince(since);
    } catch (error) {
      if (!(error instanceof SinkError) || !LOST_ALERTS.has(error.code) || !this.options.acceptLostAlerts) throw error;
      this.options.log.warn('alerts not acknowledged before are published again', {
        code: error.code,
        message: error.message,
      });
      this.highestAck = await this.options.sink.lastSeq();
      this.since = this.highestAck;
      return new Set();
    }
  }

  /** What the checkpoint about to be written must hold. The caller calls `committed` once it is durable. */
  stage(): {
    readonly changes: Iterable<StoreChange>;
    readonly checkpoint: OutboxCheckpoint;
    readonly committed: () => void;
  } {
    const staged = this.fresh;
    this.fresh = [];
    const { acknowledged } = this;
    this.acknowledged = [];
    this.since = this.publishing > 0 ? this.batchSince : this.highestAck;
    this.staged += staged.length;
    const committed = (): void => {
      this.staged -= staged.length;
      for (const entry of staged) this.durable.push(entry);
      this.relay();
    };
    return { changes: changesOf(staged, acknowledged), checkpoint: this.checkpoint(), committed };
  }

  private checkpoint(): OutboxCheckpoint {
    const { next, since, repeats } = this;
    if (repeats === undefined || repeats.ids.size === 0) return { next, since };
    return { next, since, repeats: { since: repeats.since, until: repeats.until } };
  }

  /** Publishes what is durable, batch by batch, until nothing is left. */
  relay(): void {
    if (this.relaying || this.closed || this.durable.length === 0) {
      this.settleIdle();
      return;
    }
    this.relaying = true;
    void this.relayAll().then(
      () => this.endRelay(),
      (error: unknown) => this.failRelay(error),
    );
  }

  /** Resolves when nothing waits for an acknowledgement. */
  async drained(): Promise<void> {
    if (this.waiting === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  close(): void {
    this.closed = true;
  }

  private async relayAll(): Promise<void> {
    while (this.durable.length > 0 && !this.closed) {
      const batch = this.durable.splice(0, this.options.publishBatchMax);
      this.batchSince = this.highestAck;
      this.publishing = batch.length;
      const acks = await this.options.sink.publish(batch.map((entry) => entry.message));
      assert(acks.length === batch.length, 'the sink answers for every message');
      this.publishing = 0;
      batch.forEach((entry, at) => this.settle(entry, acks[at] as PublishAck));
      this.options.onAcknowledged();
    }
  }

  private settle(entry: Entry, ack: PublishAck): void {
    this.acknowledged.push(entry.number);
    if (ack.refused !== undefined) {
      this.refused++;
      this.options.meter.count('weir_outbox_refused_total');
      const { id, subject } = entry.message;
      this.options.log.error('a message can never be published and was dropped', { id, subject, ...ack.refused });
      return;
    }
    this.published++;
    if (ack.seq > this.highestAck) this.highestAck = ack.seq;
    this.options.meter.count('weir_outbox_published_total', 1, { duplicate: String(ack.duplicate) });
  }

  private endRelay(): void {
    this.relaying = false;
    if (this.durable.length > 0 && !this.closed) this.relay();
    else this.settleIdle();
  }

  private failRelay(error: unknown): void {
    this.relaying = false;
    if (this.closed && error instanceof SinkError && error.code === 'closed') return;
    this.options.onFailure(error);
  }

  private settleIdle(): void {
    if (this.waiting > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}

/** Written as they are asked for: messages do not change. */
function* changesOf(staged: readonly Entry[], acknowledged: readonly number[]): Iterable<StoreChange> {
  for (const { number, message } of staged) {
    yield { kind: 'put', key: outboxKey(number), value: JSON.stringify(message) };
  }
  for (const number of acknowledged) yield { kind: 'del', key: outboxKey(number) };
}
