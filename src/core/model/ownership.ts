/** Which keys a shard of several has: slots are dealt out in turn. */
import type { KeyToken } from './key.js';
import { slotOf } from './key.js';

/** Shard number `shard`, from 0, of `of`. */
export interface Ownership {
  readonly shard: number;
  readonly of: number;
}

/** The shard a key belongs to, of so many. */
export function shardOfKey(token: KeyToken, shards: number): number {
  return slotOf(token) % shards;
}

export function ownsKey({ shard, of }: Ownership, token: KeyToken): boolean {
  return shardOfKey(token, of) === shard;
}
