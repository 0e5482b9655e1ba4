/**
 * What of a batch goes to which of the shards that read a source. A shard gets the messages of its keys that its rules may have a use
 * for, of everything else what moves event time. The home shard, in whose thread all is parsed, tells what is late or dead, whosever
 * it is, so that who tells does not depend on the rules.
 *
 * Invariant: an event that is kept from the shard of its key is noise to every rule in force there; and a shard that gets a rule to
 * which it may be more reads again what is not final.
 */
import type { KeyPlan, SourcePlan } from '../../core/document/plans.js';
import type { StreamEvent } from '../../core/model/event.js';
import { MessageRoutes, isGivenWhole } from '../../core/shard/route-message.js';
import type { SourceInterest } from '../../core/shard/source-interest.js';
import type { SourceBatch, SourceIdentity, SourceMessage } from '../../ports/source.js';
import { ElsewhereBuilder, LocalMessagesBuilder, RoutedMessagesBuilder } from './routed-batch.js';
import type { MessagesBuilder, RoutedBatch } from './routed-batch.js';
import type { WhatRulesAsk } from './routing.js';

/** A shard that reads the source. */
export interface Reader {
  readonly shard: number;
  /** It is in this thread: batches are given as they are. */
  readonly isLocal: boolean;
  asks: WhatRulesAsk;
  /** Of the shard in this thread: what its rules ask, now. */
  readonly interest: SourceInterest | undefined;
}

export interface Read {
  readonly subscriber: Reader;
  /** It has everything up to here; undefined until the source is open. */
  sentTo: number | undefined;
}

interface RoutedPlace<R> {
  readonly identity: SourceIdentity;
  readonly scannedTo: number;
  /** Those that do not have the batch yet. */
  readonly behind: readonly R[];
  /** All that read the source. */
  readonly present: readonly Reader[];
}

/** Whom to give what, while those who read the source and their rules stay the same. */
interface Plan {
  readonly routes: MessageRoutes;
  /** Of the rules of the home shard. */
  readonly epoch: number | undefined;
  /** Shards no rule of which asks for more than those of the home shard. */
  readonly spared: ReadonlySet<Reader>;
  /** One bit for each shard that reads the source, and that of the home shard if it does. */
  readonly present: number;
  readonly home: number;
}

/** What one shard gets of a batch. */
class Part {
  readonly bit: number;
  readonly from: number;
  readonly messages: MessagesBuilder;
  readonly elsewhere: ElsewhereBuilder;
  /** Of the home shard: events it tells of and does not have. */
  readonly told: StreamEvent[] | undefined;

  constructor(
    { subscriber: { shard, isLocal }, sentTo }: Read,
    readonly isSpared: boolean,
    private readonly hasUnits: boolean,
  ) {
    this.bit = 1 << shard;
    this.from = sentTo ?? 0;
    this.messages = isLocal ? new LocalMessagesBuilder() : new RoutedMessagesBuilder();
    this.elsewhere = new ElsewhereBuilder(hasUnits);
    this.told = isLocal ? [] : undefined;
  }

  add(message: SourceMessage, routes: MessageRoutes, telling: number): void {
    const { bit, told } = this;
    const mask = this.isSpared ? routes.concerned : routes.all;
    const tells = bit === telling;
    if ((mask & bit) !== 0 || (tells && (told === undefined || routes.hasDead))) {
      this.messages.add(message, !tells, routes.parsed);
      this.elsewhere.interrupt();
    } else for (const event of routes.events) this.addOther(event, routes);
  }

  private addOther(event: StreamEvent, routes: MessageRoutes): void {
    if (this.told !== undefined) this.told.push(event);
    else this.elsewhere.add(event.seq, event.time, event.arrival, this.hasUnits ? routes.unitOf(event) : '');
  }

  finish(): Pick<RoutedBatch, 'messages' | 'elsewhere' | 'told'> {
    const { told } = this;
    const elsewhere = this.elsewhere.finish();
    return {
      messages: this.messages.finish(),
      ...(elsewhere === undefined ? {} : { elsewhere }),
      ...(told === undefined || told.length === 0 ? {} : { told }),
    };
  }
}

export class SourceRoutes {
  private known: Plan | undefined;

  constructor(
    private readonly options: {
      readonly plan: SourcePlan;
      readonly shards: number;
      readonly keyPlan: (text: string) => KeyPlan;
    },
  ) {}

  /** Others read the source, or something else is asked of it. */
  forget(): void {
    this.known = undefined;
  }

  route<R extends Read>(batch: SourceBatch, place: RoutedPlace<R>): Map<R, RoutedBatch> {
    const { behind, identity, scannedTo } = place;
    const { routes, spared, present, home } = this.planOf(place.present);
    const hasUnits = this.options.plan.watermark.by.length > 0;
    const parts = behind.map((read) => new Part(read, spared.has(read.subscriber), hasUnits));
    for (const message of batch.messages) {
      routes.route(message);
      // Without the home shard, the first that has the message.
      const telling = home || lowestBit(routes.all & present) || lowestBit(present);
      for (const part of parts) if (message.seq > part.from) part.add(message, routes, telling);
    }
    const { caughtUp, ended, pending } = batch;
    const rest = { caughtUp, ended, pending, identity, scannedTo };
    return new Map(
      behind.map((read, at) => {
        const part = parts[at] as Part;
        // Told by one of those that have not passed it, whoever is ahead.
        const gaps = batch.gaps.filter(
          ([, last]) => last > part.from && parts.find(({ from }) => from < last) === part,
        );
        return [read, { ...rest, gaps, ...part.finish() }];
      }),
    );
  }

  private planOf(readers: readonly Reader[]): Plan {
    const home = readers.find(({ isLocal }) => isLocal);
    if (this.known === undefined || this.known.epoch !== home?.interest?.epoch) this.known = this.plan(readers, home);
    return this.known;
  }

  private plan(readers: readonly Reader[], home: Reader | undefined): Plan {
    const { plan, keyPlan, shards } = this.options;
    const interest = isGivenWhole(plan.document) ? undefined : home?.interest;
    const versions = new Set(interest?.versions);
    const spared = readers.filter(
      (one) => interest !== undefined && (one === home || one.asks.versions.every((version) => versions.has(version))),
    );
    // By the keys of all shards: what is more than one asked for does no harm.
    const texts = new Set([...(interest?.keys ?? []), ...readers.flatMap(({ asks }) => asks.keys)]);
    const keys = [...texts].map((text) => ({ plan: keyPlan(text), concerns: interest?.concernsOf(text) }));
    return {
      routes: new MessageRoutes(plan, keys, { shards, wantsAll: spared.length < readers.length }),
      epoch: home?.interest?.epoch,
      spared: new Set(spared),
      present: readers.reduce((mask, { shard }) => mask | (1 << shard), 0),
      home: home === undefined ? 0 : 1 << home.shard,
    };
  }
}

function lowestBit(mask: number): number {
  return mask & -mask;
}
