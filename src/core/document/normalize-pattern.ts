/**
 * From a pattern as written to a `PatternDef`: parameters substituted in `times` and `within`, durations in ms, defaults
 * filled in, and the static checks of the language (section 2.2, "Static checks") that need no expression.
 */
import { limits } from '../limits.js';
import type { Checked, Diagnostic } from '../model/diagnostic.js';
import type { PatternBody, Relation, SkipDocument, StepDocument } from './documents.js';
import { DURATION_HINT, parseDuration } from './duration.js';
import type { InnerContiguity, PatternDef, SkipStrategy, StepDef } from './pattern-def.js';
import { checkStructure } from './check-structure.js';

export const RELATIONS: readonly Relation[] = [
  'begin',
  'next',
  'followedBy',
  'followedByAny',
  'notNext',
  'notFollowedBy',
];

const PARAMETER = /^\$params\.([A-Za-z_][A-Za-z0-9_]*)$/;

/** Collects diagnostics while the steps are read. */
class PatternReader {
  readonly diagnostics: Diagnostic[] = [];

  constructor(private readonly params: Readonly<Record<string, unknown>>) {}

  report(code: string, pointer: string, message: string): void {
    this.diagnostics.push({ code, pointer, message, severity: 'error' });
  }

  /** A whole scalar `$params.x` stands for the parameter's value. */
  private substitute(value: unknown, pointer: string): unknown {
    const name = typeof value === 'string' ? PARAMETER.exec(value)?.[1] : undefined;
    if (name === undefined) return value;
    if (Object.hasOwn(this.params, name)) return this.params[name];
    this.report('unknown-parameter', pointer, `There is no parameter \`${name}\`: declare it under \`parameters\`.`);
    return undefined;
  }

  duration(value: unknown, pointer: string): number | undefined {
    if (value === undefined) return undefined;
    const text = this.substitute(value, pointer);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    if (ms === undefined)
      this.report('invalid-duration', pointer, `\`${String(text)}\` is not a duration: ${DURATION_HINT}.`);
    else if (ms === 0)
      this.report(
        'invalid-duration',
        pointer,
        'A span of 0 holds nothing, for it is strictly less than: write at least 1ms.',
      );
    return ms;
  }

