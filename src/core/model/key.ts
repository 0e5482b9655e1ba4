/**
 * A key: what runs are confined to. A string, number, boolean or a list of these; 1 and '1' differ.
 */
export type KeyValue = string | number | boolean | readonly KeyValue[];

/** A form of a key that a Map can look up: primitives as they are, lists as marked JSON text. */
export type KeyToken = string | number | boolean;

/** Token of the one key of a rule without `key`. */
export const GLOBAL_KEY_TOKEN: KeyToken = '\u0000global';

/** True if the value may be a key: missing, null, an object, NaN or an empty list may not. */
export function isKeyValue(value: unknown): value is KeyValue {
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return Array.isArray(value) && value.length > 0 && value.every(isKeyValue);
}

/** The Map token of a key. Injective: distinct keys have distinct tokens. */
export function keyToken(key: KeyValue): KeyToken {
  if (typeof key === 'number' || typeof key === 'boolean') return key;
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\u0000s${key}` : key;
  return `\u0000l${JSON.stringify(key)}`;
}

/** The inverse of `keyToken`; undefined for the global key. */
export function keyOfToken(token: KeyToken): KeyValue | undefined {
  if (typeof token !== 'string' || token.charCodeAt(0) !== 0) return token;
  if (token === GLOBAL_KEY_TOKEN) return undefined;
  return token.charAt(1) === 's' ? token.slice(2) : (JSON.parse(token.slice(2)) as KeyValue);
}

/** A total order of tokens, for what must not depend on where keys are kept. */
export function compareTokens(a: KeyToken, b: KeyToken): number {
  if (a === b) return 0;
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  return a < b ? -1 : 1;
}

/** A key as text for people and CloudEvents: a string as it is, the rest as JSON; undefined for the global key. */
export function keyText(key: KeyValue | undefined): string | undefined {
  if (key === undefined) return undefined;
  return typeof key === 'string' ? key : JSON.stringify(key);
}

/** Slots a key hashes into; slots are assigned to shards. Part of the state format: never changes. */
export const SLOTS = 256;

/** The slot of a key: FNV-1a over the UTF-16 units of its token with its type. */
export function slotOf(token: KeyToken): number {
  const text = typeof token === 'string' ? `s${token}` : typeof token === 'number' ? `n${token}` : `b${token}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) & (SLOTS - 1);
}
