/**
 * Static checks of a pattern's structure: what the language refuses because it could never mean what its author wants.
 */
import type { Diagnostic } from '../model/diagnostic.js';
import type { PatternBody, StepDocument } from './documents.js';
import type { PatternDef, StepDef } from './pattern-def.js';

type Report = (code: string, pointer: string, message: string) => void;

export function isNegation(step: StepDef): boolean {
  return step.relation === 'notNext' || step.relation === 'notFollowedBy';
}

/** Everything wrong with the structure of a pattern. `body` is the pattern as written. */
export function checkStructure(def: PatternDef, body: PatternBody, pointer: string): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (code, at, message) => diagnostics.push({ code, pointer: at, message, severity: 'error' });
  checkSequence(def.steps, def, true, report);
  checkNames(def.steps, new Map(), report);
  checkSkip(def, pointer, report);
  body.sequence.forEach((step, at) => checkWritten(step, `${pointer}/sequence/${at}`, report));
  if (def.steps.length > 0 && def.steps.every((step) => step.optional || isNegation(step))) {
    report(
      'all-optional',
      `${pointer}/sequence`,
      'Every stage is optional, so the pattern would match nothing at all: make one obligatory.',
    );
  }
  return diagnostics;
}

function checkSequence(steps: readonly StepDef[], def: PatternDef, topLevel: boolean, report: Report): void {
  steps.forEach((step, at) => {
    const before = steps[at - 1];
    if (isNegation(step)) {
      checkNegation(step, before, report);
      if (at === steps.length - 1) checkTrailing(step, def, topLevel, report);
      else if (step.gapMs !== undefined) {
        report(
          'within-on-negation',
          `${step.pointer}/within`,
          'Only a `notFollowedBy` at the end may bear `within`: put it on the step after.',
        );
      }
    }
    if (step.group !== undefined) checkGroup(step, def, report);
    if (step.until !== undefined && step.timesMax !== undefined) {
      report('until-without-loop', `${step.pointer}/until`, '`until` ends a loop: give `times` a `min` and no `max`.');
    }
  });
}

function checkNegation(step: StepDef, before: StepDef | undefined, report: Report): void {
  const at = `${step.pointer}/${step.relation}`;
  if (before === undefined) return;
  if (isNegation(before)) {
    report(
      'negations-in-a-row',
      at,
      `Two negations in a row: join the conditions of \`${before.name}\` and \`${step.name}\` with \`or\`.`,
    );
  } else if (before.optional) {
    report(
      'negation-after-optional',
      at,
      `\`${before.name}\` is optional, so it is open what \`${step.name}\` may not follow: put the negation elsewhere.`,
    );
  }
}

function checkTrailing(step: StepDef, def: PatternDef, topLevel: boolean, report: Report): void {
  const at = `${step.pointer}/${step.relation}`;
  if (!topLevel) {
    report('negation-ends-group', at, 'A group cannot end in a negation: put it behind the group.');
  } else if (step.relation === 'notFollowedBy' && def.withinMs === undefined && step.gapMs === undefined) {
    report('absence-without-within', at, 'An absence needs a time: give the pattern or this step a `within`.');
  } else if (step.relation === 'notNext' && step.gapMs !== undefined) {
    report(
      'within-on-negation',
      `${step.pointer}/within`,
      '`notNext` takes no `within`: it is settled by the next event.',
    );
  }
}

function checkGroup(step: StepDef, def: PatternDef, report: Report): void {
  const group = step.group ?? [];
  if (step.gapMs !== undefined) {
    report(
      'within-on-group',
      `${step.pointer}/within`,
      'A group takes no `within`: put it on its steps or on the pattern.',
    );
  }
  if (step.greedy)
    report('greedy-group', `${step.pointer}/greedy`, 'A group cannot be greedy: put `greedy` on its steps.');
  if (group.length === 0) report('empty-group', `${step.pointer}/sequence`, 'The group is empty: give it a step.');
  else if (group.every((one) => one.optional || isNegation(one))) {
    report(
      'all-optional',
      `${step.pointer}/sequence`,
      'Every stage of the group is optional: make one obligatory and the group `optional`.',
    );
  }
  checkSequence(group, def, false, report);
}

function checkNames(steps: readonly StepDef[], seen: Map<string, string>, report: Report): void {
  for (const step of steps) {
    const other = seen.get(step.name);
    if (other !== undefined) {
      report(
        'duplicate-stage',
        `${step.pointer}/${step.relation}`,
        `The stage name \`${step.name}\` is taken (${other}): choose another.`,
      );
    }
    seen.set(step.name, step.pointer);
    if (step.group !== undefined) checkNames(step.group, seen, report);
  }
}

function checkSkip(def: PatternDef, pointer: string, report: Report): void {
  if (!('stage' in def.skip)) return;
  const { stage } = def.skip;
  const target = def.steps.find((step) => step.name === stage);
  if (target !== undefined && target.group === undefined && !isNegation(target)) return;
  const known = def.steps.filter((step) => step.group === undefined && !isNegation(step)).map((step) => step.name);
  report(
    'unknown-skip-target',
    `${pointer}/skip`,
    `\`${stage}\` is not a stage of the sequence itself that takes events: choose one of ${known.join(', ')}.`,
  );
}

/** Checks on what was written, before defaults hide it. */
function checkWritten(step: StepDocument, pointer: string, report: Report): void {
  if (step.consecutive === true && step.allowCombinations === true) {
    report(
      'invalid-step',
      `${pointer}/allowCombinations`,
      '`consecutive` and `allowCombinations` exclude each other: keep one.',
    );
  }
  if (step.sequence !== undefined && step.where !== undefined) {
    report(
      'invalid-step',
      `${pointer}/where`,
      'A group has its steps instead of a `where`: put the condition on them.',
    );
  }
  const word = step.notNext !== undefined ? 'notNext' : step.notFollowedBy !== undefined ? 'notFollowedBy' : undefined;
  if (word !== undefined) {
    for (const field of [
      'times',
      'optional',
      'greedy',
      'consecutive',
      'allowCombinations',
      'until',
      'sequence',
    ] as const) {
      if (step[field] !== undefined && step[field] !== false) {
        report('invalid-step', `${pointer}/${field}`, `\`${word}\` takes no \`${field}\`: it is a single condition.`);
      }
    }
  }
  step.sequence?.forEach((one, at) => checkWritten(one, `${pointer}/sequence/${at}`, report));
}
