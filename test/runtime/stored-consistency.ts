/** What must hold of a store after any commit: nothing in it is left over, and nothing that is needed is missing. */
import { slotOf } from '../../src/core/model/key.js';
import type { SavedKey } from '../../src/core/shard/saved-key.js';
import { parseRecordKey, recordKey, timerKey } from '../../src/runtime/state-layout.js';
import type { StoredCheckpoint } from '../../src/runtime/stored-state.js';

function recordFaults(key: string, record: SavedKey): string[] {
  const used = new Set(record.rules.flatMap(({ nodes }) => nodes.map(([, , event]) => event)));
  const faults: string[] = [];
  if (used.size !== record.events.length) faults.push(`${key} holds events that no path takes`);
  const isNothing = ({ runs, finished, throttles }: SavedKey['rules'][number]): boolean =>
    runs.length + finished.length === 0 && throttles.every((one) => one === null);
  if (record.rules.length === 0 || record.rules.some(isNothing)) faults.push(`${key} holds nothing`);
  return faults;
}

/** What is wrong with the keys and timers of a store: sentences, none if nothing is. */
export function storeFaults(entries: ReadonlyMap<string, string>): string[] {
  const text = entries.get('c/0');
  if (text === undefined) return [...entries.keys()].filter((key) => /^[kt]\//.test(key));
  const { format, shard } = JSON.parse(text) as StoredCheckpoint;
  if (format === 1) return [];
  const records = [...entries].filter(([key]) => key.startsWith('k/'));
  const timers = new Set([...entries.keys()].filter((key) => key.startsWith('t/')));
  const faults: string[] = [];
  const runs = new Map<number, number>();
  for (const [key, value] of records) {
    const record = JSON.parse(value) as SavedKey;
    const { group, token } = parseRecordKey(key);
    faults.push(...recordFaults(key, record));
    if (key !== recordKey(slotOf(token), group, token)) faults.push(`${key} is not in its place`);
    if (record.due !== undefined && !timers.delete(timerKey(group, record.due, token))) {
      faults.push(`${key} has no timer at ${record.due}`);
    }
    for (const { g, runs: live } of record.rules) runs.set(g, (runs.get(g) ?? 0) + live.length);
  }
  for (const timer of timers) faults.push(`${timer} belongs to no key`);
  const counted = (shard.stored?.keys ?? []).reduce((sum, [, count]) => sum + count, 0);
  if (counted !== records.length) faults.push(`${records.length} keys are stored, ${counted} counted`);
  for (const [generation, live] of shard.stored?.runs ?? []) {
    const stored = runs.get(generation) ?? 0;
    if (stored !== live) faults.push(`generation ${generation} has ${stored} live runs stored, ${live} counted`);
  }
  return faults;
}
