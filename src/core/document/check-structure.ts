/**
 * Static checks of a pattern's structure: what the language refuses because it could never mean what its author wants.
 */
import { limits } from '../limits.js';
import type { Diagnostic } from '../model/diagnostic.js';
import type { PatternBody, StepDocument } from './documents.js';
import type { PatternDef, StepDef } from './pattern-def.js';
import { headsOf } from './pattern-def.js';

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
    if (step.choice !== undefined) checkChoice(step, def, report);
    else if (step.group !== undefined) checkGroup(step, def, report);
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

/** What a group and a choice have in common. */
function checkAround(step: StepDef, report: Report): void {
  if (step.gapMs !== undefined) {
    report(
      'within-on-group',
      `${step.pointer}/within`,
      'A group takes no `within`: put it on its steps or on the pattern.',
    );
  }
  if (step.greedy)
    report('greedy-group', `${step.pointer}/greedy`, 'A group cannot be greedy: put `greedy` on its steps.');
}

function checkGroup(step: StepDef, def: PatternDef, report: Report): void {
  const group = step.group ?? [];
  checkAround(step, report);
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

/** An alternation or a set in any order: what its branches may be. */
function checkChoice(step: StepDef, def: PatternDef, report: Report): void {
  const { choice = 'anyOf', group: branches = [], pointer } = step;
  const at = `${pointer}/${choice}`;
  checkAround(step, report);
  const most = choice === 'anyOf' ? limits.anyOfBranchesMax : limits.allOfBranchesMax;
  if (branches.length < 2 || branches.length > most) {
    report('invalid-branches', at, `\`${choice}\` takes 2 to ${most} branches; it has ${branches.length}.`);
  }
  branches.forEach((branch, number) => {
    if (branch.optional)
      report('optional-branch', branch.pointer, 'A branch is not optional: put `optional` on the step around it.');
    if (branch.greedy)
      report('greedy-branch', `${branch.pointer}/greedy`, 'A branch cannot be greedy: put the loop behind the choice.');
    if (choice === 'allOf') checkMember(branch, report);
    else checkBranch(branch, number === branches.length - 1, report);
  });
  // A branch follows nothing inside the choice, so each is checked as a sequence of its own.
  for (const branch of branches) checkSequence([branch], def, false, report);
}

/** A branch of `anyOf`: its first event decides for it, so it must have one that is sure to come and can be told from others. */
function checkBranch(branch: StepDef, last: boolean, report: Report): void {
  const head = headsOf(branch);
  if (head.some((step) => step.optional)) {
    report(
      'optional-branch',
      branch.pointer,
      'A branch begins with a step that is not optional: its event chooses it.',
    );
  }
  if (!last && head.some((step) => step.where === undefined)) {
    report(
      'unreachable-branch',
      branch.pointer,
      `Every event satisfies \`${branch.name}\`, so no branch after it can be taken: give it a \`where\`, or put it last.`,
    );
  }
}

/** A branch of `allOf` takes one event. */
function checkMember(branch: StepDef, report: Report): void {
  if (branch.group === undefined && branch.timesMin === 1 && branch.timesMax === 1) return;
  report(
    'invalid-branches',
    branch.pointer,
    'A branch of `allOf` takes one event, so it has a `where` and no `times` or steps inside: write one branch per event.',
  );
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

/** What a step may have inside instead of a condition. */
const PARTS = ['sequence', 'anyOf', 'allOf'] as const;

/** Checks on what was written, before defaults hide it. */
function checkWritten(step: StepDocument, pointer: string, report: Report): void {
  if (step.consecutive === true && step.allowCombinations === true) {
    report(
      'invalid-step',
      `${pointer}/allowCombinations`,
      '`consecutive` and `allowCombinations` exclude each other: keep one.',
    );
  }
  const inside = PARTS.filter((field) => step[field] !== undefined);
  if (inside.length > 1) {
    report('invalid-step', `${pointer}/${inside[1]}`, `A step has one of ${PARTS.join(', ')}: nest one in the other.`);
  }
  if (inside.length > 0 && step.where !== undefined) {
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
      ...PARTS,
    ] as const) {
      if (step[field] !== undefined && step[field] !== false) {
        report('invalid-step', `${pointer}/${field}`, `\`${word}\` takes no \`${field}\`: it is a single condition.`);
      }
    }
  }
  for (const field of PARTS) {
    step[field]?.forEach((one, at) => checkWritten(one, `${pointer}/${field}/${at}`, report));
  }
}
