/** Part of a batch of a source on its way to the shard it is for: columns, so that few objects cross threads. */
import type { SourceBatch, SourceIdentity, SourceMessage } from '../../ports/source.js';

/** What few messages have: headers, a value in place of text, a problem. */
type Rare = Pick<SourceMessage, 'headers' | 'text' | 'value' | 'problem'>;

/** Columns of one length, in order of sequence. */
export interface RoutedMessages {
  readonly seqs: Float64Array;
  /** NaN: unknown. */
  readonly arrivals: Float64Array;
  /** Each place in `subjects`. */
  readonly subjectAt: Uint32Array;
  readonly subjects: readonly string[];
  /** All payloads, one behind the other, and where each ends. */
  readonly texts: string;
  readonly textEnds: Uint32Array;
  /** 1: another shard tells what is late or dead of it. */
  readonly toldElsewhere: Uint8Array;
  readonly rare: readonly (readonly [place: number, what: Rare])[];
}

export interface RoutedBatch extends Omit<SourceBatch, 'messages'> {
  /** Whole for a shard in the thread that reads the source. */
  readonly messages: RoutedMessages | readonly SourceMessage[];
  /** As it was when the batch had been read. */
  readonly identity: SourceIdentity;
}

/** Gathers the messages of one batch for one shard. */
export interface MessagesBuilder {
  /** `parsed`: what its text says, if it is JSON. */
  add(message: SourceMessage, isToldElsewhere: boolean, parsed: unknown): void;
  finish(): RoutedBatch['messages'];
}

/** For a shard in this thread: messages need not be parsed again. */
export class LocalMessagesBuilder implements MessagesBuilder {
  private readonly messages: SourceMessage[] = [];

  add(message: SourceMessage, isToldElsewhere: boolean, parsed: unknown): void {
    message.isToldElsewhere = isToldElsewhere;
    message.parsed = parsed;
    this.messages.push(message);
  }

  finish(): readonly SourceMessage[] {
    return this.messages;
  }
}

/** For a shard in another thread. */
export class RoutedMessagesBuilder implements MessagesBuilder {
  private readonly messages: SourceMessage[] = [];
  private readonly told: number[] = [];

  add(message: SourceMessage, isToldElsewhere: boolean): void {
    this.messages.push(message);
    this.told.push(isToldElsewhere ? 1 : 0);
  }

  finish(): RoutedMessages {
    const { messages, told } = this;
    const { length } = messages;
    const seqs = new Float64Array(length);
    const arrivals = new Float64Array(length);
    const subjectAt = new Uint32Array(length);
    const textEnds = new Uint32Array(length);
    const subjects = new Map<string, number>();
    const texts: string[] = [];
    const rare: [number, Rare][] = [];
    let end = 0;
    for (let i = 0; i < length; i++) {
      const { seq, arrival, subject, headers, text, value, problem } = messages[i] as SourceMessage;
      let at = subjects.get(subject);
      if (at === undefined) subjects.set(subject, (at = subjects.size));
      seqs[i] = seq;
      arrivals[i] = arrival ?? NaN;
      subjectAt[i] = at;
      if (text !== undefined) {
        texts.push(text);
        end += text.length;
      }
      textEnds[i] = end;
      if (text === undefined || headers !== undefined || problem !== undefined)
        rare.push([i, { headers, text, value, ...(problem === undefined ? {} : { problem }) }]);
    }
    const toldElsewhere = new Uint8Array(told);
    return {
      seqs,
      arrivals,
      subjectAt,
      subjects: [...subjects.keys()],
      texts: texts.join(''),
      textEnds,
      toldElsewhere,
      rare,
    };
  }
}

/** The messages as a reader gives them. */
export function readRouted(routed: RoutedBatch['messages']): readonly SourceMessage[] {
  if (isLocal(routed)) return routed;
  const { seqs, arrivals, subjectAt, subjects, texts, textEnds, toldElsewhere, rare } = routed;
  const messages: SourceMessage[] = [];
  let nextRare = 0;
  let begin = 0;
  for (let i = 0; i < seqs.length; i++) {
    const arrival = arrivals[i] as number;
    const end = textEnds[i] as number;
    const message = {
      seq: seqs[i] as number,
      arrival: Number.isNaN(arrival) ? undefined : arrival,
      subject: subjects[subjectAt[i] as number] as string,
      headers: undefined,
      text: texts.slice(begin, end),
      value: undefined,
      isToldElsewhere: toldElsewhere[i] === 1,
      parsed: undefined,
    };
    begin = end;
    const special = rare[nextRare];
    if (special?.[0] !== i) messages.push(message);
    else {
      messages.push({ ...message, ...special[1] });
      nextRare++;
    }
  }
  return messages;
}

function isLocal(routed: RoutedBatch['messages']): routed is readonly SourceMessage[] {
  return Array.isArray(routed);
}

/** Gathers what moves a shard's event time, of events that are not its own. */
export class ElsewhereBuilder {
  private firstSeq = 0;
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
    if (last < 0) this.firstSeq = seq;
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
      firstSeq: this.firstSeq,
      seqs: new Float64Array(this.seqs),
      times: new Float64Array(this.times),
      arrivals: new Float64Array(this.arrivals),
      units: this.hasUnits ? this.units : undefined,
    };
  }
}
