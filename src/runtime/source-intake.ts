/**
 * One source at work: read, decode, order by event time, hand to the shard. Everything between two awaits is synchronous, so a
 * checkpoint sees whole batches only.
 */
import type { SourcePlan } from '../core/document/plans.js';
import type { DeadLetter, Decoded } from '../core/decode/decode-message.js';
import { MessageDecoder } from '../core/decode/decode-message.js';
import type { StreamEvent } from '../core/model/event.js';
import { compareEvents } from '../core/model/event.js';
import type { SourceInterest } from '../core/shard/source-interest.js';
import type { EventRow } from '../core/shard/saved-key.js';
import { fromRow, toRow } from '../core/shard/saved-key.js';
import type { SavedTimeline } from '../core/time/source-timeline.js';
import { SourceTimeline } from '../core/time/source-timeline.js';
import type { Clock } from '../ports/clock.js';
import type {
  EventsElsewhere,
  SourceBatch,
  SourceIdentity,
  SourceOpener,
  SourceReader,
  SourceStart,
} from '../ports/source.js';
import { SourceError } from '../ports/source.js';
import { EventsApart } from './events-apart.js';
import type { Delivery } from './shard-feed.js';

/** A turn that takes this much longer than its wait means that the process stood still. */
const STALL_MS = 1_000;

/** What a checkpoint keeps of a source. */
export interface SavedSource {
  /** Which stream or file the position is one in, as the document says; absent in states written before it was kept. */
  readonly input?: string;
  readonly identity: SourceIdentity | null;
  /** Last sequence taken in. */
  readonly position: number;
  /** Lowest sequence that must be read again after a restart. */
  readonly replayFrom: number;
  readonly timeline: SavedTimeline;
  /** [sequence, index] of late events between `replayFrom` and `position` that other sources still wait with. */
  readonly late: readonly (readonly [number, number])[];
  /** Events that wait, of a source that cannot be read again (core NATS): then nothing is replayed. */
  readonly waiting?: readonly EventRow[];
}

/** True if a restart must read something again that it had read. */
export function replays({ replayFrom, position, waiting }: SavedSource): boolean {
  return waiting === undefined && replayFrom <= position;
}

/** The stream or file a source reads, whatever of it: a source that changes goes on from its position while this stays. */
export function inputOf({ document: { nats, file } }: SourcePlan): string {
  if (file !== undefined) return `file ${file.path}`;
  if (nats?.partitioned === true) return `parts ${JSON.stringify([nats.stream, nats.subjects])}`;
  return nats?.stream === undefined ? `core ${JSON.stringify(nats?.subjects)}` : `stream ${nats.stream}`;
}

/** What an intake tells the engine, in order; all but `deliver` at once. */
export interface IntakeReceiver {
  /** Events final for the source, in order, and its watermark: at once, or in steps. `isOver`: the rest is not to be given. */
  deliver(delivery: Delivery, isOver: () => boolean): Promise<void> | undefined;
  /** An event that was final for its source before the restart, but not for every rule. */
  refeed(event: StreamEvent): void;
  /** Everything that was read before the restart has been read again. */
  replayed(source: string): void;
  late(event: StreamEvent): void;
  dead(letter: DeadLetter): void;
  gap(source: string, first: number, last: number): void;
  /** A batch is through: the state is consistent. */
  batchDone(): void;
  /** Resolves when the engine takes more of the source. */
  ready(source: string): Promise<void>;
}

export interface IntakeOptions {
  readonly plan: SourcePlan;
  readonly opener: SourceOpener;
  readonly saved: SavedSource | undefined;
  /** The process restarted: what waited for other sources must be put back. False when only this source did. */
  readonly refeeds: boolean;
  readonly receiver: IntakeReceiver;
  /** What the rules in force ask of the source. */
  readonly interest: SourceInterest;
  /** What was counted before the source was opened anew. */
  readonly counted?: IntakeCounts | undefined;
  readonly clock: Clock;
  readonly batchMessagesMax: number;
  readonly pollWaitMs: number;
  /** Lowest event sequence of the source that waits in the shard, and the lowest watermark of the groups it feeds. */
  readonly shardLowestSeq: () => number | undefined;
  readonly shardWatermark: () => number;
  /** Events of the source that wait in the shard for other sources. */
  readonly shardWaiting: () => readonly StreamEvent[];
}

export type IntakeCounts = Pick<SourceIntake, 'events' | 'lateCount' | 'deadCount' | 'gapCount'>;

export type IntakeState = 'starting' | 'waiting' | 'running' | 'caught-up' | 'refused' | 'ended' | 'stopped';

