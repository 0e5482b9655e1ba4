/**
 * One source that several shards read: read once, each message given to the shards whose keys it has, and to the others what of it
 * moves event time. The source is read no faster than the slowest of them takes it.
 *
 * Invariant: to a shard sequences only grow, and nothing is left out between what it asked to begin after and what it was given.
 */
import { assert } from '../../core/assert.js';
import type { KeyPlan, SourcePlan } from '../../core/document/plans.js';
import type { Clock } from '../../ports/clock.js';
import type { SourceBatch, SourceIdentity, SourceOpener, SourceReader, SourceStart } from '../../ports/source.js';
import { SourceError } from '../../ports/source.js';
import { joinStarts } from './join-starts.js';
import type { KnownStart, StartBook } from './join-starts.js';
import type { RouterReply, WhatRulesAsk } from './routing.js';
import { routingLimits } from './routing.js';
import type { RoutedBatch } from './routed-batch.js';
import { SourceRoutes } from './source-routes.js';
import type { Read, Reader } from './source-routes.js';

/** One shard that reads the source. */
export interface Subscriber extends Reader {
  readonly start: SourceStart;
  readonly send: (reply: SessionReply) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type SessionReply = WithoutId<RouterReply>;

interface Reading extends Read {
  readonly subscriber: Subscriber;
  /** Batches it may still be sent. */
  credit: number;
  readonly waiting: RoutedBatch[];
}

export interface SessionOptions {
  readonly plan: SourcePlan;
  readonly opener: SourceOpener;
  readonly shards: number;
  readonly clock: Clock;
  readonly batchMessagesMax: number;
  readonly pollWaitMs: number;
  readonly starts: StartBook;
  readonly keyPlan: (text: string) => KeyPlan;
  /** No shard reads the source any more. */
  readonly onEmpty: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class SourceSession {
  private readonly readings = new Map<Subscriber, Reading>();
  private reader: SourceReader | undefined;
  private readonly routes: SourceRoutes;
  /** Of a source opened without a position: what it was then, and where it began. */
  private openIdentity: SourceIdentity | undefined;
  private began: KnownStart | undefined;
  /** Everything up to here was read. */
  private scannedTo = 0;
  private lastWaiting: SessionReply | undefined;
  private wake: (() => void) | undefined;
  private failed: SessionReply | undefined;
  /** Nobody reads it any more. */
  private isOver = false;
  /** Since when not all shards read it. */
  private shortSince: number;

  constructor(private readonly options: SessionOptions) {
    this.routes = new SourceRoutes(options);
    this.shortSince = options.clock.monotonic();
    void this.run().catch((error: unknown) => options.onFailure(error));
  }

  join(subscriber: Subscriber): void {
    if (this.failed !== undefined) return subscriber.send(this.failed);
    this.readings.set(subscriber, { subscriber, credit: 0, waiting: [], sentTo: undefined });
    if (this.lastWaiting !== undefined) subscriber.send(this.lastWaiting);
    this.routes.forget();
    this.wake?.();
  }

  /** The shard's rules ask for something else from here on, which they have been given all of before. */
  ask(subscriber: Subscriber, asks: WhatRulesAsk): void {
    subscriber.asks = asks;
    this.routes.forget();
  }

  leave(subscriber: Subscriber): void {
    this.readings.delete(subscriber);
    this.routes.forget();
    this.shortSince = this.options.clock.monotonic();
    this.wake?.();
    if (this.readings.size > 0) return;
    this.isOver = true;
    void this.reader?.close();
    this.options.onEmpty();
  }

  allow(subscriber: Subscriber, batches: number): void {
    const reading = this.readings.get(subscriber);
    if (reading === undefined) return;
    reading.credit += batches;
    this.flush(reading);
    this.wake?.();
  }

  /** Reads for as long as somebody wants it. */
  private async run(): Promise<void> {
    try {
      do {
        await this.gather();
        await this.turn();
      } while (this.readings.size > 0);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const { code, message, fields } = error;
      this.failed = { kind: 'failed', code, message, fields };
      for (const { subscriber } of this.readings.values()) subscriber.send(this.failed);
    } finally {
      await this.reader?.close();
    }
  }

  /**
   * The shards open a source one after the other, at a start and when documents change: a moment's patience saves opening it again, and
   * lets the shard tell what is late that tells it otherwise.
   */
  private async gather(): Promise<void> {
    const { clock, shards } = this.options;
    while (this.readings.size < shards && !this.isOver) {
      const left = this.shortSince + routingLimits.gatherMs - clock.monotonic();
      if (left <= 0) return;
      await this.sleep(left);
    }
  }

  private async turn(): Promise<void> {
    const { batchMessagesMax, pollWaitMs } = this.options;
    if (this.someWait()) await this.admit();
    const { reader } = this;
    if (reader === undefined || this.readings.size === 0) return;
    if ([...this.readings.values()].some(({ waiting }) => waiting.length >= routingLimits.batchesWaitingMax)) {
      await this.sleep(pollWaitMs);
      return;
    }
    const batch = await reader.nextBatch(batchMessagesMax, pollWaitMs);
    await this.noteBeginning(batch, reader.identity);
    if (this.someWait()) await this.admit();
    // Whoever came meanwhile may want what is before: then all of it is read again.
    if (this.reader !== reader) return;
    this.give(batch, reader.identity);
    if (batch.ended) await this.sleep(pollWaitMs);
  }

  /** Shards came that have not been let in. */
  private someWait(): boolean {
    return [...this.readings.values()].some(({ sentTo }) => sentTo === undefined);
  }

  /** Lets them in; opens the source anew if one begins before what was read. */
  private async admit(): Promise<void> {
    const { starts, plan, opener } = this.options;
    const places = [...this.readings.values()].map(({ subscriber, sentTo }) => ({ start: subscriber.start, sentTo }));
    const joined = joinStarts({ plan, places, book: starts, began: this.began });
    const arrived = [...this.readings.values()].filter(({ sentTo }) => sentTo === undefined);
    const serves = joined.afterSeq === undefined || joined.afterSeq >= this.scannedTo;
    if (this.reader === undefined || !serves) {
      const { reader } = this;
      this.reader = undefined;
      await reader?.close();
      this.reader = await opener.open(plan.document, joined.open, {
        onWaiting: (reason) => this.say({ kind: 'waiting', ...reason }),
        isCancelled: () => this.readings.size === 0,
      });
      this.lastWaiting = undefined;
      this.scannedTo = joined.afterSeq ?? 0;
      if (joined.afterSeq === undefined) this.openIdentity = this.reader.identity;
    }
    const { identity } = this.reader;
    for (const reading of arrived) this.welcome(reading, identity, joined.unplaced);
  }

  private welcome(reading: Reading, identity: SourceIdentity, unplaced: KnownStart | undefined): void {
    const { start } = reading.subscriber;
    const own = start.kind === 'position';
    reading.sentTo = own ? start.afterSeq : (unplaced?.afterSeq ?? 0);
    if (identity.kind === 'core') reading.sentTo = Math.max(reading.sentTo, this.scannedTo);
    const told = own ? identity : (this.openIdentity ?? unplaced?.identity ?? identity);
    reading.subscriber.send({ kind: 'opened', identity: told });
  }

  /** Where a source began is kept before anything of it is given, so that it begins there for every shard. */
  private async noteBeginning(batch: SourceBatch, identity: SourceIdentity): Promise<void> {
    const { openIdentity } = this;
    if (openIdentity === undefined || this.began !== undefined || identity.kind === 'core') return;
    const first = Math.min(batch.messages[0]?.seq ?? Infinity, batch.gaps[0]?.[0] ?? Infinity);
    if (first === Infinity && batch.scannedTo === undefined) return;
    const afterSeq = first === Infinity ? (batch.scannedTo as number) : first - 1;
    this.began = { afterSeq, identity: openIdentity };
    await this.options.starts.put(this.options.plan, this.began);
  }

  private give(batch: SourceBatch, identity: SourceIdentity): void {
    const last = batch.messages[batch.messages.length - 1]?.seq ?? 0;
    const scannedTo = Math.max(this.scannedTo, last, batch.scannedTo ?? 0);
    const isNews = batch.messages.length > 0 || batch.gaps.length > 0 || batch.ended || scannedTo > this.scannedTo;
    this.scannedTo = scannedTo;
    if (!isNews) {
      const { caughtUp, pending } = batch;
      for (const { subscriber, waiting } of this.readings.values())
        if (waiting.length === 0) subscriber.send({ kind: 'turn', caughtUp, pending });
      return;
    }
    // After a step back some have it all already.
    const behind = [...this.readings.values()].filter(
      ({ sentTo }) => sentTo === undefined || sentTo < scannedTo || batch.ended,
    );
    const present = [...this.readings.keys()];
    for (const [reading, routed] of this.routes.route(batch, { identity, scannedTo, behind, present })) {
      reading.waiting.push(routed);
      reading.sentTo = Math.max(reading.sentTo ?? 0, scannedTo);
      this.flush(reading);
    }
  }

  private flush(reading: Reading): void {
    while (reading.credit > 0 && reading.waiting.length > 0) {
      reading.credit--;
      const batch = reading.waiting.shift();
      assert(batch !== undefined, 'a batch waits');
      reading.subscriber.send({ kind: 'batch', batch });
    }
  }

  private say(reply: SessionReply): void {
    this.lastWaiting = reply;
    for (const { subscriber, sentTo } of this.readings.values()) if (sentTo === undefined) subscriber.send(reply);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(ms, () => this.wake?.());
      this.wake = () => {
        this.wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}
