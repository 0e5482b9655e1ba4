/**
 * Bodies as they are: no envelope in either direction. Nest's own (de)serialisers would read a document's
 * top-level `pattern` or `data` as their envelope, and take a request without their `id` for an event.
 */
import { NatsContext } from '@nestjs/microservices';
import { headers } from '@nats-io/transport-node';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { problemMediaType } from '../problem/problem.js';
import type { Problem } from '../problem/problem.js';

/** What Nest's server does next with a message: an `id` makes it a request. */
export interface IncomingRequest {
  readonly pattern: string;
  readonly data: Uint8Array;
  readonly id: string | undefined;
}

/** What Nest's server hands over to be sent: a response, a problem, or only the end of an answer already sent. */
export interface OutgoingAnswer {
  readonly response?: unknown;
  readonly err?: unknown;
}

export interface EncodedAnswer {
  readonly data: Uint8Array;
  readonly headers: MsgHdrs;
}

const utf8 = new TextEncoder();

export function decodeRequest(message: Msg, channel: string): IncomingRequest {
  return { pattern: channel, data: message.data, id: message.reply };
}

/** Text (YAML) goes out as it is, anything else as JSON. */
export function encodeAnswer({ response, err }: OutgoingAnswer): EncodedAnswer {
  if (err !== undefined) return encodeProblem(err as Problem);
  if (typeof response === 'string') return encode(response, 'application/yaml');
  return encode(JSON.stringify(response), 'application/json');
}

/** Carries the headers of NATS' own service errors, so that its tools show a failure as one. */
export function encodeProblem(problem: Problem): EncodedAnswer {
  const answer = encode(JSON.stringify(problem), problemMediaType);
  answer.headers.set('Nats-Service-Error-Code', String(problem.status));
  answer.headers.set('Nats-Service-Error', problem.title);
  return answer;
}

export function natsHeader(context: NatsContext, name: string): string | undefined {
  const sent = context.getHeaders() as MsgHdrs | undefined;
  return sent?.has(name) ? sent.get(name) : undefined;
}

function encode(text: string, mediaType: string): EncodedAnswer {
  const answer = headers();
  answer.set('Content-Type', mediaType);
  return { data: utf8.encode(text), headers: answer };
}
