/** Which rules the arena can match, and for which it pays. */
import type { Automaton, StateTransitions, Transition } from '../automaton.js';
import { both } from '../guard.js';

/** A set of verdicts on an event is a number of this many bits. */
const PREDICATES_MAX = 30;

/** Why the arena cannot match the automaton; undefined if it can. `onTimeout`: every partial match that times out is asked for. */
export function whyNotArena(automaton: Automaton, { onTimeout }: { readonly onTimeout: boolean }): string | undefined {
  if (automaton.skip.kind !== 'noSkip') return 'a skip strategy drops single runs';
  if (!automaton.predicates.every(({ unary }) => unary)) return 'a condition refers to earlier events';
  if (automaton.predicates.length > PREDICATES_MAX) return `more than ${PREDICATES_MAX} conditions`;
  if (automaton.transitions.some(({ kind }) => kind === 'pending')) return 'it waits for an absence';
  if (automaton.transitions.some(hasGap)) return 'a step has a window of its own';
  if (onTimeout && automaton.withinMs !== Infinity) return 'time-outs are alerted';
  return undefined;
}

function hasGap({ transitions, sinceLastMs }: StateTransitions): boolean {
  return sinceLastMs !== Infinity || transitions.some(({ gapMs }) => gapMs !== Infinity);
}

/**
 * True if one event can make two runs of one: a state may take it and also go on waiting, or take it in two stages. Without it a
 * key has no more runs than starts, which the per-run matcher handles as well.
 */
export function multipliesRuns({ transitions, start, final }: Automaton): boolean {
  return transitions.some((state, index) => {
    if (index === start) return false;
    const goesOn = state.transitions.filter(({ action, target }) => action !== 'stop' && target !== final);
    return goesOn.some((take) => take.action === 'take' && goesOn.some((other) => forks(take, other)));
  });
}

function forks(take: Transition, other: Transition): boolean {
  if (other.action === 'take' && other.stage === take.stage) return false;
  return both(take.guard, other.guard) !== undefined;
}
