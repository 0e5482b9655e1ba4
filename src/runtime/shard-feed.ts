/**
 * The way of events into the shard. What they need of keys that are not in memory is fetched before the call, then the call is made,
 * then keys that were not used lately leave memory: in steps, so that no input needs more than a bounded number of keys at once.
 *
 * Invariants: between what was foreseen and the call nothing changes the shard; no key leaves memory while keys are being fetched;
 * a checkpoint may be taken between two steps, and the source's state says how far it came (`Delivery`).
 */
import type { StreamEvent } from '../core/model/event.js';
import type { KeyToken } from '../core/model/key.js';
import type { Foresight } from '../core/shard/foresight.js';
import { foresee } from '../core/shard/foresight.js';
import type { KeyGroup } from '../core/shard/key-group.js';
import type { Shard, ShardInput, ShardOutput } from '../core/shard/shard.js';
import { advanceShard } from '../core/shard/shard.js';
import type { Clock } from '../ports/clock.js';
import type { StoreChange } from '../ports/store.js';
import type { ShardState } from './shard-state.js';
import { Turn } from './turn.js';

/** One input of a source, and how far it came. */
export interface Delivery {
  readonly source: string;
  readonly events: readonly StreamEvent[];
  readonly watermark: number;
  /** Number of events given to the shard, and the watermark given with them. */
  given: number;
  reached: number;
  done: boolean;
}

export interface ShardFeedOptions {
  readonly shard: Shard;
  readonly state: ShardState;
  readonly clock: Clock;
  readonly bytesMax: number;
  readonly dirtyShareMax: number;
  readonly keysPerLoadMax: number;
  readonly evictionStepsMax: number;
  /** Takes what came out. */
  readonly give: (output: ShardOutput) => void;
  /** Something changed that a checkpoint must hold. */
  readonly changed: () => void;
  /** Takes a checkpoint; resolves when it is durable. */
  readonly checkpoint: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Bytes a key that is gone takes until a checkpoint deleted it. */
const GONE_KEY_BYTES = 300;
/** Share of the budget up to which stored keys are loaded unasked after a start. */
const WARM_SHARE = 0.8;

export class ShardFeed {
  /** Keys fetched because something needed them, and asked for in vain. */
  loaded = 0;
  absent = 0;
  evicted = 0;
  private readonly turn = new Turn();
  private sweeping: Promise<void> | undefined;
  /** A sweep under way: where it goes on, and the rules it began under. */
  private pass: { at: string | undefined; readonly epoch: number } | undefined;
  private warming = false;
  private closed = false;

  constructor(private readonly options: ShardFeedOptions) {}

  /** Gives the input to the shard, at once if it can. `isOver`: the rest is not to be given any more. */
  deliver(delivery: Delivery, isOver: () => boolean): Promise<void> | undefined {
    if (this.turn.isFree && !this.needsStore(delivery.source)) {
      this.advance(delivery, { to: delivery.events.length, watermark: delivery.watermark });
      return this.trim() ? undefined : this.turn.run(() => this.makeRoom());
    }
    return this.turn.run(() => this.deliverInSteps(delivery, isOver));
  }

  /** Sweeps what must be swept, beside the events. With `warm`, loads everything if there is room for it. */
  sweepBeside(warm = false): void {
    this.warming ||= warm;
    if (this.sweeping !== undefined || this.closed || !this.wantsSweep()) return;
    this.sweeping = this.sweepAll()
      .catch((error: unknown) => this.options.onFailure(error))
      .finally(() => (this.sweeping = undefined));
  }

  /** A checkpoint with this cut is durable. */
  noteDurable(cut: number): void {
    const { shard } = this.options;
    shard.noteDurable(cut);
    if (this.turn.isFree) shard.forgetLeft();
    else void this.turn.run(() => Promise.resolve(shard.forgetLeft()));
  }

  /** Loads every key of a state of format 1, which says neither when they are due nor how many runs live, and writes them anew. */
  async convert(commit: (changes: readonly StoreChange[]) => Promise<void>): Promise<void> {
    const { shard, state, keysPerLoadMax } = this.options;
    let at: string | undefined;
    do {
      const { byGroup, next } = await state.slice(at, keysPerLoadMax, () => true);
      for (const [group, records] of byGroup) this.input({ kind: 'keys', group, records });
      const { number, changes } = state.cut();
      await commit([...changes]);
      this.noteDurable(number);
      this.trim();
      at = next;
    } while (at !== undefined);
    shard.endCounting();
  }

  /** Resolves when nothing is at work any more. */
  async close(): Promise<void> {
    this.closed = true;
    await this.sweeping;
  }

  private needsStore(source: string): boolean {
    return this.options.shard.groupsOf(source).some((group) => group.table.residency.coldCount > 0);
  }

  private async deliverInSteps(delivery: Delivery, isOver: () => boolean): Promise<void> {
    const { shard } = this.options;
    while (!delivery.done && !isOver()) {
      while (this.mustSweep(delivery.source) && !isOver()) await this.sweepSome();
      const epoch = shard.inputEpoch;
      const step = await this.fetchFor(delivery);
      // What comes back after a restart is put in beside the turn: then more may be final than was foreseen.
      if (shard.inputEpoch !== epoch || isOver()) continue;
      this.advance(delivery, step);
      if (!this.trim()) await this.makeRoom();
    }
  }

