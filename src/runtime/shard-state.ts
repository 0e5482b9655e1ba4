/** A shard's way into the store and out of it: key records and timers, under the hash of their key group. */
import type { KeyToken } from '../core/model/key.js';
import { slotOf } from '../core/model/key.js';
import type { SavedKey } from '../core/shard/saved-key.js';
import type { KeyRecord, Shard } from '../core/shard/shard.js';
import type { KeyChange, StagedKeys } from '../core/shard/staged-keys.js';
import type { Digest } from '../ports/digest.js';
import type { StateStore, StoreChange } from '../ports/store.js';
import { parseRecordKey, parseTimerKey, rangeOf, recordKey, timerKey, timersFrom } from './state-layout.js';

const GROUP_HASH_DIGITS = 16;

/** Timers of cold keys, as far as they were looked at. */
export interface DueKeys {
  readonly tokens: readonly KeyToken[];
  /** Every cold key due up to here is among them. */
  readonly reached: number;
  /** No other one is due before; Infinity for none at all. */
  readonly next: number;
}

export interface DueQuery {
  readonly group: string;
  readonly from: number;
  readonly to: number;
  /** Beyond so many the answer may end earlier, between two times for which `mayEndAt` holds. */
  readonly keysMax: number;
  readonly mayEndAt: (time: number) => boolean;
  readonly isCold: (token: KeyToken) => boolean;
}

/** Some records in order of the store, by key group. */
export interface RecordSlice {
  readonly byGroup: ReadonlyMap<string, readonly KeyRecord[]>;
  /** Where the next slice begins; undefined behind the last. */
  readonly next: string | undefined;
}

export class ShardState {
  private readonly hashes = new Map<string, string>();

  constructor(
    private readonly shard: Shard,
    private readonly store: StateStore,
    private readonly digest: Digest,
  ) {}

  /** Every key that changed since the last cut, as it is now; see `Shard.cut`. The store changes are made as they are asked for. */
  cut(): { readonly number: number; readonly keys: number; readonly changes: Iterable<StoreChange> } {
    const cut = this.shard.cut();
    return { number: cut.number, keys: cut.count, changes: this.changesOf(cut) };
  }

  /** The records of these keys; of those that have one. */
  async read(group: string, tokens: readonly KeyToken[]): Promise<KeyRecord[]> {
    const hash = this.hashOf(group);
    const values = await this.getMany(tokens.map((token) => recordKey(slotOf(token), hash, token)));
    return values.flatMap((value, at): KeyRecord[] => {
      return value === undefined ? [] : [toRecord(tokens[at] as KeyToken, value)];
    });
  }

  /** Cold keys of a group that are due in a span of time. */
  async due({ group, from, to, keysMax, mayEndAt, isCold }: DueQuery): Promise<DueKeys> {
    const tokens: KeyToken[] = [];
    let last = -Infinity;
    for await (const [key] of this.store.entries(...timersFrom(this.hashOf(group), from))) {
      const { time, token } = parseTimerKey(key);
      if (time > to) return { tokens, reached: to, next: time };
      if (tokens.length >= keysMax && time > last && mayEndAt(time - 1)) {
        return { tokens, reached: time - 1, next: time };
      }
      last = time;
      if (isCold(token)) tokens.push(token);
    }
    return { tokens, reached: to, next: Infinity };
  }

  /** The next records from `from` on, those of groups that `isWanted` says; at most `recordsMax`. */
  async slice(
    from: string | undefined,
    recordsMax: number,
    isWanted: (group: string) => boolean,
  ): Promise<RecordSlice> {
    const groups = new Map([...this.shard.all()].map(({ id }) => [this.hashOf(id), id]));
    const [first, end] = rangeOf('k/');
    const byGroup = new Map<string, KeyRecord[]>();
    let count = 0;
    for await (const [key, value] of this.store.entries(from ?? first, end)) {
      if (count++ >= recordsMax) return { byGroup, next: key };
      const { group: hash, token } = parseRecordKey(key);
      const id = groups.get(hash);
      if (id === undefined || !isWanted(id)) continue;
      const records = byGroup.get(id);
      if (records === undefined) byGroup.set(id, [toRecord(token, value)]);
      else records.push(toRecord(token, value));
    }
    return { byGroup, next: undefined };
  }

  /** Records under the hash of no group in force or closing: states of format 1 may hold some. */
  async strayRecords(): Promise<StoreChange[]> {
    const known = new Set([...this.shard.all()].map(({ id }) => this.hashOf(id)));
    const stray: StoreChange[] = [];
    for await (const [key] of this.store.entries(...rangeOf('k/'))) {
      if (!known.has(parseRecordKey(key).group)) stray.push({ kind: 'del', key });
    }
    return stray;
  }

  private async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    if (this.store.getMany !== undefined) return this.store.getMany(keys);
    const values: (string | undefined)[] = [];
    for (const key of keys) values.push(await this.store.get(key));
    return values;
  }

  private *changesOf(cut: StagedKeys): Iterable<StoreChange> {
    for (let change = cut.take(); change !== undefined; change = cut.take()) yield* this.changesOfKey(change);
  }

  private *changesOfKey(change: KeyChange): Iterable<StoreChange> {
    const { group, slot, token, record, due, dueBefore } = change;
    const hash = this.hashOf(group);
    const key = recordKey(slot, hash, token);
    if (record === undefined) yield { kind: 'del', key };
    else {
      const value = JSON.stringify(record);
      this.shard.noteSize(change, value.length);
      yield { kind: 'put', key, value };
    }
    if (due === dueBefore) return;
    if (dueBefore !== Infinity) yield { kind: 'del', key: timerKey(hash, dueBefore, token) };
    if (due !== Infinity) yield { kind: 'put', key: timerKey(hash, due, token), value: '' };
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

function toRecord(token: KeyToken, value: string): KeyRecord {
  return [token, JSON.parse(value) as SavedKey, value.length];
}
