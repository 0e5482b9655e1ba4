/** Part of a batch of a source on its way to the shard it is for: columns, so that few objects cross threads. */
import type { SourceBatch, SourceIdentity, SourceMessage } from '../../ports/source.js';

/** What few messages have: headers, a parsed value, a problem. */
type Rare = Pick<SourceMessage, 'headers' | 'value' | 'problem'>;

/** Columns of one length, in order of sequence. */
export interface RoutedMessages {
  readonly seqs: Float64Array;
  /** NaN: unknown. */
  readonly arrivals: Float64Array;
  /** Each place in `subjects`. */
  readonly subjectAt: Uint32Array;
  readonly subjects: readonly string[];
  readonly texts: readonly (string | undefined)[];
  /** 1: another shard tells what is late or dead of it. */
  readonly toldElsewhere: Uint8Array;
  readonly rare: readonly (readonly [place: number, what: Rare])[];
}

export interface RoutedBatch extends Omit<SourceBatch, 'messages'> {
  readonly messages: RoutedMessages;
  /** As it was when the batch had been read. */
  readonly identity: SourceIdentity;
}

/** Gathers the messages of one batch for one shard. */
export class RoutedMessagesBuilder {
  private readonly seqs: number[] = [];
  private readonly arrivals: number[] = [];
  private readonly subjectAt: number[] = [];
  private readonly subjects = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [];
  private readonly told: number[] = [];
  private readonly rare: [number, Rare][] = [];

  add(message: SourceMessage, isToldElsewhere: boolean): void {
    const { seq, arrival, subject, headers, text, value, problem } = message;
    let at = this.subjects.get(subject);
    if (at === undefined) this.subjects.set(subject, (at = this.subjects.size));
    if (headers !== undefined || value !== undefined || problem !== undefined)
      this.rare.push([this.seqs.length, { headers, value, ...(problem === undefined ? {} : { problem }) }]);
    this.seqs.push(seq);
    this.arrivals.push(arrival ?? NaN);
    this.subjectAt.push(at);
    this.texts.push(text);
    this.told.push(isToldElsewhere ? 1 : 0);
  }

  finish(): RoutedMessages {
    return {
      seqs: Float64Array.from(this.seqs),
      arrivals: Float64Array.from(this.arrivals),
      subjectAt: Uint32Array.from(this.subjectAt),
      subjects: [...this.subjects.keys()],
      texts: this.texts,
      toldElsewhere: Uint8Array.from(this.told),
      rare: this.rare,
    };
  }
}

/** The messages as a reader gives them. */
export function readRouted(routed: RoutedMessages): SourceMessage[] {
  const { seqs, arrivals, subjectAt, subjects, texts, toldElsewhere, rare } = routed;
  const messages: SourceMessage[] = [];
  let nextRare = 0;
  for (let i = 0; i < seqs.length; i++) {
    const arrival = arrivals[i] as number;
    const message = {
      seq: seqs[i] as number,
      arrival: Number.isNaN(arrival) ? undefined : arrival,
      subject: subjects[subjectAt[i] as number] as string,
      headers: undefined,
      text: texts[i],
      value: undefined,
      isToldElsewhere: toldElsewhere[i] === 1,
    };
    const special = rare[nextRare];
    if (special?.[0] !== i) messages.push(message);
    else {
      messages.push({ ...message, ...special[1] });
      nextRare++;
    }
  }
  return messages;
}

/** Gathers what moves a shard's event time, of events that are not its own. */
export class ElsewhereBuilder {
  private readonly seqs: number[] = [];
  private readonly times: number[] = [];
  private readonly arrivals: number[] = [];
  private readonly units: string[] = [];
  /** The last entry may stand for the next event, too. */
  private open = false;

  /** `hasUnits`: the source has `by`. Without, the events between two of the shard's own are as good as one. */
  constructor(private readonly hasUnits: boolean) {}

  add(seq: number, time: number, arrival: number, unit: string): void {
    const last = this.seqs.length - 1;
    if (this.open && !this.hasUnits) {
      this.seqs[last] = seq;
      this.times[last] = Math.max(this.times[last] as number, time);
      this.arrivals[last] = Math.max(this.arrivals[last] as number, arrival);
      return;
    }
    this.seqs.push(seq);
    this.times.push(time);
    this.arrivals.push(arrival);
    if (this.hasUnits) this.units.push(unit);
    this.open = true;
  }

  /** An event of the shard's own comes between. */
  interrupt(): void {
    this.open = false;
  }

  finish(): SourceBatch['elsewhere'] {
    if (this.seqs.length === 0) return undefined;
    return {
      seqs: Float64Array.from(this.seqs),
      times: Float64Array.from(this.times),
      arrivals: Float64Array.from(this.arrivals),
      units: this.hasUnits ? this.units : undefined,
    };
  }
}
