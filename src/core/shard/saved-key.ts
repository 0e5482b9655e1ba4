/**
 * The record of one key in a checkpoint: plain data, events once, everything by number.
 */
import type { StreamEvent } from '../model/event.js';
import type { KeyToken } from '../model/key.js';
import { keyOfToken } from '../model/key.js';
import type { SavedFinished, SavedNode, SavedRun } from '../nfa/save-runs.js';
import { EventTable, loadRunSet, saveRunSet } from '../nfa/save-runs.js';
import type { ActiveRule, RuleState } from './active-rule.js';
import type { KeyState } from './key-state.js';
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
  /** [until, suppressed] of alerts on matches and on time-outs. */
  readonly throttles: readonly (readonly [number, number] | null)[];
}

export interface SavedKey {
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

function loadThrottle(saved: readonly [number, number] | null | undefined): Throttle | undefined {
  return saved == null ? undefined : { until: saved[0], suppressed: saved[1] };
}

export function saveKey(key: KeyState): SavedKey {
  const table = new EventTable();
  const rules = key.rules.map((state): SavedRule => {
    const { nodes, runs, finished } = saveRunSet(state.set, table);
    const throttles = [saveThrottle(state.matchThrottle), saveThrottle(state.timeoutThrottle)];
    return { g: state.rule.generation, nodes, runs, finished, throttles };
  });
  return { events: table.events.map(([ordinal, event]) => toRow(ordinal, event)), rules };
}

/**
 * The key as it was saved; undefined when none of its rules is in force any more. `ruleOf` gives the rule of a generation;
 * runs of versions that are no longer in use are dropped.
 */
export function loadKey(
  token: KeyToken,
  saved: SavedKey,
  ruleOf: (generation: number) => ActiveRule | undefined,
): KeyState | undefined {
  const events = saved.events.map(fromRow);
  const rules: RuleState[] = [];
  for (const { g, nodes, runs, finished, throttles } of saved.rules) {
    const rule = ruleOf(g);
    if (rule === undefined) continue;
    const owners = new Map(rule.versions.map((one) => [one.active.version, one.active]));
    const set = loadRunSet(
      {
        events,
        nodes,
        runs: runs.filter(([version]) => owners.has(version)),
        finished: finished.filter(([version]) => owners.has(version)),
      },
      (version) => owners.get(version) as NonNullable<ReturnType<typeof owners.get>>,
    );
    if (set.isEmpty && throttles.every((one) => one === null)) continue;
    rule.counters.liveRuns += set.size;
    const [match, timeout] = throttles;
    rules.push({
      rule,
      set,
      matchThrottle: loadThrottle(match),
      timeoutThrottle: loadThrottle(timeout),
      due: Infinity,
    });
  }
  if (rules.length === 0) return undefined;
  return {
    token,
    key: keyOfToken(token),
    rules,
    timerAt: Infinity,
    dirty: false,
    stored: true,
    gone: false,
    staged: -1,
  };
}
