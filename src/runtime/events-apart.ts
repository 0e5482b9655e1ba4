/** Where events of a source are that did not come to this shard and may not be final yet: rules to come may ask for them. */
import type { StreamEvent } from '../core/model/event.js';
import type { EventsElsewhere } from '../ports/source.js';

/** Batches with such events that are told apart; beyond it the newest are taken as one, and more is read again. */
const SPANS_MAX = 4_096;

interface Span {
  readonly fromSeq: number;
  maxTime: number;
}

export class EventsApart {
  private spans: Span[] = [];

  /** Those of one batch. */
  note({ firstSeq, times }: EventsElsewhere): void {
    this.add(
      firstSeq,
      times.reduce((most, time) => Math.max(most, time), -Infinity),
    );
  }

  noteTold(told: readonly StreamEvent[]): void {
    const [first] = told;
    if (first === undefined) return;
    let maxTime = -Infinity;
    for (let i = 0; i < told.length; i++) maxTime = Math.max(maxTime, (told[i] as StreamEvent).time);
    this.add(first.seq, maxTime);
  }

  /** The lowest sequence of a batch with some that are not final at this watermark; Infinity for none. Forgets the others. */
  lowestSeq(watermark: number): number {
    this.spans = this.spans.filter(({ maxTime }) => maxTime > watermark);
    return this.spans[0]?.fromSeq ?? Infinity;
  }

  private add(fromSeq: number, maxTime: number): void {
    const last = this.spans[this.spans.length - 1];
    if (last === undefined || this.spans.length < SPANS_MAX) this.spans.push({ fromSeq, maxTime });
    else last.maxTime = Math.max(last.maxTime, maxTime);
  }
}
