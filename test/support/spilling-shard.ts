/**
 * A shard that keeps no key in memory between two inputs: what `ShardFeed` does beside a store, here at once and with maps for the
 * store. Throws when the store does not hold exactly what it should.
 */
import { assert } from '../../src/core/assert.js';
import type { KeyToken } from '../../src/core/model/key.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import { foresee } from '../../src/core/shard/foresight.js';
import type { KeyGroup } from '../../src/core/shard/key-group.js';
import type { SavedKey } from '../../src/core/shard/saved-key.js';
import type { KeyRecord, Shard, ShardInput, ShardOutput } from '../../src/core/shard/shard.js';
import { advanceShard } from '../../src/core/shard/shard.js';

const KEYS_PER_STEP = 1;
const ALL = 1_000_000;

interface StoredKey {
  readonly token: KeyToken;
  readonly text: string;
  readonly due: number;
}

export class SpillingShard {
  private readonly stored = new Map<string, Map<KeyToken, StoredKey>>();

  constructor(
    readonly shard: Shard,
    private readonly take: (output: ShardOutput) => void,
  ) {}

  get storedKeys(): number {
    let count = 0;
    for (const keys of this.stored.values()) count += keys.size;
    return count;
  }

  /** Gives the input in as many steps as it needs, and forgets every key after each. */
  events(source: string, events: readonly StreamEvent[], watermark: number): void {
    let from = 0;
    for (let reached = -Infinity, done = false; !done;) {
      const step = this.fetchFor(source, events, from, watermark);
      assert(step.to > from || step.watermark > reached || step.watermark === watermark, 'every step goes on');
      this.input({ kind: 'events', source, events: events.slice(from, step.to), watermark: step.watermark });
      done = step.to === events.length && step.watermark === watermark;
      from = step.to;
      reached = step.watermark;
      this.spill();
    }
  }

  input(input: ShardInput): void {
    this.take(advanceShard(this.shard, input));
  }

  /** A checkpoint, after which no key is in memory. */
  spill(): void {
    const cut = this.shard.cut();
    for (let change = cut.take(); change !== undefined; change = cut.take()) {
      const { group, token, record, due, dueBefore } = change;
      const keys = this.keysOf(group);
      assert((keys.get(token)?.due ?? Infinity) === dueBefore, 'the timer to delete is the one that is there');
      if (record === undefined) keys.delete(token);
      else keys.set(token, { token, text: JSON.stringify(record), due });
    }
    this.shard.noteDurable(cut.number);
    this.shard.forgetLeft();
    this.shard.evict(0, ALL);
    assert(this.shard.residentCount === 0, 'no key stays');
    assert(this.shard.coldCount === this.storedKeys, 'what the store holds is counted');
  }

  private fetchFor(source: string, events: readonly StreamEvent[], from: number, watermark: number) {
    const groups = this.shard.groupsOf(source);
    let upTo = watermark;
    for (const group of groups) upTo = Math.min(upTo, this.fetchDue(group, source, upTo));
    const options = { source, events, from, watermark: upTo, isCut: upTo < watermark, keysMax: KEYS_PER_STEP };
    const step = foresee(groups, options);
    for (const [group, tokens] of step.cold) this.fetch(group, [...tokens]);
    return step;
  }

  /** Fetches keys up to the first time that has any due. */
  private fetchDue(group: KeyGroup, source: string, watermark: number): number {
    const to = group.watermarkAfter(source, watermark);
    const all = [...this.keysOf(group.id).values()].filter(({ token }) => group.table.residency.isCold(token));
    const first = Math.min(...all.map(({ due }) => due));
    if (first > to) return watermark;
    assert(first >= group.table.residency.coldDue, 'no cold key is due before it is said to be');
    const upTo = group.watermarkAfter(source, first) <= first ? first : to;
    const tokens = all.filter(({ due }) => due <= upTo).map(({ token }) => token);
    const next = Math.min(...all.filter(({ due }) => due > upTo).map(({ due }) => due));
    this.fetch(group.id, tokens, next);
    return upTo < to ? upTo : watermark;
  }

  private fetch(group: string, tokens: readonly KeyToken[], dueFrom?: number): void {
    const records = tokens.flatMap((token): KeyRecord[] => {
      const text = this.keysOf(group).get(token)?.text;
      return text === undefined ? [] : [[token, JSON.parse(text) as SavedKey, text.length]];
    });
    this.input({ kind: 'keys', group, records, ...(dueFrom === undefined ? {} : { dueFrom }) });
  }

  private keysOf(group: string): Map<KeyToken, StoredKey> {
    let keys = this.stored.get(group);
    if (keys === undefined) {
      keys = new Map();
      this.stored.set(group, keys);
    }
    return keys;
  }
}