export class SourceIntake {
  state: IntakeState = 'starting';
  failure: SourceError | undefined;
  /** Why the source cannot be opened yet, while `waiting`. */
  waitingFor: { readonly code: string; readonly message: string } | undefined;
  position = 0;
  pending: number | undefined;
  events = 0;
  lateCount = 0;
  deadCount = 0;
  gapCount = 0;
  readonly timeline: SourceTimeline;
  private readonly decoder: MessageDecoder;
  private reader: SourceReader | undefined;
  private identity: SourceIdentity | null = null;
  /** The position means something: before, a restart begins where the document says. */
  private placed = false;
  /** Highest sequence the checkpoint had taken in: at or below it nothing is counted or reported again. */
  private replayTo = 0;
  /** Highest sequence read since this intake began: below `replayTo` it is still putting back. */
  private scanned = 0;
  /** What waited before a restart is not all back yet. */
  replaying = false;
  private readonly knownLate = new Set<string>();
  /** Late events that a restart would take for waiting ones: sequence, index, event time. */
  private lateHeld: [number, number, number][] = [];
  private readonly apart = new EventsApart();
  private stopping = false;
  private sawNoStream = false;
  private lastTurn = 0;
  /** When the source was first seen caught up and silent: monotonic, and its arrival clock then. */
  private quietSince: { readonly atMs: number; readonly arrival: number } | undefined;
  private readonly decoded: Decoded = { events: [], dead: [] };
  private readonly out: StreamEvent[] = [];
  /** What the shard has not been given whole yet. */
  private delivery: Delivery | undefined;
  private isCaughtUp = false;
  /** The watermark the shard was given. */
  private reached = -Infinity;

  constructor(private readonly options: IntakeOptions) {
    const { plan, saved, counted } = options;
    Object.assign(this, counted);
    this.timeline = new SourceTimeline(plan.watermark);
    this.decoder = new MessageDecoder(plan.name, plan.decode);
    if (saved === undefined) return;
    this.identity = saved.identity;
    this.placed = saved.identity !== null;
    this.position = saved.position;
    this.replayTo = saved.position;
    this.replaying = replays(saved);
    this.timeline.load(saved.timeline);
    this.reached = this.timeline.watermark;
    for (const [seq, index] of saved.late) this.knownLate.add(`${seq}/${index}`);
    if (saved.waiting === undefined) return;
    this.scanned = saved.position;
    for (const row of saved.waiting) this.putBack(fromRow(row)[1]);
  }

  get name(): string {
    return this.options.plan.name;
  }

