/** A shard's way into the store and out of it: key records, under the hash of their key group. */
import type { SavedKey } from '../core/shard/saved-key.js';
import type { Shard } from '../core/shard/shard.js';
import type { StagedKeys } from '../core/shard/staged-keys.js';
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

  /** Every key that changed since the last cut, as it is now; see `Shard.cut`. The store changes are made as they are asked for. */
  cut(): { readonly keys: number; readonly changes: Iterable<StoreChange> } {
    const cut = this.shard.cut();
    return { keys: cut.count, changes: this.changesOf(cut) };
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

  private *changesOf(cut: StagedKeys): Iterable<StoreChange> {
    for (let change = cut.take(); change !== undefined; change = cut.take()) {
      const { group, slot, token, record } = change;
      const key = recordKey(slot, this.hashOf(group), token);
      yield record === undefined ? { kind: 'del', key } : { kind: 'put', key, value: JSON.stringify(record) };
    }
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