  private count(value: unknown, pointer: string, least: number): number | undefined {
    const number = this.substitute(value, pointer);
    if (number === undefined) return undefined;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least) {
      this.report(
        'invalid-times',
        pointer,
        `\`${String(number)}\` is not a count: write a whole number from ${least} on.`,
      );
      return undefined;
    }
    if (number > limits.timesMax) {
      this.report('invalid-times', pointer, `\`${number}\` is above the limit of ${limits.timesMax} for a count.`);
      return undefined;
    }
    return number;
  }

  times(step: StepDocument, pointer: string): { min: number; max: number | undefined } {
    const { times } = step;
    if (times === undefined) return { min: 1, max: 1 };
    if (typeof times !== 'object') {
      const exact = this.count(times, `${pointer}/times`, 1) ?? 1;
      return { min: exact, max: exact };
    }
    const min = times.min === undefined ? 1 : (this.count(times.min, `${pointer}/times/min`, 0) ?? 1);
    const max = times.max === undefined ? undefined : this.count(times.max, `${pointer}/times/max`, 1);
    if (max !== undefined && max < min) {
      this.report('invalid-times', `${pointer}/times`, `\`max\` (${max}) is below \`min\` (${min}): swap them.`);
    }
    return { min, max };
  }

  step(step: StepDocument, pointer: string, isHead: boolean): StepDef | undefined {
    const words = RELATIONS.filter((word) => step[word] !== undefined);
    const relation = words[0];
    if (relation === undefined || words.length > 1) {
      this.report('invalid-step', pointer, `A step names its stage with exactly one of ${RELATIONS.join(', ')}.`);
      return undefined;
    }
    if (isHead !== (relation === 'begin')) {
      const mend = isHead
        ? 'The first step of a sequence must be a `begin`.'
        : '`begin` names the first step only: use `next`, `followedBy` or `followedByAny`.';
      this.report('invalid-step', `${pointer}/${relation}`, mend);
    }
    return this.readStep(step, relation, pointer);
  }

  /** The steps inside a group, or the branches of a choice. */
  private parts(step: StepDocument, relation: Relation, pointer: string): Pick<StepDef, 'group' | 'choice'> {
    const choice = step.anyOf !== undefined ? 'anyOf' : step.allOf !== undefined ? 'allOf' : undefined;
    if (choice === undefined) {
      return {
        group: step.sequence?.flatMap((one, at) => this.step(one, `${pointer}/sequence/${at}`, at === 0) ?? []),
      };
    }
    const group = (step[choice] ?? []).flatMap(
      (one, at) => this.branch(one, relation, `${pointer}/${choice}/${at}`) ?? [],
    );
    return { group, choice };
  }

  /** The word of the choice relates it to the step before; a branch may repeat it, or say `begin`. */
  private branch(step: StepDocument, relation: Relation, pointer: string): StepDef | undefined {
    const word = RELATIONS.find((one) => step[one] !== undefined);
    if (word === undefined || word === relation || word === 'begin') return this.step(step, pointer, word === 'begin');
    this.report(
      'invalid-step',
      `${pointer}/${word}`,
      `A branch is named with \`begin\`: how it follows the step before is said by \`${relation}\` on the step around it.`,
    );
    return undefined;
  }

  private readStep(step: StepDocument, relation: Relation, pointer: string): StepDef {
    const { min, max } = this.times(step, pointer);
    return {
      relation: relation === 'begin' ? 'begin' : relation,
      name: step[relation] ?? '',
      where: step.where,
      ...this.parts(step, relation, pointer),
      timesMin: Math.max(1, min),
      timesMax: max,
      optional: step.optional === true || min === 0,
      greedy: step.greedy === true,
      inner: innerContiguity(step),
      until: step.until,
      gapMs: this.duration(step.within, `${pointer}/within`),
      pointer,
    };
  }
}

function innerContiguity(step: StepDocument): InnerContiguity {
  if (step.consecutive === true) return 'next';
  return step.allowCombinations === true ? 'followedByAny' : 'followedBy';
}

function skipStrategy(skip: SkipDocument | undefined): SkipStrategy {
  if (skip === undefined) return { kind: 'noSkip' };
  if (typeof skip === 'string') return { kind: skip };
  return 'skipToFirst' in skip
    ? { kind: 'skipToFirst', stage: skip.skipToFirst }
    : { kind: 'skipToLast', stage: skip.skipToLast };
}

/**
 * Normalises and checks a pattern whose shape is right. `pointer` is where the body stands in its document ('' or `/pattern`);
 * `params` are the values to substitute, defaults already filled in.
 */
export function normalizePattern(
  body: PatternBody,
  options: { readonly name: string; readonly params: Readonly<Record<string, unknown>>; readonly pointer: string },
): Checked<PatternDef> {
  const reader = new PatternReader(options.params);
  const pointer = `${options.pointer}/sequence`;
  const withinMs = reader.duration(body.within, `${options.pointer}/within`);
  const steps = body.sequence.flatMap((step, at) => reader.step(step, `${pointer}/${at}`, at === 0) ?? []);
  const def: PatternDef = {
    name: options.name,
    withinMs,
    skip: skipStrategy(body.skip),
    steps,
    params: options.params,
  };
  if (reader.diagnostics.length === 0) {
    reader.diagnostics.push(...checkStructure(def, body, options.pointer));
  }
  if (reader.diagnostics.length > 0) return { ok: false, diagnostics: reader.diagnostics };
  return { ok: true, value: def, warnings: [] };
}
