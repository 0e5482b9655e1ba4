/** What a change of rules does to the keys of a group in memory. Each works through all of them. */
import { liveRunsOf } from '../nfa/arena/arena-matcher.js';
import { deadlineOfLone } from '../nfa/lone-run.js';
import type { ActiveRule } from './active-rule.js';
import type { KeyState } from './key-state.js';
import { nextDue } from './key-state.js';
import type { KeyTable } from './key-table.js';
import { LoneOfRule } from './lone-of-rule.js';

/** Removes what the rules hold for every key; gives the number of live runs dropped. */
export function dropRules(table: KeyTable, gone: ReadonlySet<ActiveRule>): number {
  let dropped = 0;
  for (const key of table.keys.values()) {
    for (let i = 0; i < key.rules.size; i++) {
      if (!gone.has(key.rules.ruleAt(i))) continue;
      table.saveFirst(key);
      const held = key.rules.at(i);
      const runs = held instanceof LoneOfRule ? 1 : liveRunsOf(held);
      dropped += runs;
      held.rule.counters.liveRuns -= runs;
      key.rules.letGo(i);
      table.markDirty(key);
    }
    table.settle(key);
  }
  return dropped;
}

/** Drops the live runs of versions that are no longer in use, of all rules at once; gives their number. */
export function dropVersions(table: KeyTable, over: ReadonlyMap<ActiveRule, ReadonlySet<number>>): number {
  let dropped = 0;
  for (const key of table.keys.values()) {
    let changed = false;
    for (let i = 0; i < key.rules.size; i++) {
      const versions = over.get(key.rules.ruleAt(i));
      if (versions === undefined) continue;
      table.saveFirst(key);
      const state = key.rules.stateAt(i);
      dropped += state.rule.dropVersions(key, state, versions);
      if (state.set.condemned) table.condemning = true;
      table.refresh(key, i, state);
      changed = true;
    }
    if (!changed) continue;
    table.markDirty(key);
    table.settle(key);
  }
  return dropped;
}

/** Computes the deadlines of the rules' runs again, after their automata were replaced. */
export function renewDeadlines(table: KeyTable, rules: ReadonlySet<ActiveRule>): void {
  for (const key of table.keys.values()) {
    let changed = false;
    for (let i = 0; i < key.rules.size; i++) {
      if (!rules.has(key.rules.ruleAt(i))) continue;
      table.saveFirst(key);
      changed = true;
      renewDeadlinesAt(key, i);
    }
    if (!changed) continue;
    // The deadlines are in no record, but among the timers.
    table.markDirty(key);
    table.schedule(key, key.rules.earliest);
  }
}

function renewDeadlinesAt(key: KeyState, place: number): void {
  const held = key.rules.at(place);
  if (held instanceof LoneOfRule) {
    key.rules.setDue(place, deadlineOfLone(held));
    return;
  }
  held.rule.renewDeadlines(held);
  key.rules.setDue(place, nextDue(held));
}
