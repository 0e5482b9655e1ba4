/**
 * A rule's only run for a key, while it is of one event: what most keys hold of most rules. It is an object instead of the dozen that
 * runs need which can be many and share prefixes (run-set.ts), and is made into those where it does not stay alone.
 */
import type { StreamEvent } from '../model/event.js';
import type { Automaton, StateTransitions, Transition } from './automaton.js';
import { PathNode } from './path.js';
import type { RuleVersion } from './run.js';
import { Run, deadlineOf } from './run.js';
import { createRunSet } from './run-set.js';
import type { RunSet } from './run-set.js';

/** What is known of a lone run. Nothing was given out of it, and it is not condemned. */
export interface OneEventRun {
  readonly owner: RuleVersion;
  readonly state: number;
  /** Which stage took the event. */
  readonly stage: number;
  readonly event: StreamEvent;
  readonly ordinal: number;
}

/** The path of the one event. */
export function pathOfLone({ stage, event, ordinal }: OneEventRun): PathNode {
  return new PathNode(undefined, stage, event, ordinal);
}

export function deadlineOfLone({ owner, state, event }: OneEventRun): number {
  return deadlineOf(owner, state, event.time, event.time);
}

/** A set of these runs, one path each. */
export function runSetOf(...lone: readonly OneEventRun[]): RunSet {
  const set = createRunSet();
  for (const one of lone) {
    const { owner, state, event, ordinal } = one;
    set.add(new Run(owner, state, undefined, event, ordinal, one.stage, deadlineOfLone(one)));
  }
  return set;
}

/** The one way in which a run begins, if it begins alone: by one TAKE, which is no match yet. */
export function loneBegin({
  transitions,
  start,
  final,
}: Pick<Automaton, 'transitions' | 'start' | 'final'>): Transition | undefined {
  const [only, ...more] = (transitions[start] as StateTransitions).transitions;
  if (only === undefined || more.length > 0) return undefined;
  return only.action === 'take' && only.target !== final && only.finals.length === 0 ? only : undefined;
}

/** True if a run in the state goes on waiting as it is, or ends: no event makes another run of it. */
export function staysAlone({ transitions }: StateTransitions, state: number, final: number): boolean {
  let takes = 0;
  for (const { action, target } of transitions) {
    if (action === 'take') takes++;
    if (action === 'take' ? target !== final : action === 'ignore' && target !== state) return false;
  }
  return takes <= 1;
}
