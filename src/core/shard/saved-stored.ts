/** What a checkpoint says about the keys in the store, so that a start need not read them. */
import type { RuleCounters } from './rule-counters.js';
import type { KeyGroup, Sweep } from './key-group.js';

export interface SavedStored {
  /** [group, keys in the store, estimate of what they would take in memory]. */
  readonly keys: readonly (readonly [string, number, number])[];
  /** [generation, live runs]. */
  readonly runs: readonly (readonly [number, number])[];
  /** Groups in which some key may hold condemned runs. */
  readonly condemning: readonly string[];
  /** Groups whose stored keys are still to be looked at after a change of rules. */
  readonly sweeps: readonly (readonly [string, Sweep])[];
}

export function saveStored(groups: Iterable<KeyGroup>, counters: ReadonlyMap<number, RuleCounters>): SavedStored {
  const keys: [string, number, number][] = [];
  const condemning: string[] = [];
  const sweeps: [string, Sweep][] = [];
  for (const { id, table, sweep } of groups) {
    const { residency } = table;
    const count = residency.keys.size + residency.coldCount;
    if (count > 0) keys.push([id, count, residency.residentBytes + residency.coldBytes]);
    if (table.condemning) condemning.push(id);
    if (sweep !== 'none') sweeps.push([id, sweep]);
  }
  const runs = [...counters].map(([generation, { liveRuns }]): [number, number] => [generation, liveRuns]);
  return { keys, runs, condemning, sweeps };
}

/** After the rules are in place: everything the store holds is cold. */
export function loadStored(
  saved: SavedStored,
  groups: Iterable<KeyGroup>,
  counters: ReadonlyMap<number, RuleCounters>,
): void {
  const byId = new Map([...groups].map((group) => [group.id, group]));
  for (const [id, count, bytes] of saved.keys) {
    const residency = byId.get(id)?.table.residency;
    if (residency === undefined) continue;
    residency.coldCount = count;
    residency.coldBytes = bytes;
    residency.coldDue = -Infinity;
  }
  for (const [generation, liveRuns] of saved.runs) {
    const counter = counters.get(generation);
    if (counter !== undefined) counter.liveRuns = liveRuns;
  }
  for (const id of saved.condemning) {
    const group = byId.get(id);
    if (group !== undefined) group.table.condemning = true;
  }
  for (const [id, sweep] of saved.sweeps) byId.get(id)?.wantSweep(sweep);
}
