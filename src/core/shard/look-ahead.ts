/**
 * What the next events find, before any of them is processed. With thousands of rules and keys an event waits for memory most of its
 * time; looked at side by side, many wait together (S. Chen et al., "Improving hash join performance through prefetching", 2004:
 * group prefetching). Only what the events themselves say is kept, and which keys there are, which a later step may change.
 */
import type { StreamEvent } from '../model/event.js';
import type { KeyToken, KeyValue } from '../model/key.js';
import type { ActiveRule } from './active-rule.js';
import type { KeyReader } from './key-reader.js';
import type { KeyState } from './key-state.js';
import type { RuleIndex } from './rule-index.js';
import { FOUND_BITS, FOUND_SURE_BEGIN } from './way-rows.js';

/** Events looked at together: their keys and rules fit into the cache. */
export const AHEAD_MAX = 256;

/** Once so much was found no further event is looked at: thousands of rules may be asked about every event. */
export const FOUND_AHEAD_MAX = 65_536;

/** With fewer keys than this what they hold is in the cache as it is. */
const FETCH_FROM_KEYS = 1_024;

export class LookAhead {
  /** Of all events one after the other. */
  readonly found: number[] = [];
  /** By event, where something was found: its key, none if it has none, and what was held for it then. */
  readonly tokens: (KeyToken | undefined)[] = [];
  readonly values: (KeyValue | undefined)[] = [];
  readonly known: (KeyState | undefined)[] = [];
  /** Where what an event found ends. */
  private readonly ends = new Int32Array(AHEAD_MAX);
  /** Events for which something was found. */
  private readonly finding = new Int32Array(AHEAD_MAX);
  private findingCount = 0;
  /** Read by nobody: what is fetched is added up, so that it is fetched. */
  private fetched = 0;

  /** Places in `found` of the event at the place. */
  fromOf(at: number): number {
    return at === 0 ? 0 : (this.ends[at - 1] as number);
  }

  toOf(at: number): number {
    return this.ends[at] as number;
  }

  /** Looks at the events from `from` on, to before `to` or to where enough was found; gives where it ended. `to` is at most `AHEAD_MAX` on. */
  find(index: RuleIndex, events: readonly StreamEvent[], from: number, to: number): number {
    const { found, ends, finding } = this;
    if (found.length > 0) found.length = 0;
    let count = 0;
    let before = 0;
    let at = from;
    for (; at < to && before < FOUND_AHEAD_MAX; at++) {
      index.find((events[at] as StreamEvent).body, found);
      const end = found.length;
      ends[at - from] = end;
      if (end > before) finding[count++] = at - from;
      before = end;
    }
    this.findingCount = count;
    return at;
  }

  /** After `find`: the keys of the events that found something. */
  findKeys(
    readers: ReadonlyMap<string, KeyReader>,
    keys: ReadonlyMap<KeyToken, KeyState>,
    events: readonly StreamEvent[],
    from: number,
  ): void {
    const { tokens, values, known, finding, findingCount } = this;
    for (let i = 0; i < findingCount; i++) {
      const at = finding[i] as number;
      const event = events[from + at] as StreamEvent;
      const reader = readers.get(event.source);
      const token = reader?.tokenOf(event);
      tokens[at] = token;
      values[at] = reader?.value;
      known[at] = token === undefined ? undefined : keys.get(token);
    }
  }

  /** After `findKeys`: brings into the cache what the keys hold and what the rules begin with. */
  fetch(rules: readonly ActiveRule[], keyCount: number): void {
    if (keyCount < FETCH_FROM_KEYS) return;
    const { finding, findingCount, known, found } = this;
    let sum = 0;
    for (let i = 0; i < findingCount; i++) sum += known[finding[i] as number]?.rules.size ?? 0;
    for (let i = 0; i < findingCount; i++) sum += known[finding[i] as number]?.rules.fetch() ?? 0;
    for (let i = 0; i < found.length; i++) {
      const one = found[i] as number;
      if ((one & FOUND_SURE_BEGIN) !== 0) sum += (rules[one >> FOUND_BITS] as ActiveRule).counters.liveRuns;
    }
    this.fetched = (this.fetched + sum) | 0;
  }
}
