/**
 * Where things stand in the state store (format 2, described in docs/state-format.md). Keys are ASCII and sort by part.
 *
 *   c/<shard>                      checkpoint: positions, watermarks, ordinals, revision
 *   d/<kind>/<name>                document in force, with its origin
 *   k/<slot>/<group>/<key>         everything the rules of a key group hold for one key
 *   o/<number>                     outbox: a message durable and not yet known to be published
 *   r/<generation>                 rule with its versions, and the documents of those that drain
 *   s/<rule>/<number>              alert a shadow rule would have published
 *   t/<group>/<time>/<key>         timer: the time at which a key changes by itself
 */
import type { KeyToken } from '../core/model/key.js';

export const STATE_FORMAT = 2;

const KEY_DIGITS = 16;

/** Every non-ASCII unit and every control character as \uXXXX, so that the text sorts the same everywhere. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function checkpointKey(shard: number): string {
  return `c/${shard}`;
}

export function documentKey(kind: string, name: string): string {
  return `d/${kind}/${name}`;
}

/** `group` is the short hash of a key group. */
export function recordKey(slot: number, group: string, token: KeyToken): string {
  return `k/${slot.toString(16).padStart(2, '0')}/${group}/${ascii(JSON.stringify(token))}`;
}

/** The group hash and token of a record's key. */
export function parseRecordKey(key: string): { readonly group: string; readonly token: KeyToken } {
  const [, , group = ''] = key.split('/', 3);
  const text = key.slice('k/00/'.length + group.length + 1);
  return { group, token: JSON.parse(text) as KeyToken };
}

/** Times sort as text when they are above zero and of one length. Event times and deadlines lie far inside. */
const TIME_OFFSET = 1e15;
const TIME_MAX = Number.MAX_SAFE_INTEGER;

function timeText(time: number): string {
  const place = Math.min(TIME_MAX, Math.max(0, Math.floor(time) + TIME_OFFSET));
  return place.toString().padStart(KEY_DIGITS, '0');
}

/** `group` is the short hash of a key group, `time` in ms. */
export function timerKey(group: string, time: number, token: KeyToken): string {
  return `t/${group}/${timeText(time)}/${ascii(JSON.stringify(token))}`;
}

/** Every timer of a group from a time on. */
export function timersFrom(group: string, time: number): readonly [string, string] {
  return [`t/${group}/${timeText(time)}`, `t/${group}0`];
}

/** The time, rounded down, and the token of a timer's key. */
export function parseTimerKey(key: string): { readonly time: number; readonly token: KeyToken } {
  const [, group = '', time = ''] = key.split('/', 3);
  const text = key.slice('t///'.length + group.length + time.length);
  return { time: Number(time) - TIME_OFFSET, token: JSON.parse(text) as KeyToken };
}

export function outboxKey(number: number): string {
  return `o/${number.toString().padStart(KEY_DIGITS, '0')}`;
}

export function parseOutboxKey(key: string): number {
  return Number(key.slice(2));
}

export function ruleKey(generation: number): string {
  return `r/${generation.toString().padStart(KEY_DIGITS, '0')}`;
}

export function shadowKey(rule: string, number: number): string {
  return `s/${rule}/${number.toString().padStart(KEY_DIGITS, '0')}`;
}

/** The range of all keys that begin with `prefix`. */
export function rangeOf(prefix: string): readonly [string, string] {
  return [prefix, `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`];
}
