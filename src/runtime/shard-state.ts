/** A shard's way into the store and out of it: key records, under the hash of their key group. */
import type { SavedKey } from '../core/shard/saved-key.js';
import type { Shard } from '../core/shard/shard.js';
import type { Digest } from '../ports/digest.js';
import type { StateStore, StoreChange } from '../ports/store.js';
import { parseRecordKey, rangeOf, recordKey } from './state-layout.js';

const GROUP_HASH_DIGITS = 16;

export class ShardState {
  private readonly hashes = new Map<string, string>();

  constructor(
    private readonly shard: Shard,
    private readonly digest: Digest,
  ) {}

  /** Store changes for every key that changed since the last call. */
  takeChanges(): StoreChange[] {
    return this.shard.takeChanges().map(({ group, slot, token, record }): StoreChange => {
      const key = recordKey(slot, this.hashOf(group), token);
      return record === undefined ? { kind: 'del', key } : { kind: 'put', key, value: JSON.stringify(record) };
    });
  }

  /** Puts every stored key in place; deletions for those that no rule in force holds anything for. */
  async load(store: StateStore): Promise<{ readonly keys: number; readonly void: StoreChange[] }> {
    const groups = new Map([...this.shard.groups.keys()].map((id) => [this.hashOf(id), id]));
    const gone: StoreChange[] = [];
    let keys = 0;
    for await (const [key, value] of store.entries(...rangeOf('k/'))) {
      const { group, token } = parseRecordKey(key);
      const id = groups.get(group);
      if (id !== undefined && this.shard.loadKey(id, token, JSON.parse(value) as SavedKey)) keys++;
      else gone.push({ kind: 'del', key });
    }
    return { keys, void: gone };
  }

  private hashOf(group: string): string {
    let hash = this.hashes.get(group);
    if (hash === undefined) {
      hash = this.digest(group).slice(0, GROUP_HASH_DIGITS);
      this.hashes.set(group, hash);
    }
    return hash;
  }
}
