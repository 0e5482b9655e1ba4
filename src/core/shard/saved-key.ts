/**
 * The record of one key in a checkpoint: plain data, events once, everything by number.
 */
import type { StreamEvent } from '../model/event.js';
import type { KeyToken } from '../model/key.js';
import { keyOfToken } from '../model/key.js';
import type { ActiveVersion } from '../nfa/active-version.js';
import { liveRunsOf } from '../nfa/arena/arena-matcher.js';
import { deadlineOfLone } from '../nfa/lone-run.js';
import type { RuleCounters } from './rule-counters.js';
import type { SavedArena } from '../nfa/arena/save-arena.js';
import { saveArena } from '../nfa/arena/save-arena.js';
import type { SavedEvent, SavedFinished, SavedNode, SavedRun } from '../nfa/save-runs.js';
import { EventTable, loadRunSet, saveRunSet } from '../nfa/save-runs.js';
import type { ActiveRule, RuleState } from './active-rule.js';
import { KeyRules } from './key-rules.js';
import type { KeyState } from './key-state.js';
import { nextDue } from './key-state.js';
import { LoneOfRule } from './lone-of-rule.js';
import { newKey } from './residency.js';
import type { Throttle } from './throttle.js';

/** [ordinal, source, seq, index, time, arrival, order, id, type, subject, headers, body]; absent parts are null. */
export type EventRow = readonly [
  number,
  string,
  number,
  number,
  number,
  number,
  number | string | null,
  string | null,
  string | null,
  string,
  Readonly<Record<string, string>> | null,
  unknown,
];

export interface SavedRule {
  /** Rule generation. */
  readonly g: number;
  readonly nodes: readonly SavedNode[];
  readonly runs: readonly SavedRun[];
  readonly finished: readonly SavedFinished[];
  /** Live runs as sets of paths; absent where they are single. */
  readonly paths?: SavedArena;
  /** [until, suppressed] of alerts on matches and on time-outs. */
  readonly throttles: readonly (readonly [number, number] | null)[];
}

export interface SavedKey {
  /** Time of its entry among the timers; absent for none, and in records of format 1. */
  readonly due?: number;
  readonly events: readonly EventRow[];
  readonly rules: readonly SavedRule[];
}

/** An event as a row of plain JSON. */
export function toRow(ordinal: number, event: StreamEvent): EventRow {
  const { source, seq, index, time, arrival, order, id, type, subject, headers, body } = event;
  return [
    ordinal,
    source,
    seq,
    index,
    time,
    arrival,
    order ?? null,
    id ?? null,
    type ?? null,
    subject,
    headers ?? null,
    body,
  ];
}

/** The ordinal and event of a row. */
export function fromRow(row: EventRow): readonly [number, StreamEvent] {
  const [ordinal, source, seq, index, time, arrival, order, id, type, subject, headers, body] = row;
  const event: StreamEvent = {
    source,
    seq,
    index,
    time,
    arrival,
    order: order ?? undefined,
    id: id ?? undefined,
    type: type ?? undefined,
    subject,
    headers: headers ?? undefined,
    body,
  };
  return [ordinal, event];
}

function saveThrottle(throttle: Throttle | undefined): readonly [number, number] | null {
  return throttle === undefined ? null : [throttle.until, throttle.suppressed];
}

const NO_THROTTLES: SavedRule['throttles'] = [null, null];

function loadThrottle(saved: readonly [number, number] | null | undefined): Throttle | undefined {
  return saved == null ? undefined : { until: saved[0], suppressed: saved[1] };
}

function saveState(state: RuleState, table: EventTable): SavedRule {
  const { nodes, runs, finished } = saveRunSet(state.set, table);
  const throttles = [saveThrottle(state.matchThrottle), saveThrottle(state.timeoutThrottle)];
  const { arena } = state;
  const paths = arena === undefined ? {} : { paths: saveArena(arena, table) };
  return { g: state.rule.generation, nodes, runs, finished, ...paths, throttles };
}

/** As the set of one run that it stands for. */
function saveLone({ rule, owner, state, stage, event, ordinal }: LoneOfRule, table: EventTable): SavedRule {
  const nodes: SavedNode[] = [[-1, stage, table.numberOf(ordinal, event), 0, null]];
  return {
    g: rule.generation,
    nodes,
    runs: [[owner.version, state, 0, 0]],
    finished: [],
    throttles: NO_THROTTLES,
  };
}

