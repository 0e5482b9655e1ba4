/**
 * The events of runs: an immutable tree of path nodes, a node per (path before, stage, event), so that runs that
 * share a prefix share its nodes and an event is stored once however many runs hold it.
 *
 * Invariant: within one rule and key, equal paths are the same node (nodes are interned when they are made). Hence two runs
 * are equal if and only if state and node are, and a mapping is emitted once by marking its node.
 */
import type { StreamEvent } from '../model/event.js';
import type { StageEvents } from '../model/match.js';
import type { Automaton } from './automaton.js';

/** What a path knows of the runs that hold it. */
export interface RunOfPath {
  readonly state: number;
  readonly live: boolean;
  readonly other: RunOfPath | undefined;
}

export class PathNode {
  /** Children made for the most recent event, newest first, linked by `sibling`. */
  child: PathNode | undefined = undefined;
  sibling: PathNode | undefined = undefined;
  /** This path, or a prefix of it, was a match. */
  matched = false;
  /** This very path was given out as a match. */
  emitted = false;
  /** Deadlines at which this path was given out as timed out: the runs that share it may each have their own. */
  timeouts: number[] | undefined = undefined;
  /** A run with this path, the head of a list by `other`; dead ones may be among them. */
  run: RunOfPath | undefined = undefined;

  constructor(
    readonly previous: PathNode | undefined,
    readonly stage: number,
    readonly event: StreamEvent,
    /** Position of the event in the order in which this shard processed events. */
    readonly ordinal: number,
  ) {}
}

/** The node for `previous` followed by the event in the stage; the same node when asked again for the same event. */
export function extendPath(previous: PathNode, stage: number, event: StreamEvent, ordinal: number): PathNode {
  let child = previous.child;
  if (child !== undefined && child.ordinal !== ordinal) child = undefined;
  for (let node = child; node !== undefined; node = node.sibling) if (node.stage === stage) return node;
  const node = new PathNode(previous, stage, event, ordinal);
  node.sibling = child;
  node.matched = previous.matched;
  previous.child = node;
  return node;
}

/** The node of the first event. */
export function rootOf(last: PathNode): PathNode {
  let root = last;
  while (root.previous !== undefined) root = root.previous;
  return root;
}

/** Nodes from the first event to the last. */
export function pathNodes(last: PathNode): PathNode[] {
  const nodes: PathNode[] = [];
  for (let node: PathNode | undefined = last; node !== undefined; node = node.previous) nodes.push(node);
  return nodes.reverse();
}

/** The mapping stage → events of a path, stages in pattern order. */
export function stagesOfPath(last: PathNode, automaton: Automaton): StageEvents[] {
  return stagesInOrder(last, automaton) ?? stagesByNumber(last, automaton);
}

/** For a path that went through its stages in pattern order, as most do; undefined for others. */
function stagesInOrder(last: PathNode, { stages }: Automaton): StageEvents[] | undefined {
  const found: StageEvents[] = [];
  let events: StreamEvent[] = [];
  for (let node: PathNode | undefined = last; node !== undefined; node = node.previous) {
    const { previous, stage } = node;
    events.push(node.event);
    if (previous !== undefined && previous.stage > stage) return undefined;
    if (previous?.stage !== stage) {
      if (events.length > 1) events.reverse();
      found.push({ stage: stages[stage] ?? '', events });
      events = [];
    }
  }
  return found.reverse();
}

function stagesByNumber(last: PathNode, automaton: Automaton): StageEvents[] {
  const byStage = new Map<number, StreamEvent[]>();
  for (const node of pathNodes(last)) {
    const events = byStage.get(node.stage);
    if (events === undefined) byStage.set(node.stage, [node.event]);
    else events.push(node.event);
  }
  return [...byStage.keys()]
    .sort((a, b) => a - b)
    .map((stage) => ({ stage: automaton.stages[stage] ?? '', events: byStage.get(stage) ?? [] }));
}

/** Path order: element by element, first by stage name, then by event order; a prefix first. */
export function comparePaths(a: PathNode, b: PathNode, automatonA: Automaton, automatonB: Automaton): number {
  if (a === b) return 0;
  const left = pathNodes(a);
  const right = pathNodes(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] as PathNode;
    const y = right[i] as PathNode;
    if (x === y) continue;
    const stageX = automatonA.stages[x.stage] as string;
    const stageY = automatonB.stages[y.stage] as string;
    if (stageX !== stageY) return stageX < stageY ? -1 : 1;
    if (x.ordinal !== y.ordinal) return x.ordinal - y.ordinal;
  }
  return left.length - right.length;
}