  /** Reads until the source ends, refuses, or `stop` is called. Rejects only with a fault that is not the source's. */
  async run(): Promise<void> {
    try {
      this.reader = await this.options.opener.open(this.options.plan.document, this.startAt(), {
        onWaiting: (reason) => {
          this.state = 'waiting';
          this.sawNoStream ||= reason.code === 'stream-not-found';
          this.waitingFor = reason;
        },
        isCancelled: () => this.stopping,
        interest: this.options.interest,
      });
      if (this.stopping) return;
      this.begin(this.reader.identity);
      await this.loop(this.reader);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (this.stopping) return;
      this.failure = error;
      this.state = 'refused';
    } finally {
      await this.reader?.close();
      if (this.stopping && this.state !== 'refused') this.state = 'stopped';
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.reader?.close();
  }

  /** What rules there are changed, and the source need not be opened anew for it. */
  interestChanged(): void {
    this.reader?.interestChanged?.();
  }

  get counted(): IntakeCounts {
    const { events, lateCount, deadCount, gapCount } = this;
    return { events, lateCount, deadCount, gapCount };
  }

  /**
   * True if it remembers so many late events, for as long as other sources wait with their time: it must not be read on now. Never
   * of the source that is furthest behind, for its late events wait for nobody; nor while it is being read again.
   */
  isHoldingLate(max: number): boolean {
    if (this.replaying || this.lateHeld.length < max) return false;
    this.forgetLate(-Infinity);
    return this.lateHeld.length >= max;
  }

  private forgetLate(beforeSeq: number): void {
    const watermark = this.options.shardWatermark();
    this.lateHeld = this.lateHeld.filter(([seq, , time]) => seq >= beforeSeq && time > watermark);
  }

  save(): SavedSource {
    const { saved } = this.options;
    const replaying = saved !== undefined && this.scanned < this.replayTo;
    const waiting = [this.timeline.lowestSeq(), this.options.shardLowestSeq()].filter((seq) => seq !== undefined);
    const left = this.notGiven().reduce((lowest, { seq }) => Math.min(lowest, seq), Infinity);
    const reached = this.delivery?.reached ?? this.timeline.watermark;
    const apart = this.apart.lowestSeq(reached);
    const replayFrom = Math.min(this.position + 1, replaying ? saved.replayFrom : Infinity, left, apart, ...waiting);
    this.forgetLate(replayFrom);
    const lateAhead = replaying ? saved.late.filter(([seq]) => seq > this.scanned) : [];
    return {
      input: inputOf(this.options.plan),
      identity: this.placed ? (this.reader?.identity ?? this.identity) : null,
      position: this.position,
      replayFrom,
      timeline: this.timeline.save(this.delivery?.reached),
      late: [...this.lateHeld.map(([seq, index]): [number, number] => [seq, index]), ...lateAhead],
      ...(this.identity?.kind === 'core' ? { waiting: this.waitingRows() } : {}),
    };
  }

  private waitingRows(): EventRow[] {
    const events = [...this.timeline.waiting(), ...this.notGiven(), ...this.options.shardWaiting()];
    return events.sort(compareEvents).map((event) => toRow(0, event));
  }

  /** Events that are final, and not in the shard yet. */
  private notGiven(): readonly StreamEvent[] {
    return this.delivery === undefined ? [] : this.delivery.events.slice(this.delivery.given);
  }

  /** The shard has everything that was final. */
  get isDelivered(): boolean {
    return this.delivery === undefined;
  }

  private startAt(): SourceStart {
    const { saved, plan } = this.options;
    if (saved?.identity == null) return plan.start;
    const { identity, position, replayFrom, waiting } = saved;
    const afterSeq = waiting === undefined ? replayFrom - 1 : position;
    return { kind: 'position', afterSeq, readTo: position, identity };
  }

  private begin(identity: SourceIdentity): void {
    const first = this.identity === null;
    this.identity = identity;
    // `new` means after what is there now: a position from the first moment on, so that a restart does not skip.
    if (first && this.options.plan.start.kind === 'new' && identity.kind === 'jetstream') {
      // A stream that was made while we waited for it holds nothing that is not new.
      this.position = this.sawNoStream ? Math.max(0, identity.firstSeq - 1) : identity.lastSeq;
      this.placed = true;
    }
    this.state = 'running';
  }

  private async loop(reader: SourceReader): Promise<void> {
    const { receiver, clock, batchMessagesMax, pollWaitMs } = this.options;
    while (!this.stopping) {
      await receiver.ready(this.name);
      if (this.stopping) return;
      const batch = await reader.nextBatch(batchMessagesMax, pollWaitMs);
      if (this.stopping) return;
      await this.take(batch);
      // What is not given yet stays in `delivery`, and is part of what is saved.
      if (!this.isDelivered) return;
      if (batch.ended) return this.finish();
      this.state = batch.caughtUp ? 'caught-up' : 'running';
      if (batch.messages.length > 0 || batch.told !== undefined) await clock.yield();
    }
  }

  private async take(batch: SourceBatch): Promise<void> {
    const { receiver, clock } = this.options;
    const { scanned: scannedBefore } = this;
    const watermarkBefore = this.timeline.watermark;
    for (const [first, last] of batch.gaps) {
      if (last <= this.replayTo) continue;
      this.gapCount += last - first + 1;
      receiver.gap(this.name, first, last);
    }
    let seen = 0;
    for (const message of batch.messages) {
      seen = this.passOthers(batch, seen, message.seq);
      this.decoder.decode(message, this.decoded);
      const replayed = message.seq <= this.replayTo;
      // What is late among the new is decided against what was released before, all of it.
      if (!replayed) this.catchUp();
      this.order(replayed, message.isToldElsewhere === true);
      this.scanned = message.seq;
    }
    this.passOthers(batch, seen, Infinity);
    if (batch.elsewhere !== undefined) this.apart.note(batch.elsewhere);
    if (batch.told !== undefined) this.apart.noteTold(batch.told);
    this.scanned = Math.max(this.scanned, batch.scannedTo ?? 0);
    this.position = Math.max(this.position, this.scanned);
    this.placed = true;
    this.pending = batch.pending;
    const now = clock.monotonic();
    const isQuiet = batch.messages.length === 0 && batch.elsewhere === undefined && batch.told === undefined;
    if (!batch.caughtUp || !isQuiet) this.quietSince = undefined;
    else this.tick(now);
    this.lastTurn = now;
    const isBack = this.noteReplayed(batch.ended);
    if (isBack || this.scanned !== scannedBefore || this.timeline.watermark !== watermarkBefore) await this.give();
  }

  /** Passes the decoded events through event time; what a checkpoint already covers is only put back where it waited. */
  private order(replayed: boolean, isToldElsewhere: boolean): void {
    const { events, dead } = this.decoded;
    const { receiver } = this.options;
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as StreamEvent;
      if (replayed) this.putBack(event);
      else if (!this.timeline.accept(event, this.out)) this.giveLate(event, isToldElsewhere);
    }
    if (!replayed && !isToldElsewhere) this.events += events.length;
    events.length = 0;
    if (dead.length === 0) return;
    if (!replayed && !isToldElsewhere) {
      for (const letter of dead) receiver.dead(letter);
      this.deadCount += dead.length;
    }
    dead.length = 0;
  }