/** The lone run that is all there is in the row; undefined for anything else. */
function loadLone(rule: ActiveRule, row: SavedRule, events: readonly SavedEvent[]): LoneOfRule | undefined {
  const { nodes, runs, finished, paths, throttles } = row;
  if (nodes.length !== 1 || runs.length !== 1 || finished.length > 0 || paths !== undefined) return undefined;
  const [version, state, , condemned] = runs[0] as SavedRun;
  const [, stage, number, flags, timeouts] = nodes[0] as SavedNode;
  if (condemned !== 0 || flags !== 0 || timeouts !== null || throttles.some((one) => one !== null)) return undefined;
  const owner = rule.versions.find(({ active }) => active.version === version)?.active;
  const [ordinal, event] = events[number] as SavedEvent;
  return owner && new LoneOfRule(rule, owner, state, stage, event, ordinal);
}

export function saveKey(key: KeyState, due: number): SavedKey {
  const table = new EventTable();
  const rules: SavedRule[] = [];
  for (let i = 0; i < key.rules.size; i++) {
    const held = key.rules.at(i);
    rules.push(held instanceof LoneOfRule ? saveLone(held, table) : saveState(held, table));
  }
  const events = table.events.map(([ordinal, event]) => toRow(ordinal, event));
  return due === Infinity ? { events, rules } : { due, events, rules };
}

/** A key as it was saved, and how much of it is void: of rules and versions no longer in force. */
export interface LoadedKey {
  readonly key: KeyState;
  /** Places of the rules of which something was left out. */
  readonly shortened: readonly number[];
  /** True if anything of the record was left out. */
  readonly changed: boolean;
}

/** Whom the record's rules belong to now. */
export interface LoadOptions {
  readonly ruleOf: (generation: number) => ActiveRule | undefined;
  /** Of a rule in force, which may have its keys elsewhere now. */
  readonly countersOf: (generation: number) => RuleCounters | undefined;
  /** Live runs were not counted yet (format 1). */
  readonly counting: boolean;
  readonly bytes: number;
}

/** The key as it was saved, without what belongs to rules and versions that are no longer in force. */
export function loadKey(token: KeyToken, saved: SavedKey, options: LoadOptions): LoadedKey {
  const { ruleOf, countersOf, counting, bytes } = options;
  const events = saved.events.map(fromRow);
  const key = newKey(token, keyOfToken(token), { rules: new KeyRules(), bytes });
  const shortened: number[] = [];
  let changed = false;
  for (const row of saved.rules) {
    const rule = ruleOf(row.g);
    const counted = row.runs.length + (row.paths?.runs ?? 0);
    if (rule === undefined) {
      const counters = countersOf(row.g);
      if (counters !== undefined && !counting) counters.liveRuns -= counted;
      changed = true;
      continue;
    }
    const lone = rule.keepsLone ? loadLone(rule, row, events) : undefined;
    if (lone !== undefined) {
      if (counting) rule.counters.liveRuns++;
      key.rules.add(lone, deadlineOfLone(lone));
      continue;
    }
    const { state, whole } = loadRule(rule, row, events);
    if (!whole) shortened.push(key.rules.size);
    rule.counters.liveRuns += liveRunsOf(state) - (counting ? 0 : counted);
    // The record and the counters must agree again.
    if (liveRunsOf(state) !== counted) changed = true;
    key.rules.add(state, nextDue(state));
  }
  key.stored = true;
  key.storedDue = saved.due ?? Infinity;
  return { key, shortened, changed: changed || shortened.length > 0 };
}

/** `whole`: nothing of it belongs to a version that is no longer in force. */
function loadRule(
  rule: ActiveRule,
  row: SavedRule,
  events: readonly SavedEvent[],
): { readonly state: RuleState; readonly whole: boolean } {
  const owners = new Map(rule.versions.map((one) => [one.active.version, one.active]));
  const runs = row.runs.filter(([version]) => owners.has(version));
  const finished = row.finished.filter(([version]) => owners.has(version));
  const set = loadRunSet(
    { events, nodes: row.nodes, runs, finished },
    (version) => owners.get(version) as ActiveVersion,
  );
  const [match, timeout] = row.throttles;
  const [matchThrottle, timeoutThrottle] = [loadThrottle(match), loadThrottle(timeout)];
  const state: RuleState = { rule, set, arena: undefined, matchThrottle, timeoutThrottle };
  const pathsOwner = row.paths === undefined ? undefined : owners.get(row.paths.version);
  if (row.paths !== undefined && pathsOwner !== undefined)
    rule.loadPaths(state, row.paths, { events, owner: pathsOwner });
  const whole =
    runs.length === row.runs.length &&
    finished.length === row.finished.length &&
    (row.paths === undefined || pathsOwner !== undefined);
  return { state, whole };
}
