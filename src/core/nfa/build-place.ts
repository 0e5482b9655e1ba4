/** Where a step stands while its automaton is built: among its siblings, in which iteration of which group. */
import type { StepDef } from '../document/pattern-def.js';
import type { Guard, Literal } from './automaton.js';

/** The group around the steps that are being built. */
export interface Group {
  readonly step: StepDef;
  readonly place: Place;
  readonly until: Literal | undefined;
  /** The copy being built is the first iteration: the group's own relation governs its head. */
  readonly firstIteration: boolean;
}

/** Where a step stands: its siblings and its group. */
export interface Place {
  readonly steps: readonly StepDef[];
  readonly at: number;
  readonly group: Group | undefined;
  /** Of a branch of a choice, whose word is the choice's: what its first event must not satisfy. */
  readonly branch?: Guard | undefined;
}

/** The word that governs the way to the step's first element: for the head of a group, the group's. */
export function relationOf({ steps, at, group }: Place): StepDef['relation'] {
  if (group === undefined || at !== 0) return (steps[at] as StepDef).relation;
  return group.firstIteration ? relationOf(group.place) : group.step.inner;
}

/** The step's first event is the first of a branch, which does not wait for it itself: the choice does. */
export function isBranchHead(place: Place): boolean {
  if ('branch' in place) return true;
  return place.at === 0 && place.group?.firstIteration === true && isBranchHead(place.group.place);
}

/** The `notFollowedBy` directly behind the step, also where the step ends a group. */
export function negationBehind({ steps, at, group }: Place): StepDef | undefined {
  const next = steps[at + 1];
  if (next !== undefined) return next.relation === 'notFollowedBy' ? next : undefined;
  return group === undefined ? undefined : negationBehind(group.place);
}

export function stepAt(place: Place): StepDef {
  return place.steps[place.at] as StepDef;
}