  /** Events that are not here, up to before this sequence, move event time; gives the place of the first that is not. */
  private passOthers({ elsewhere, told }: SourceBatch, from: number, before: number): number {
    if (told !== undefined) return this.passTold(told, from, before);
    return elsewhere === undefined ? from : this.observe(elsewhere, from, before);
  }

  private passTold(told: readonly StreamEvent[], from: number, before: number): number {
    let at = from;
    for (; at < told.length; at++) {
      const event = told[at] as StreamEvent;
      if (event.seq >= before) break;
      if (event.seq <= this.replayTo) continue;
      this.catchUp();
      this.events++;
      if (!this.timeline.pass(event, this.out)) this.giveLate(event, false);
    }
    return at;
  }

  private observe({ seqs, times, arrivals, units }: EventsElsewhere, from: number, before: number): number {
    let at = from;
    for (; at < seqs.length && (seqs[at] as number) < before; at++) {
      // What the checkpoint covers has moved the clocks before.
      if ((seqs[at] as number) <= this.replayTo) continue;
      this.catchUp();
      const elsewhere = { unit: units?.[at] ?? '', time: times[at] as number, arrival: arrivals[at] as number };
      this.timeline.observe(elsewhere, this.out);
    }
    return at;
  }

  private giveLate(event: StreamEvent, isToldElsewhere: boolean): void {
    // Only where another source holds a group back can a restart see this event again without knowing that it was late.
    if (event.time > this.options.shardWatermark()) this.lateHeld.push([event.seq, event.index, event.time]);
    if (isToldElsewhere) return;
    this.lateCount++;
    this.options.receiver.late(event);
  }

  private putBack(event: StreamEvent): void {
    if (this.knownLate.has(`${event.seq}/${event.index}`)) {
      this.lateHeld.push([event.seq, event.index, event.time]);
    } else if (event.time > this.timeline.watermark) {
      this.timeline.restore(event);
    } else if (this.options.refeeds) {
      this.options.receiver.refeed(event);
    }
  }

  /** True if now everything is back that was read before the restart. */
  private noteReplayed(ended: boolean): boolean {
    if (this.scanned >= this.replayTo || ended) this.catchUp();
    if (!this.replaying || (this.scanned < this.replayTo && !ended)) return false;
    this.replaying = false;
    this.options.receiver.replayed(this.name);
    return true;
  }

  /** A checkpoint that was taken between two steps had given less than was final. */
  private catchUp(): void {
    if (this.isCaughtUp) return;
    this.isCaughtUp = true;
    this.timeline.catchUp(this.out);
  }

  /**
   * The source is caught up and silent: its arrival clock moves on by the time that passed since it fell silent, an input like any
   * other. The process clock is not asked, so a restart neither skips time nor depends on clocks that agree.
   */
  private tick(nowMs: number): void {
    const { plan, pollWaitMs } = this.options;
    const arrival = this.timeline.arrivalClock;
    if (plan.watermark.idleAfterMs === undefined || this.scanned < this.replayTo || arrival === -Infinity) return;
    // After a standstill of the process what arrived meanwhile may not have been read yet: this turn tells nothing.
    if (nowMs - this.lastTurn > pollWaitMs + STALL_MS) return;
    this.quietSince ??= { atMs: nowMs, arrival };
    this.timeline.tick(this.quietSince.arrival + (nowMs - this.quietSince.atMs), this.out);
  }

  private async give(): Promise<void> {
    const { receiver } = this.options;
    const { out: events, reached, timeline } = this;
    const delivery: Delivery = {
      source: this.name,
      events,
      watermark: timeline.watermark,
      given: 0,
      reached,
      done: false,
    };
    this.delivery = delivery;
    const steps = receiver.deliver(delivery, () => this.stopping);
    if (steps !== undefined) await steps;
    this.reached = delivery.reached;
    if (delivery.done) {
      this.delivery = undefined;
      events.length = 0;
    }
    receiver.batchDone();
  }

  private async finish(): Promise<void> {
    this.timeline.end(this.out);
    await this.give();
    if (this.isDelivered) this.state = 'ended';
  }
}
