/**
 * The sources at work: one intake each, held back together while the outbox is full. Dead letters and late events become
 * messages here.
 */
import type { DeadLetter } from '../core/decode/decode-message.js';
import type { RulePlan, RuleSet, SourcePlan } from '../core/document/plans.js';
import type { StreamEvent } from '../core/model/event.js';
import { eventIdentity } from '../core/model/event.js';
import type { Shard } from '../core/shard/shard.js';
import { advanceShard } from '../core/shard/shard.js';
import { SourceInterest } from '../core/shard/source-interest.js';
import { isGivenWhole } from '../core/shard/route-message.js';
import type { OutboundMessage } from '../ports/sink.js';
import type { EngineDependencies, EngineSettings } from './engine-options.js';
import { EngineError } from './engine-options.js';
import type { Delivery } from './shard-feed.js';
import type { IntakeCounts, IntakeReceiver, SavedSource } from './source-intake.js';
import { SourceIntake, inputOf } from './source-intake.js';

export interface IntakeGroupOptions {
  readonly deps: EngineDependencies;
  readonly settings: EngineSettings;
  readonly shard: Shard;
  readonly deliver: (delivery: Delivery, isOver: () => boolean) => Promise<void> | undefined;
  readonly publish: (message: OutboundMessage) => void;
  readonly outboxWaiting: () => number;
  readonly batchDone: () => void;
  readonly onFailure: (error: unknown) => void;
}

interface Running {
  readonly plan: SourcePlan;
  readonly intake: SourceIntake;
  readonly done: Promise<void>;
}

export class IntakeGroup implements IntakeReceiver {
  private readonly running = new Map<string, Running>();
  /** Positions of sources that are not running: removed ones are forgotten, changed ones begin again from here. */
  private readonly parked = new Map<string, SavedSource>();
  private waitingForRoom: (() => void)[] = [];
  private stopping = false;
  /** Sources that are being stopped for good: they wait for nothing more. */
  private readonly retiring = new Set<string>();
  private restoring = false;
  /** Parked sources that were still being read again after a restart. */
  private readonly interrupted = new Set<string>();

  /** What sources had counted that are opened anew as they are. */
  private readonly counted = new Map<string, IntakeCounts>();

  constructor(private readonly options: IntakeGroupOptions) {}

  get intakes(): readonly SourceIntake[] {
    return [...this.running.values()].map((one) => one.intake);
  }

  planOf(name: string): SourcePlan | undefined {
    return this.running.get(name)?.plan;
  }

  /** Takes over the positions of a checkpoint, before the first `use`. */
  restore(saved: Readonly<Record<string, SavedSource>>): void {
    for (const [name, source] of Object.entries(saved)) this.parked.set(name, source);
    this.restoring = true;
  }

  /**
   * Begins to read every source that a rule of the set uses, or an old version drains from, and that is not being read yet;
   * forgets the positions of others.
   */
  async use(ruleSet: RuleSet, drained: ReadonlySet<string>): Promise<void> {
    const used = usedSources(ruleSet, drained);
    for (const plan of ruleSet.sources.values()) {
      if (used.has(plan.name) && !this.running.has(plan.name)) this.open(plan, this.takeParked(plan));
    }
    // What no one reads any more comes back no more: nothing waits for it.
    const unread = [...this.parked.keys()];
    this.parked.clear();
    this.counted.clear();
    this.restoring = false;
    for (const source of unread) {
      this.replayed(source);
      const nothing = { source, events: [], watermark: -Infinity, given: 0, reached: -Infinity, done: false };
      await this.options.deliver(nothing, () => this.stopping);
    }
    // What a source was ahead of may be gone with its rule.
    this.roomChanged();
  }

