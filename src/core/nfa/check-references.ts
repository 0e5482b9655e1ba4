/**
 * A condition may name stages that can have taken events when it is evaluated: its own, those before it, and those of a
 * repeated group around both. Any other name could only ever be empty, and is refused.
 */
import type { StepDef } from '../document/pattern-def.js';
import type { Diagnostic } from '../model/diagnostic.js';

interface Placed {
  readonly step: StepDef;
  readonly slot: number;
  /** Repeated groups around the step, outermost first. */
  readonly loops: readonly StepDef[];
}

function placeSteps(steps: readonly StepDef[], loops: readonly StepDef[], placed: Placed[]): Placed[] {
  for (const step of steps) {
    placed.push({ step, slot: placed.length, loops });
    if (step.group === undefined) continue;
    // The branches of `allOf` come in any order: each may name the others, as within a repeated group.
    const anyOrder = step.timesMax !== 1 || step.choice === 'allOf';
    placeSteps(step.group, anyOrder ? [...loops, step] : loops, placed);
  }
  return placed;
}

/** `stagesUsedBy` gives the stage names a condition refers to; stages are numbered in pattern order, groups flattened. */
export function checkReferences(
  steps: readonly StepDef[],
  stagesUsedBy: (source: string) => ReadonlySet<string>,
): Diagnostic[] {
  const placed = placeSteps(steps, [], []);
  const byName = new Map(placed.map((one) => [one.step.name, one]));
  return placed.flatMap((at) =>
    (['where', 'until'] as const).flatMap((field): Diagnostic[] => {
      const source = at.step[field];
      if (source === undefined) return [];
      // A group's `until` is asked between its iterations: its own stages can have taken events then.
      const loops = field === 'until' ? [...at.loops, at.step] : at.loops;
      const ahead = [...stagesUsedBy(source)].filter((name) => isAhead(byName.get(name), at.slot, loops));
      return ahead.map((name) => ({
        code: 'stage-ahead',
        message: `\`$${name}\` comes after \`${at.step.name}\`, so it is always empty here: name an earlier stage, or move the condition to \`${name}\`.`,
        pointer: `${at.step.pointer}/${field}`,
        severity: 'error',
      }));
    }),
  );
}

function isAhead(named: Placed | undefined, slot: number, loops: readonly StepDef[]): boolean {
  if (named === undefined || named.slot <= slot) return false;
  return !loops.some((loop) => named.loops.includes(loop));
}
