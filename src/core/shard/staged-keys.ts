/**
 * The keys of a checkpoint's cut. The cut itself costs a number for each key that changed; the records are made afterwards, some
 * at a time, while events go on to be processed.
 *
 * Invariant: a record holds its key as it was at the cut, whenever it is taken. So whoever changes a key, its timer, or lets go
 * of its state, calls `saveFirst` before.
 */
import { assert } from '../assert.js';
import type { KeyToken } from '../model/key.js';
import { slotOf } from '../model/key.js';
import type { KeyState } from './key-state.js';
import type { SavedKey } from './saved-key.js';
import { saveKey } from './saved-key.js';

/** A change of one key since the last checkpoint; without a record the key is gone. */
export interface KeyChange {
  readonly group: string;
  readonly slot: number;
  readonly token: KeyToken;
  readonly record: SavedKey | undefined;
  /** Its earliest deadline, and the one the store has an entry for; Infinity for none. */
  readonly due: number;
  readonly dueBefore: number;
}

/** Of one key group. Plain arrays: an object for each key would make the cut, and the collector's work after it, several times as long. */
class StagedGroup {
  /** By the number in `KeyState.staged`. */
  readonly keys: (KeyState | undefined)[] = [];
  /** Of keys that changed before they were taken. */
  private readonly changed = new Map<number, KeyChange>();

  constructor(private readonly group: string) {}

  add(key: KeyState): void {
    assert(key.staged < 0, 'a cut is taken whole before the next one');
    if (!key.gone) key.staged = this.keys.length;
    this.keys.push(key);
  }

  save(key: KeyState): void {
    this.changed.set(key.staged, this.changeOf(key));
    key.staged = -1;
  }

  take(at: number): KeyChange {
    const key = this.keys[at] as KeyState;
    this.keys[at] = undefined;
    const changed = this.changed.get(at);
    if (changed !== undefined) {
      this.changed.delete(at);
      return changed;
    }
    // A key that was gone at the cut stays gone; any other is as it was.
    const change = this.changeOf(key);
    key.staged = -1;
    return change;
  }

  private changeOf(key: KeyState): KeyChange {
    const { token, storedDue: dueBefore } = key;
    const due = key.gone ? Infinity : key.rules.earliest;
    const record = key.gone ? undefined : saveKey(key, due);
    key.storedDue = due;
    return { group: this.group, slot: slotOf(token), token, record, due, dueBefore };
  }
}

/** What a key group knows of the cut it is in. */
export type PendingKeys = Pick<StagedGroup, 'save'>;

export class StagedKeys {
  private readonly groups: StagedGroup[] = [];
  /** Where taking stands: a group, and a key in it. */
  private group = 0;
  private at = 0;

  constructor(
    /** Cuts are numbered in order. */
    readonly number: number,
  ) {}

  /** Keys of the cut. */
  get count(): number {
    return this.groups.reduce((sum, { keys }) => sum + keys.length, 0);
  }

  /** A key group's part of the cut, to be filled with `add`. */
  open(group: string): StagedGroup {
    const opened = new StagedGroup(group);
    this.groups.push(opened);
    return opened;
  }

  /** The next change, in the order of the cut; undefined when all were taken. */
  take(): KeyChange | undefined {
    for (; this.group < this.groups.length; this.group++, this.at = 0) {
      const staged = this.groups[this.group] as StagedGroup;
      if (this.at < staged.keys.length) return staged.take(this.at++);
    }
    return undefined;
  }
}
