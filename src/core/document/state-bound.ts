/** The most that one key can hold of a rule, told before the rule runs. */
import type { PatternDef, StepDef } from './pattern-def.js';

/** What an event is taken to weigh in a record of the state: payload, subject, times. Heavier events weigh as much more. */
export const BOUND_EVENT_BYTES = 1_024;
/** A run, or one place in the path of a run, as it stands in a record. */
const PLACE_BYTES = 64;

export interface StateBound {
  /** False: without `within` and `limits` the runs of one key could grow for ever. */
  readonly bounded: boolean;
  readonly runsPerKeyMax: number;
  /** Events of one run; null if a loop without `max` takes as many as `within` holds. */
  readonly eventsPerRunMax: number | null;
  /** Bytes of a key's record, events of 1,024 bytes; null with `eventsPerRunMax`. */
  readonly bytesPerKeyMax: number | null;
}

export function stateBoundOf(
  { steps }: PatternDef,
  { bounded, runsPerKeyMax }: Pick<StateBound, 'bounded' | 'runsPerKeyMax'>,
): StateBound {
  const events = eventsOf(steps);
  if (events === Infinity) return { bounded, runsPerKeyMax, eventsPerRunMax: null, bytesPerKeyMax: null };
  // The last event of a pattern completes it, unless something is still awaited: count it all the same.
  const bytesPerRun = PLACE_BYTES + events * (BOUND_EVENT_BYTES + PLACE_BYTES);
  return { bounded, runsPerKeyMax, eventsPerRunMax: events, bytesPerKeyMax: runsPerKeyMax * bytesPerRun };
}

/** The most events a run can take in these steps. */
function eventsOf(steps: readonly StepDef[]): number {
  return steps.reduce((sum, step) => sum + (step.timesMax ?? Infinity) * eventsOnce(step), 0);
}

function eventsOnce(step: StepDef): number {
  if (step.relation === 'notNext' || step.relation === 'notFollowedBy') return 0;
  if (step.group === undefined) return 1;
  if (step.choice !== 'anyOf') return eventsOf(step.group);
  return Math.max(...step.group.map((branch) => eventsOf([branch])));
}
