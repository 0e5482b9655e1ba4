/**
 * Which keys of a group are in memory. The others are cold: the store alone holds them, until an event or a deadline needs them.
 *
 * Invariants: a key that is neither here nor leaving is exactly as the store says; what leaves memory is durable; no cold key is
 * due before `coldDue`.
 */
import { assert } from '../assert.js';
import type { KeyToken, KeyValue } from '../model/key.js';
import { KeyRules } from './key-rules.js';
import type { KeyState } from './key-state.js';

/** Cuts of checkpoints: how many were taken, and up to which one they are durable. */
export interface CutCounter {
  taken: number;
  durable: number;
}

/** Heap bytes a key takes for each character of its record, and besides: measured, see decision 13. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_KEY = 300;
/** Characters taken for the record of a key that has none yet. */
const NEW_KEY_CHARACTERS = 400;

export function estimateKeyBytes(recordCharacters: number): number {
  return BYTES_PER_KEY + BYTES_PER_CHARACTER * recordCharacters;
}

export class Residency {
  readonly keys = new Map<KeyToken, KeyState>();
  coldCount = 0;
  coldBytes = 0;
  /** No cold key is due before; Infinity when there is none. */
  coldDue = Infinity;
  residentBytes = 0;
  /** Keys that are gone while the store still has them, until it has not. */
  private leaving = new Map<KeyToken, KeyState>();
  private hand: Iterator<KeyState> | undefined;

  constructor(private readonly cuts: CutCounter) {}

  /** True if the store must be asked for the key before anything is decided about it. */
  isCold(token: KeyToken): boolean {
    return this.coldCount > 0 && !this.keys.has(token) && !this.leaving.has(token);
  }

  /** A key that begins. Of one that just left it inherits what the store still holds. */
  create(token: KeyToken, value: KeyValue | undefined): KeyState {
    const key = newKey(token, value, { rules: new KeyRules(), bytes: estimateKeyBytes(NEW_KEY_CHARACTERS) });
    const before = this.leaving.get(token);
    if (before !== undefined) {
      this.leaving.delete(token);
      key.stored = true;
      // Once a cut has taken the deletion, the timer's entry goes with it.
      key.storedDue = before.dirty ? before.storedDue : Infinity;
      before.stored = false;
    }
    this.put(key);
    return key;
  }

  /** Puts a key in place as the store holds it. */
  restore(key: KeyState): void {
    assert(!this.keys.has(key.token), 'a key is restored once');
    this.noteWarm(key.bytes);
    // What is used once only must not drive out what is used often.
    key.uses = -1;
    this.put(key);
  }

  /** The key holds nothing any more. */
  remove(key: KeyState): void {
    this.keys.delete(key.token);
    this.residentBytes -= key.bytes;
    if (key.stored) this.leaving.set(key.token, key);
  }

  resize(token: KeyToken, recordCharacters: number): void {
    const key = this.keys.get(token);
    if (key === undefined) return;
    const bytes = estimateKeyBytes(recordCharacters);
    this.residentBytes += bytes - key.bytes;
    key.bytes = bytes;
  }

  /** What cuts up to the durable one deleted is no longer in the store. */
  forgetLeft(): void {
    for (const [token, key] of this.leaving) {
      if (!key.dirty && key.cut <= this.cuts.durable) this.leaving.delete(token);
    }
  }

  /**
   * Lets keys go that were not used again since they came or since the hand last passed them (second chance; Corbató, "A paging
   * experiment with the Multics system", 1969) and whose record is durable, until `bytes` are free or `stepsMax` keys were looked at. Gives how many went.
   */
  evict(bytes: number, stepsMax: number): number {
    const floor = this.residentBytes - bytes;
    let evicted = 0;
    // Twice round, every key was asked with its use forgotten: those that are left cannot go now.
    const steps = Math.min(stepsMax, 2 * this.keys.size);
    for (let step = 0; step < steps && this.residentBytes > floor && this.keys.size > 0; step++) {
      const key = this.nextAtHand();
      if (key.uses > 0) key.uses = 0;
      else if (!key.dirty && key.staged < 0 && key.cut <= this.cuts.durable) {
        this.letGo(key);
        evicted++;
      }
    }
    return evicted;
  }

  /** Takes over what the store holds for the group's earlier self. */
  takeOver(earlier: Residency): void {
    assert(earlier.keys.size === 0, 'a closed group has no keys in memory');
    this.coldCount = earlier.coldCount;
    this.coldBytes = earlier.coldBytes;
    this.coldDue = earlier.coldDue;
    this.leaving = earlier.leaving;
  }

  private put(key: KeyState): void {
    this.keys.set(key.token, key);
    this.residentBytes += key.bytes;
  }

  private noteWarm(bytes: number): void {
    if (this.coldCount === 0) return;
    this.coldCount--;
    this.coldBytes = Math.max(0, this.coldBytes - bytes);
    if (this.coldCount === 0) this.coldDue = Infinity;
  }

  private nextAtHand(): KeyState {
    let next = this.hand?.next();
    if (next === undefined || next.done === true) {
      this.hand = this.keys.values();
      next = this.hand.next();
    }
    return next.value as KeyState;
  }

  private letGo(key: KeyState): void {
    assert(key.stored, 'a key that leaves memory is in the store');
    this.keys.delete(key.token);
    this.residentBytes -= key.bytes;
    this.coldCount++;
    this.coldBytes += key.bytes;
    if (key.storedDue < this.coldDue) this.coldDue = key.storedDue;
    // A timer may point here for a while.
    key.gone = true;
    key.timerAt = Infinity;
    key.rules.clear();
  }
}

export function newKey(
  token: KeyToken,
  value: KeyValue | undefined,
  { rules, bytes }: { readonly rules: KeyRules; readonly bytes: number },
): KeyState {
  return {
    token,
    key: value,
    rules,
    timerAt: Infinity,
    dirty: false,
    stored: false,
    storedDue: Infinity,
    gone: false,
    staged: -1,
    cut: 0,
    uses: 0,
    bytes,
  };
}
