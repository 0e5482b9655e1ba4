/**
 * Event time of one source: what is late, what waits, what is final. Lateness is decided once, here, against the released
 * watermark as it stood before the event; the watermark never goes back. Everything depends on the order of arrival alone,
 * never on how arrivals were cut into batches.
 */
import type { WatermarkPlan } from '../document/plans.js';
import { limits } from '../limits.js';
import type { StreamEvent } from '../model/event.js';
import { EventBuffer } from './event-buffer.js';
import type { SavedUnit } from './unit-clocks.js';
import { UnitClocks } from './unit-clocks.js';
import { UnitReader } from './unit-reader.js';

/** What a checkpoint keeps of a timeline; the buffered events are read again from the source. */
export interface SavedTimeline {
  /** Released watermark; null: none yet, `'end'`: the source ended. */
  readonly watermark: number | null | 'end';
  readonly units: readonly SavedUnit[];
  readonly arrivalClock: number | null;
}

/** What event time needs of an event that is not here. */
export interface EventElsewhere {
  readonly unit: string;
  readonly time: number;
  readonly arrival: number;
}

export class SourceTimeline {
  /** Released watermark: at or below it no event is expected. −Infinity before the first event, +Infinity at the end. */
  watermark = -Infinity;
  /** Times the buffer's limit pushed the watermark forward. */
  forced = 0;
  private readonly buffer = new EventBuffer();
  private readonly clocks: UnitClocks;
  private readonly reader: UnitReader;
  private readonly bufferedMax: number;

  constructor(
    private readonly plan: WatermarkPlan,
    options: { readonly bufferedMax?: number; readonly unitsMax?: number } = {},
  ) {
    this.clocks = new UnitClocks(plan.maxOutOfOrdernessMs, plan.idleAfterMs ?? Infinity, options.unitsMax);
    this.bufferedMax = options.bufferedMax ?? limits.bufferedEventsMax;
    this.reader = new UnitReader(plan.by);
  }

  get buffered(): number {
    return this.buffer.size;
  }

  get units(): number {
    return this.clocks.size;
  }

  get arrivalClock(): number {
    return this.clocks.arrivalClock;
  }

  /**
   * The next event by arrival. Appends to `out` what became final, in order; false if the event is late.
   *
   * The usual case, one unit and room in the buffer, is decided here, with what one unit lets know beforehand: measured, a call to
   * the general way takes three times as long, most of it for numbers that go from function to function.
   */
  accept(event: StreamEvent, out: StreamEvent[]): boolean {
    const { clocks, buffer } = this;
    const clock = clocks.only;
    if (clock === undefined || this.plan.by.length > 0 || buffer.size >= this.bufferedMax) {
      return this.acceptAny(event, out);
    }
    const { time, arrival } = event;
    if (time <= this.watermark) return this.acceptAny(event, out);
    if (arrival > clocks.arrivalClock) clocks.arrivalClock = arrival;
    clock.lastArrival = clocks.arrivalClock;
    if (time <= clock.maxTime) {
      buffer.push(event);
    } else {
      clock.maxTime = time;
      buffer.append(event);
    }
    const watermark = clock.maxTime - this.plan.maxOutOfOrdernessMs - 1;
    if (watermark > this.watermark) {
      this.watermark = watermark;
      buffer.releaseTo(watermark, out);
    }
    return true;
  }

  /** The same, whatever the units and whatever waits. */
  private acceptAny(event: StreamEvent, out: StreamEvent[]): boolean {
    const late = event.time <= this.watermark;
    if (!late) this.buffer.push(event);
    // A late event moves no maximum, but its unit is not silent.
    this.clocks.observe(this.reader.unitOf(event), event.time, event.arrival);
    this.raise(this.clocks.watermark(), out);
    if (late) return false;
    if (this.buffer.size > this.bufferedMax) {
      this.forced++;
      this.raise((this.buffer.peek() as StreamEvent).time, out);
    }
    return true;
  }

  /** An event that another shard has: time moves on as if it were here. Appends to `out` what became final. */
  observe({ unit, time, arrival }: EventElsewhere, out: StreamEvent[]): void {
    this.clocks.observe(unit, time, arrival);
    this.raise(this.clocks.watermark(), out);
  }

  /** An event that need not wait here: time moves on as with `accept`, and it is late or not as it would be there. */
  pass(event: StreamEvent, out: StreamEvent[]): boolean {
    const { time, arrival } = event;
    const { clocks } = this;
    const clock = clocks.only;
    const late = time <= this.watermark;
    if (clock === undefined || this.plan.by.length > 0 || late) {
      clocks.observe(this.reader.unitOf(event), time, arrival);
      this.raise(clocks.watermark(), out);
      return !late;
    }
    if (arrival > clocks.arrivalClock) clocks.arrivalClock = arrival;
    clock.lastArrival = clocks.arrivalClock;
    if (time > clock.maxTime) clock.maxTime = time;
    this.raise(clock.maxTime - this.plan.maxOutOfOrdernessMs - 1, out);
    return true;
  }

  /** Puts an event back that the checkpoint counted as taken in and not yet final. */
  restore(event: StreamEvent): void {
    this.buffer.push(event);
  }

  /** The arrival clock moved on and the source had nothing more to give. */
  tick(arrival: number, out: StreamEvent[]): void {
    this.clocks.tick(arrival);
    this.raise(this.clocks.watermark(), out);
  }

  /** The source ended: everything is final. */
  end(out: StreamEvent[]): void {
    this.raise(Infinity, out);
  }

  /** Lowest sequence still waiting; undefined for none. */
  lowestSeq(): number | undefined {
    return this.buffer.lowestSeq();
  }

  /** Events that wait, for sources that cannot be read again. */
  waiting(): readonly StreamEvent[] {
    return [...this.buffer];
  }

  /**
   * What was released when a checkpoint was taken may be less than the clocks allow (an input was cut short): the rest follows, once
   * what was read before is back.
   */
  catchUp(out: StreamEvent[]): void {
    this.raise(this.clocks.watermark(), out);
  }

  /** `watermark`: up to where events were handed on, if that is less than was released. */
  save(watermark: number = this.watermark): SavedTimeline {
    const { clocks } = this;
    return {
      watermark: watermark === Infinity ? 'end' : watermark === -Infinity ? null : watermark,
      units: clocks.save(),
      arrivalClock: clocks.arrivalClock === -Infinity ? null : clocks.arrivalClock,
    };
  }

  load(saved: SavedTimeline): void {
    this.watermark = saved.watermark === 'end' ? Infinity : (saved.watermark ?? -Infinity);
    this.clocks.load(saved.units, saved.arrivalClock ?? -Infinity);
  }

  private raise(watermark: number, out: StreamEvent[]): void {
    if (watermark <= this.watermark) return;
    this.watermark = watermark;
    this.buffer.releaseTo(watermark, out);
  }
}
