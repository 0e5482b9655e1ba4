/**
 * Runs as plain data, for checkpoints: events once, path nodes once (parents before children), runs and finished runs by
 * number. Loading gives back the same sharing, so that equal paths stay the same node.
 */
import { assert } from '../assert.js';
import type { StreamEvent } from '../model/event.js';
import { PathNode, rootOf } from './path.js';
import type { RuleVersion } from './run.js';
import type { Run } from './run.js';
import { runOfPath } from './run.js';
import { RunSet } from './run-set.js';

/** [parent node or -1, stage, event number, flags: 1 matched, 2 emitted, deadline or deadlines it timed out at, or null] */
export type SavedNode = readonly [number, number, number, number, number | readonly number[] | null];
/** [version, state, node, 1 if condemned] */
export type SavedRun = readonly [number, number, number, number];
/** [version, node, time] */
export type SavedFinished = readonly [number, number, number];

/** An event with its position in the shard's order of processing. */
export type SavedEvent = readonly [number, StreamEvent];

export interface SavedRunSet {
  readonly events: readonly SavedEvent[];
  readonly nodes: readonly SavedNode[];
  readonly runs: readonly SavedRun[];
  readonly finished: readonly SavedFinished[];
}

/** Collects the events of a key's run sets, each once. */
export class EventTable {
  readonly events: SavedEvent[] = [];
  private readonly numbers = new Map<number, number>();

  numberOf(ordinal: number, event: StreamEvent): number {
    let number = this.numbers.get(ordinal);
    if (number === undefined) {
      number = this.events.length;
      this.numbers.set(ordinal, number);
      this.events.push([ordinal, event]);
    }
    return number;
  }
}

/** `table` gathers the events when several sets share one record. */
export function saveRunSet(set: RunSet, table: EventTable = new EventTable()): SavedRunSet {
  const nodes: SavedNode[] = [];
  const numbers = new Map<PathNode, number>();
  const numberOf = (node: PathNode): number => {
    const known = numbers.get(node);
    if (known !== undefined) return known;
    const chain: PathNode[] = [];
    for (let one: PathNode | undefined = node; one !== undefined && !numbers.has(one); one = one.previous)
      chain.push(one);
    for (const one of chain.reverse()) {
      const parent = one.previous === undefined ? -1 : (numbers.get(one.previous) as number);
      const flags = (one.matched ? 1 : 0) | (one.emitted ? 2 : 0);
      numbers.set(one, nodes.length);
      nodes.push([parent, one.stage, table.numberOf(one.ordinal, one.event), flags, savedTimeouts(one)]);
    }
    return nodes.length - 1;
  };
  const numberOfFirst = ({ startStage, startId, first }: Run): number =>
    nodes.push([-1, startStage, table.numberOf(startId, first), 0, null]) - 1;
  const runs = set.toArray().map((run): SavedRun => {
    const node = run.hasPath ? numberOf(run.node) : numberOfFirst(run);
    return [run.owner.version, run.state, node, run.condemned ? 1 : 0];
  });
  const finished = set.finished.map((one): SavedFinished => [one.owner.version, numberOf(one.node), one.time]);
  return { events: table.events, nodes, runs, finished };
}

function savedTimeouts({ timeouts }: PathNode): SavedNode[4] {
  if (timeouts === undefined) return null;
  return timeouts.length === 1 ? (timeouts[0] as number) : [...timeouts];
}

/** `ownerOf` gives the version of the rule by its number; the state of an unknown version must not be loaded. */
export function loadRunSet(saved: SavedRunSet, ownerOf: (version: number) => RuleVersion): RunSet {
  const nodes: PathNode[] = [];
  for (const [parent, stage, eventNumber, flags, timeouts] of saved.nodes) {
    const [ordinal, event] = saved.events[eventNumber] as SavedEvent;
    const node = new PathNode(parent < 0 ? undefined : nodes[parent], stage, event, ordinal);
    node.matched = (flags & 1) !== 0;
    node.emitted = (flags & 2) !== 0;
    if (timeouts !== null) node.timeouts = typeof timeouts === 'number' ? [timeouts] : [...timeouts];
    nodes.push(node);
  }
  const nodeAt = (number: number): PathNode => {
    const node = nodes[number];
    assert(node !== undefined, `saved node ${number} exists`);
    return node;
  };
  const set = new RunSet();
  for (const [version, state, number, condemned] of saved.runs) {
    const node = nodeAt(number);
    const root = rootOf(node);
    const owner = ownerOf(version);
    const run = runOfPath(owner, state, node, root);
    run.condemned = condemned === 1;
    if (run.condemned) set.condemned = true;
    set.add(run);
  }
  for (const [version, number, time] of saved.finished) {
    const node = nodeAt(number);
    const root = rootOf(node);
    set.finish({ owner: ownerOf(version), node, startTime: root.event.time, startId: root.ordinal, time });
  }
  return set;
}
