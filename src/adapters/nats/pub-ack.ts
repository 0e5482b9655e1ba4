import { errors } from '@nats-io/transport-node';
import type { Msg } from '@nats-io/transport-node';
import type { PublishAck } from '../../ports/sink.js';

/** What the server answered to a publication: stored, refused for good, or failed for now. */
export type PubAnswer =
  | { readonly seq: number; readonly duplicate: boolean }
  | { readonly failure: string; readonly refused?: NonNullable<PublishAck['refused']> };

/** The stream's own `max_msg_size`. */
const messageExceedsMaximum = 10_054;
const noResponders = 503;

export function readPubAck(message: Msg): PubAnswer {
  if (message.data.length === 0) {
    const code = message.headers?.code ?? 0;
    return {
      failure:
        code === noResponders
          ? 'no stream takes the subject, or JetStream is not available'
          : `the server answered ${code}`,
    };
  }
  const answer = parseAnswer(message);
  if (answer === undefined)
    return { failure: 'the answer is not an acknowledgement: something else replies under the alert prefix' };
  if (answer.error !== undefined) {
    const failure = `${answer.error.description ?? 'error'} (${answer.error.err_code ?? answer.error.code ?? 0})`;
    return answer.error.err_code === messageExceedsMaximum
      ? { failure, refused: { code: 'too-large', message: `The alert stream refuses it: ${failure}.` } }
      : { failure };
  }
  if (typeof answer.seq !== 'number') return { failure: 'the acknowledgement names no sequence' };
  return { seq: answer.seq, duplicate: answer.duplicate === true };
}

interface RawAnswer {
  readonly seq?: unknown;
  readonly duplicate?: unknown;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

function parseAnswer(message: Msg): RawAnswer | undefined {
  try {
    const value: unknown = JSON.parse(message.string());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Why a message can never be sent as it is; undefined when the fault is not the message's. */
export function refusalOf(error: unknown): PublishAck['refused'] {
  if (error instanceof errors.InvalidSubjectError)
    return { code: 'malformed', message: `The subject is not valid: ${error.message}.` };
  if (!(error instanceof errors.InvalidArgumentError)) return undefined;
  return error.message.includes('max_payload')
    ? {
        code: 'too-large',
        message: "It exceeds the server's max_payload: raise it, or send ids instead of events (`include: ids`).",
      }
    : { code: 'malformed', message: error.message };
}