  /** The position to go on from; undefined when there is none, or when it is one in another stream or file. */
  private takeParked(plan: SourcePlan): SavedSource | undefined {
    const saved = this.parked.get(plan.name);
    if (saved === undefined) return undefined;
    if (saved.input !== undefined && saved.input !== inputOf(plan)) {
      advanceShard(this.options.shard, { kind: 'reset', source: plan.name });
      return undefined;
    }
    this.parked.delete(plan.name);
    return saved;
  }

  /** Stops every source that the next set does not have as it is. Resolves when they are quiet. */
  async retire(next: RuleSet, drained: ReadonlySet<string>): Promise<void> {
    const used = usedSources(next, drained);
    for (const [name, { plan, intake, done }] of this.running) {
      const wanted = used.has(name) ? next.sources.get(name) : undefined;
      if (wanted?.hash === plan.hash && (intake.state === 'ended' || !this.lacks(plan, next))) continue;
      await this.quieten(name, intake, done);
      if (wanted?.hash === plan.hash) this.counted.set(name, intake.counted);
      if (wanted !== undefined && inputOf(wanted) === inputOf(plan)) this.park(name, intake);
      else advanceShard(this.options.shard, { kind: 'reset', source: name });
      this.running.delete(name);
    }
  }

  private interestIn(source: string): SourceInterest {
    return new SourceInterest(this.options.shard, source);
  }

  /** Of several shards, this one is not given what only rules to come ask for: what waits has to be read again. */
  private lacks({ name, document }: SourcePlan, next: RuleSet): boolean {
    if (this.options.settings.shards === 1) return false;
    const interest = this.interestIn(name);
    const keys = new Set(interest.keys);
    const known = isGivenWhole(document)
      ? (plan: RulePlan): boolean => keys.has(plan.keys.get(name)?.text ?? '')
      : interest.covers();
    return [...next.rules.values()].some((plan) => plan.keys.has(name) && !known(plan));
  }

  /** Stops one source, also one that is held back: what it waits for may never come. */
  private async quieten(name: string, intake: SourceIntake, done: Promise<void>): Promise<void> {
    this.retiring.add(name);
    this.resumeAll();
    await intake.stop();
    await done;
    this.retiring.delete(name);
  }

  private park(name: string, intake: SourceIntake): void {
    this.parked.set(name, intake.save());
    if (!intake.replaying) return;
    this.interrupted.add(name);
    advanceShard(this.options.shard, { kind: 'replay-again', source: name });
  }

  /** The rules are others, and the sources that go on have all they ask for. */
  interestChanged(): void {
    if (this.options.settings.shards > 1) for (const { intake } of this.running.values()) intake.interestChanged();
  }

  /** Resolves when no source is being read. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.roomChanged();
    await Promise.all([...this.running.values()].map((one) => one.intake.stop()));
    await Promise.all([...this.running.values()].map((one) => one.done));
  }

  /** Resolves when every source has ended; never, if one is a stream. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.running.values()].map((one) => one.done));
  }

  save(): Record<string, SavedSource> {
    const saved = Object.fromEntries(this.parked);
    for (const [name, { intake }] of this.running) saved[name] = intake.save();
    return saved;
  }

  /** The outbox has room again, perhaps. */
  roomChanged(): void {
    if (this.stopping || !this.isOutboxFull()) this.resumeAll();
  }

  deliver(delivery: Delivery, isOver: () => boolean): Promise<void> | undefined {
    return this.options.deliver(delivery, isOver);
  }

  refeed(event: StreamEvent): void {
    advanceShard(this.options.shard, { kind: 'refeed', event });
  }

  replayed(source: string): void {
    advanceShard(this.options.shard, { kind: 'replayed', source });
  }

  late(event: StreamEvent): void {
    const { meter } = this.options.deps;
    meter.count('weir_late_events_total', 1, { source: event.source });
    if (this.running.get(event.source)?.plan.late !== 'sideOutput') return;
    const { source, seq, index, subject, body } = event;
    const time = new Date(event.time).toISOString();
    const arrival = new Date(event.arrival).toISOString();
    this.publishAside('late', source, eventIdentity(event), { source, seq, index, time, arrival, subject, body });
  }

