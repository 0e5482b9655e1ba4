/**
 * From a message to its events. What cannot be decoded becomes a dead letter with its reason: a value, never thrown.
 */
import type { DecodePlan } from '../document/plans.js';
import type { Expression, Scope } from '../expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../expression/expression.js';
import { limits } from '../limits.js';
import type { StreamEvent } from '../model/event.js';
import { parseTime } from './parse-time.js';

/** A message as the source gave it (the shape of the source port's messages). */
export interface RawMessage {
  readonly seq: number;
  readonly arrival: number | undefined;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly text: string | undefined;
  readonly value: unknown;
  readonly problem?: string;
  /** What the text says, if somebody parsed it before. */
  readonly parsed?: unknown;
}

/** Why a message, or one element of it, is no event. */
export type DeadReason = 'record' | 'json' | 'body' | 'each' | 'time' | 'schema' | 'future';

export interface DeadLetter {
  readonly source: string;
  readonly seq: number;
  /** Element of the message; -1 for the message as a whole. */
  readonly index: number;
  readonly reason: DeadReason;
  /** A sentence that says what is wrong and how to mend it. */
  readonly detail: string;
  readonly subject: string;
  readonly arrival: number | undefined;
  /** The payload, cut to `limits.deadLetterPayloadCharsMax` characters, and its whole length. */
  readonly payload: string;
  readonly payloadLength: number;
}

export interface Decoded {
  readonly events: StreamEvent[];
  readonly dead: DeadLetter[];
}

const NO_EVENTS: readonly unknown[] = [];

/** Decodes the messages of one source. Holds scratch only. */
export class MessageDecoder {
  private readonly scope: Scope = {
    body: undefined,
    event: { time: 0, type: undefined, subject: '', headers: undefined },
    key: undefined,
    params: {},
    constants: NO_CONSTANTS,
    stageEvents: () => NO_EVENTS,
  };

  /** What the message decoded last says as a whole; undefined if it is not JSON. */
  parsed: unknown;

  constructor(
    private readonly source: string,
    private readonly plan: DecodePlan,
  ) {}

  /** Appends the message's events, and what of it is none, to `out`. */
  decode(message: RawMessage, out: Decoded): void {
    this.parsed = undefined;
    if (message.problem !== undefined) return this.bury(out, message, -1, 'record', message.problem);
    let body: unknown = message.parsed ?? message.value;
    if (message.text !== undefined && message.parsed === undefined) {
      try {
        body = JSON.parse(message.text);
      } catch (error) {
        return this.bury(out, message, -1, 'json', `The payload is not JSON: ${(error as Error).message}.`);
      }
    }
    this.parsed = body;
    this.scope.event = {
      time: message.arrival ?? 0,
      type: undefined,
      subject: message.subject,
      headers: message.headers,
    };
    if (this.plan.body !== undefined) {
      const inner = this.evaluate(this.plan.body, body);
      if (inner === undefined) {
        return this.bury(
          out,
          message,
          -1,
          'body',
          `\`event.body\` (${this.plan.body.source}) gives nothing for this payload.`,
        );
      }
      body = inner;
    }
    if (this.plan.each === undefined) this.decodeOne(message, body, 0, out);
    else this.decodeEach(message, body, this.plan.each, out);
  }

  private decodeEach(message: RawMessage, body: unknown, each: Expression, out: Decoded): void {
    const list = this.evaluate(each, body);
    if (!Array.isArray(list)) {
      if (typeof list === 'object' && list !== null) return this.decodeOne(message, list, 0, out);
      return this.bury(out, message, -1, 'each', `\`event.each\` (${each.source}) must give an array or an object.`);
    }
    if (list.length > limits.eventsPerMessageMax) {
      const detail = `The message carries ${list.length} events, more than ${limits.eventsPerMessageMax}: send smaller messages.`;
      return this.bury(out, message, -1, 'each', detail);
    }
    for (let index = 0; index < list.length; index++) this.decodeOne(message, list[index], index, out);
  }

  private decodeOne(message: RawMessage, body: unknown, index: number, out: Decoded): void {
    const { plan } = this;
    const problem = plan.schemaProblems?.(body);
    if (problem !== undefined) return this.bury(out, message, index, 'schema', problem);
    const arrivalOfFile = plan.arrival === undefined ? undefined : parseTime(this.evaluate(plan.arrival, body));
    const time =
      plan.time === undefined ? (arrivalOfFile ?? message.arrival) : parseTime(this.evaluate(plan.time, body));
    if (time === undefined) return this.bury(out, message, index, 'time', this.timeDetail(body));
    const arrival = arrivalOfFile ?? message.arrival ?? time;
    if (plan.maxFutureMs !== undefined && time - arrival > plan.maxFutureMs) {
      const detail = `The event time is ${time - arrival} ms ahead of its arrival, more than \`maxFuture\` allows.`;
      return this.bury(out, message, index, 'future', detail);
    }
    const order = plan.order === undefined ? undefined : this.evaluate(plan.order, body);
    out.events.push({
      source: this.source,
      seq: message.seq,
      index,
      time,
      arrival,
      order: typeof order === 'number' || typeof order === 'string' ? order : undefined,
      id: this.text(plan.id, body),
      type: this.text(plan.type, body),
      subject: message.subject,
      headers: message.headers,
      body,
    });
  }

  private timeDetail(body: unknown): string {
    const { time } = this.plan;
    if (time === undefined) return 'The source gives no arrival time: name a field in `event.time` or `event.arrival`.';
    const value = this.evaluate(time, body);
    const seen = value === undefined ? 'gives nothing' : `gives ${JSON.stringify(value)?.slice(0, 100)}`;
    return `\`event.time\` (${time.source}) ${seen}: it must be ISO-8601 text or epoch milliseconds as a number.`;
  }

  private text(expression: Expression | undefined, body: unknown): string | undefined {
    if (expression === undefined) return undefined;
    const value = this.evaluate(expression, body);
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }

  /** A failing expression gives nothing. */
  private evaluate(expression: Expression, body: unknown): unknown {
    this.scope.body = body;
    try {
      return expression.evaluate(this.scope);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return undefined;
    }
  }

  private bury(out: Decoded, message: RawMessage, index: number, reason: DeadReason, detail: string): void {
    const payload = message.text ?? JSON.stringify(message.value) ?? '';
    out.dead.push({
      source: this.source,
      seq: message.seq,
      index,
      reason,
      detail,
      subject: message.subject,
      arrival: message.arrival,
      payload: payload.slice(0, limits.deadLetterPayloadCharsMax),
      payloadLength: payload.length,
    });
  }
}
