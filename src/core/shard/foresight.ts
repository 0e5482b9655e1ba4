/**
 * What the next input needs of keys that are not in memory, found out before it is given: `advanceShard` asks nobody. Where that is
 * much, the input is cut short at a time: in which steps a watermark moves changes nothing.
 */
import type { StreamEvent } from '../model/event.js';
import type { KeyToken } from '../model/key.js';
import type { KeyGroup } from './key-group.js';

export interface ForesightOptions {
  readonly source: string;
  readonly events: readonly StreamEvent[];
  /** The first event not yet given. */
  readonly from: number;
  /** The input may go up to here. */
  readonly watermark: number;
  /** The source's watermark allows more: events behind `watermark` come later. */
  readonly isCut: boolean;
  /** Beyond so many cold keys the input is cut short, if its events differ in time. */
  readonly keysMax: number;
}

export interface Foresight {
  /** Number of events that can be given now, and the watermark with them. */
  readonly to: number;
  readonly watermark: number;
  /** Keys to ask the store for, by key group. */
  readonly cold: ReadonlyMap<string, ReadonlySet<KeyToken>>;
}

class ColdKeys {
  readonly byGroup = new Map<string, Set<KeyToken>>();
  count = 0;

  note(group: KeyGroup, event: StreamEvent): void {
    const token = group.steps.coldKeyOf(event);
    if (token === undefined) return;
    let tokens = this.byGroup.get(group.id);
    if (tokens === undefined) {
      tokens = new Set();
      this.byGroup.set(group.id, tokens);
    }
    const before = tokens.size;
    tokens.add(token);
    this.count += tokens.size - before;
  }
}

/** How far the input can go with how many keys from the store. Changes nothing. */
export function foresee(groups: readonly KeyGroup[], options: ForesightOptions): Foresight {
  const { source, events, from, watermark, isCut, keysMax } = options;
  const cold = new ColdKeys();
  const asking = groups
    .filter((group) => group.table.residency.coldCount > 0)
    .map((group) => ({ group, upTo: group.merging ? group.watermarkAfter(source, watermark) : Infinity }));
  for (const { group, upTo } of asking) {
    if (group.merging) for (const event of group.waitingUpTo(upTo)) cold.note(group, event);
  }
  for (let at = from; at < events.length; at++) {
    const event = events[at] as StreamEvent;
    if (isCut && event.time > watermark) return { to: at, watermark, cold: cold.byGroup };
    const before = events[at - 1];
    if (cold.count >= keysMax && at > from && before !== undefined && before.time < event.time) {
      return { to: at, watermark: before.time, cold: cold.byGroup };
    }
    for (const { group, upTo } of asking) if (event.time <= upTo) cold.note(group, event);
  }
  return { to: events.length, watermark, cold: cold.byGroup };
}