  dead(letter: DeadLetter): void {
    const { source, seq, index, reason } = letter;
    this.options.deps.meter.count('weir_dead_letters_total', 1, { source, reason });
    this.publishAside('dead', source, `${source}/${seq}/${index}/${reason}`, letter);
  }

  gap(source: string, first: number, last: number): void {
    this.options.deps.meter.count('weir_source_gaps_total', last - first + 1, { source });
    this.options.deps.log.warn('the stream no longer holds messages it had', { source, first, last });
  }

  batchDone(): void {
    this.options.batchDone();
    this.roomChanged();
  }

  /** Waits while the outbox is full, or while the source is so far ahead of one it is merged with that too much is kept for that. */
  async ready(source: string): Promise<void> {
    while (this.isHeldBack(source)) {
      await new Promise<void>((resolve) => this.waitingForRoom.push(resolve));
    }
  }

  private isHeldBack(source: string): boolean {
    if (this.stopping || this.retiring.has(source)) return false;
    return this.isOutboxFull() || this.options.shard.isTooFarAhead(source) || this.isHoldingLate(source);
  }

  isHoldingLate(source: string): boolean {
    return this.running.get(source)?.intake.isHoldingLate(this.options.settings.lateHeldMax) === true;
  }

  /** Those that are still held back wait again. */
  private resumeAll(): void {
    for (const resume of this.waitingForRoom.splice(0)) resume();
  }

  private isOutboxFull(): boolean {
    return this.options.outboxWaiting() > this.options.settings.outboxWaitingMax;
  }

  private publishAside(what: 'late' | 'dead', source: string, identity: string, body: unknown): void {
    const { settings, deps } = this.options;
    const plan = this.running.get(source)?.plan;
    const input = plan === undefined ? '' : inputOf(plan);
    const id = deps.digest(JSON.stringify([settings.namespace, what, input, identity])).slice(0, 40);
    const subject = `${settings.alertPrefix}.${what}.${source}`;
    this.options.publish({ id, subject, contentType: 'application/json', body: JSON.stringify(body) });
  }

  private open(plan: SourcePlan, saved: SavedSource | undefined): void {
    const { deps, settings, shard, onFailure } = this.options;
    const kind = plan.document.nats !== undefined ? 'nats' : 'file';
    const opener = deps.openers[kind];
    if (opener === undefined) {
      const message = `The source \`${plan.name}\` reads from ${kind}, which is not connected here.`;
      throw new EngineError('source-kind', message, { source: plan.name });
    }
    const intake = new SourceIntake({
      plan,
      opener,
      saved,
      refeeds: this.restoring || this.interrupted.delete(plan.name),
      receiver: this,
      interest: this.interestIn(plan.name),
      counted: this.counted.get(plan.name),
      clock: deps.clock,
      batchMessagesMax: settings.batchMessagesMax,
      pollWaitMs: settings.pollWaitMs,
      shardLowestSeq: () => shard.lowestSeq(plan.name),
      shardWatermark: () => shard.lowestGroupWatermark(plan.name),
      shardWaiting: () => shard.waitingEvents(plan.name),
    });
    const done = intake.run().then(
      () => this.onEnd(intake),
      (error: unknown) => onFailure(error),
    );
    this.running.set(plan.name, { plan, intake, done });
  }

  private onEnd(intake: SourceIntake): void {
    if (intake.failure === undefined) return;
    const { code, message, fields } = intake.failure;
    this.options.deps.log.error('a source is refused', { source: intake.name, code, message, ...fields });
    this.options.deps.meter.count('weir_source_refusals_total', 1, { source: intake.name, code });
  }
}

/** A source is read while a rule uses it. */
function usedSources(ruleSet: RuleSet, drained: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...drained, ...[...ruleSet.rules.values()].flatMap((plan) => plan.sources)]);
}