  private advance(delivery: Delivery, { to, watermark }: Pick<Foresight, 'to' | 'watermark'>): void {
    const { source, events, given } = delivery;
    const some = given === 0 && to === events.length ? events : events.slice(given, to);
    this.input({ kind: 'events', source, events: some, watermark });
    delivery.given = to;
    delivery.reached = Math.max(delivery.reached, watermark);
    delivery.done = to === events.length && watermark === delivery.watermark;
    this.options.changed();
  }

  private input(input: ShardInput): void {
    this.options.give(advanceShard(this.options.shard, input));
  }

  /** Fetches what the next step needs, and says how far it goes. */
  private async fetchFor(delivery: Delivery): Promise<Foresight> {
    const { shard, keysPerLoadMax } = this.options;
    const { source, events, given: from } = delivery;
    const groups = shard.groupsOf(source);
    let { watermark } = delivery;
    for (const group of groups) watermark = Math.min(watermark, await this.fetchDue(group, source, watermark));
    const isCut = watermark < delivery.watermark;
    const step = foresee(groups, { source, events, from, watermark, isCut, keysMax: keysPerLoadMax });
    for (const [group, tokens] of step.cold) await this.fetch(group, [...tokens]);
    return step;
  }

  /** Fetches the keys of a group that are due; gives the watermark of the source for which that is all of them. */
  private async fetchDue(group: KeyGroup, source: string, watermark: number): Promise<number> {
    const { id } = group;
    const { residency } = group.table;
    const to = group.watermarkAfter(source, watermark);
    if (residency.coldCount === 0 || to < residency.coldDue || to === -Infinity) return watermark;
    const { tokens, reached, next } = await this.options.state.due({
      group: id,
      from: residency.coldDue,
      to,
      keysMax: this.options.keysPerLoadMax,
      mayEndAt: (time) => group.watermarkAfter(source, time) <= time,
      isCold: (token) => residency.isCold(token),
    });
    await this.fetch(id, tokens, next);
    return reached < to ? Math.min(watermark, reached) : watermark;
  }

  private async fetch(group: string, tokens: readonly KeyToken[], dueFrom?: number): Promise<void> {
    const { state, keysPerLoadMax } = this.options;
    for (let at = 0; at < tokens.length; at += keysPerLoadMax) {
      const some = tokens.slice(at, at + keysPerLoadMax);
      const records = await state.read(group, some);
      this.loaded += records.length;
      this.absent += some.length - records.length;
      this.input({ kind: 'keys', group, records });
    }
    if (dueFrom !== undefined) this.input({ kind: 'keys', group, records: [], dueFrom });
  }

  /** Lets keys go until the budget is met; false if too many are waiting for a checkpoint. */
  private trim(): boolean {
    const { shard, bytesMax, dirtyShareMax, evictionStepsMax } = this.options;
    const { residentBytes, dirtyCount } = shard;
    if (residentBytes > bytesMax) this.evicted += shard.evict(bytesMax, evictionStepsMax);
    if (dirtyCount * GONE_KEY_BYTES > bytesMax * dirtyShareMax) return false;
    const dirtyBytes = (dirtyCount * residentBytes) / Math.max(1, shard.residentCount);
    return residentBytes <= bytesMax * dirtyShareMax || dirtyBytes <= bytesMax * dirtyShareMax;
  }

  private async makeRoom(): Promise<void> {
    await this.options.checkpoint();
    this.trim();
  }

  private mustSweep(source: string): boolean {
    return this.options.shard.groupsOf(source).some((group) => group.sweep === 'first');
  }

  private wantsSweep(): boolean {
    const { shard, bytesMax } = this.options;
    const { coldCount } = shard;
    if (coldCount === 0) return false;
    this.warming &&= shard.residentBytes + shard.coldBytes <= bytesMax * WARM_SHARE;
    if (this.warming || [...shard.groups.values()].some((group) => group.sweep !== 'none')) return true;
    return [...shard.closing.values()].some((group) => group.table.residency.coldCount > 0);
  }

  private async sweepAll(): Promise<void> {
    while (!this.closed && this.wantsSweep()) {
      await this.turn.run(() => this.sweepSome());
      await this.options.clock.yield();
    }
    this.warming = false;
  }

  /** Looks at the next stored keys of the groups that want it. */
  private async sweepSome(): Promise<void> {
    const { shard, state, keysPerLoadMax } = this.options;
    const pass = (this.pass ??= { at: undefined, epoch: shard.rulesEpoch });
    const { byGroup, next } = await state.slice(pass.at, keysPerLoadMax, (id) => {
      const group = shard.groups.get(id);
      return group === undefined || this.warming || group.sweep !== 'none';
    });
    for (const [group, records] of byGroup) this.input({ kind: 'keys', group, records });
    if (shard.dirtyCount > 0 || next === undefined) this.options.changed();
    if (!this.trim()) await this.makeRoom();
    pass.at = next;
    if (next !== undefined) return;
    this.pass = undefined;
    if (pass.epoch !== shard.rulesEpoch) return;
    this.warming = false;
    for (const group of shard.groups.values()) group.sweep = 'none';
  }
}
