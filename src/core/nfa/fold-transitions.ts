/**
 * Folds PROCEED chains into the edges behind them, so that the matcher looks at one flat list per state:
 * every way from the state over PROCEED edges to a TAKE, an IGNORE or a Stop, with the conjunction of its guards.
 */
import type { Automaton, AutomatonState, Guard, Predicate, StateTransitions, Transition } from './automaton.js';
import { ALWAYS, both } from './guard.js';

interface Reached {
  readonly state: number;
  readonly guard: Guard;
}

/** States reachable over PROCEED edges alone, the state itself first, each with each distinct guard that leads there. */
function proceedClosure(states: readonly AutomatonState[], from: number): Reached[] {
  const reached: Reached[] = [];
  const visit = (state: number, guard: Guard, onWay: readonly number[]): void => {
    if (reached.some((one) => one.state === state && implies(guard, one.guard))) return;
    reached.push({ state, guard });
    for (const edge of states[state]?.edges ?? []) {
      if (edge.action !== 'proceed' || onWay.includes(edge.target)) continue;
      const next = both(guard, edge.guard);
      if (next !== undefined) visit(edge.target, next, [...onWay, edge.target]);
    }
  };
  visit(from, ALWAYS, [from]);
  return reached;
}

/** True if `guard` holds only where `weaker` holds. */
function implies(guard: Guard, weaker: Guard): boolean {
  return weaker.every((literal) => guard.includes(literal));
}

function finalGuards(states: readonly AutomatonState[], from: number): Guard[] {
  return proceedClosure(states, from)
    .filter((one) => states[one.state]?.kind === 'final')
    .map((one) => one.guard);
}

function transitionsFrom(
  states: readonly AutomatonState[],
  from: number,
  gapOf: (stage: number) => number,
): Transition[] {
  const list: Transition[] = [];
  for (const { state, guard } of proceedClosure(states, from)) {
    const at = states[state] as AutomatonState;
    for (const edge of at.edges) {
      if (edge.action === 'proceed') continue;
      if (edge.action === 'ignore' && states[from]?.kind === 'start') continue;
      const whole = both(guard, edge.guard);
      if (whole === undefined) continue;
      const action = at.kind === 'stop' ? 'stop' : edge.action;
      const finals = action === 'take' ? finalGuards(states, edge.target) : [];
      list.push({ action, guard: whole, target: edge.target, stage: at.stage, gapMs: gapOf(at.stage), finals });
    }
  }
  return list;
}

/**
 * How long after its previous event a run in the state can still get anywhere: the longest gap over the TAKEs it can reach
 * without taking and over the absence it may come to wait for. Infinity if a TAKE has no gap, if a trailing `notNext`, which
 * knows no time, may still settle it, or if there is nothing of these.
 */
function longestGap(states: readonly AutomatonState[], from: number, gapOf: (stage: number) => number): number {
  let longest = -1;
  const seen = new Set<number>([from]);
  const queue = [from];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    const at = states[state] as AutomatonState;
    if (at.kind === 'pending') longest = Math.max(longest, gapOf(at.stage));
    for (const edge of at.edges) {
      if (edge.action === 'ignore' && states[edge.target]?.kind === 'final') return Infinity;
      if (edge.action === 'take') {
        if (at.kind !== 'stop') longest = Math.max(longest, gapOf(at.stage));
      } else if (!seen.has(edge.target)) {
        seen.add(edge.target);
        queue.push(edge.target);
      }
    }
  }
  return longest < 0 ? Infinity : longest;
}

/** `states` must be closed under their edges; `gapOf` gives a stage's gap, Infinity for none. */
export function foldTransitions(
  states: readonly AutomatonState[],
  options: { readonly withinMs: number; readonly gapOf: (stage: number) => number },
): StateTransitions[] {
  return states.map((state, index) => ({
    kind: state.kind,
    transitions: transitionsFrom(states, index, options.gapOf),
    windowMs: options.withinMs,
    sinceLastMs: longestGap(states, index, options.gapOf),
  }));
}

/**
 * True if every run ends after a bounded number of events or a bounded time: there is a window, or no way leads a run
 * back to a state it was in (an IGNORE counts only where no gap ends the waiting).
 */
export function isBounded(automaton: Pick<Automaton, 'transitions' | 'start' | 'withinMs'>): boolean {
  if (automaton.withinMs !== Infinity) return true;
  const mark = new Map<number, 'open' | 'done'>();
  const acyclic = (state: number): boolean => {
    const seen = mark.get(state);
    if (seen !== undefined) return seen === 'done';
    mark.set(state, 'open');
    const at = automaton.transitions[state] as StateTransitions;
    for (const { action, target } of at.transitions) {
      if (action === 'stop' || (action === 'ignore' && at.sinceLastMs !== Infinity)) continue;
      if (!acyclic(target)) return false;
    }
    mark.set(state, 'done');
    return true;
  };
  return acyclic(automaton.start);
}

/** True if every TAKE of Start, which is state 0, leads straight to Final. */
export function isStateless(transitions: readonly StateTransitions[], final: number): boolean {
  return (transitions[0]?.transitions ?? []).every(({ action, target }) => action === 'take' && target === final);
}

/**
 * True if an event on which no predicate can hold leaves every run as it is and starts none: the event alone says that none
 * can, and with all of them false a state has one way, to itself.
 */
export function isIdleOnNoise(transitions: readonly StateTransitions[], predicates: readonly Predicate[]): boolean {
  if (!predicates.every(({ unary, expression }) => unary || expression.gate !== undefined)) return false;
  return transitions.every((state, index) => {
    if (state.kind === 'final' || state.kind === 'stop') return true;
    const open = state.transitions.filter((transition) => transition.guard.every((literal) => (literal & 1) === 1));
    if (state.kind === 'start') return open.length === 0;
    return open.length > 0 && open.every((one) => one.action === 'ignore' && one.target === index);
  });
}
