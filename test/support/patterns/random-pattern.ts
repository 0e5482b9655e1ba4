/**
 * Random patterns and inputs as fast-check arbitraries: raw steps that shrink well, made legal (language specification,
 * section 2.2, "Static checks") by `legalPattern`.
 */
import * as fc from 'fast-check';
import type { PatternBody, Relation, SkipDocument, StepDocument } from '../../../src/core/document/documents.js';
import type { VectorCase } from '../../vectors/vector-case.js';

interface RawCondition {
  readonly kind: number;
  readonly names: readonly string[];
  readonly price: number;
  /** Which of the stages that may be named. */
  readonly stage: number;
}

interface RawStep {
  readonly relation: Relation;
  readonly condition: RawCondition;
  readonly times: number | { readonly min: number; readonly max?: number } | undefined;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly inner: 'consecutive' | 'allowCombinations' | undefined;
  readonly until: RawCondition | undefined;
  readonly within: number | undefined;
  readonly group: readonly RawStep[] | undefined;
  readonly choice: { readonly kind: 'anyOf' | 'allOf'; readonly branches: readonly RawStep[] } | undefined;
}

interface RawPattern {
  readonly steps: readonly RawStep[];
  readonly within: number | undefined;
  readonly trailingWithin: number;
  readonly skip: number;
  readonly skipStage: number;
}

/** Not in alphabetical order, for path order compares names. */
const STAGE_NAMES = 'mkzpwdtrbxgv'.split('');

/** A pattern is mutated while it is made legal. */
type Draft = { -readonly [Field in keyof StepDocument]: StepDocument[Field] };

function condition(raw: RawCondition, stages: readonly string[]): string | undefined {
  const { kind, price } = raw;
  const name = `name = '${raw.names[0]}'`;
  const either = `name in [${raw.names.map((one) => `'${one}'`).join(', ')}]`;
  const stage = stages[raw.stage % Math.max(1, stages.length)];
  if (kind < 7) return name;
  if (kind < 11) return either;
  if (kind < 13) return `price >= ${price}`;
  if (kind < 15) return `${name} and price >= ${price}`;
  if (kind === 15) return undefined;
  if (kind === 16) return `price > $number(name)`;
  if (stage === undefined) return either;
  if (kind === 17) return `${either} and price > $${stage}[0].price`;
  if (kind === 18) return `${name} and $sum([0, $${stage}.price]) + price < ${price * 3}`;
  if (kind === 19) return `${either} and $count($${stage}) < ${price}`;
  if (kind === 20) return `price != $${stage}[-1].price`;
  if (kind === 21) return `price = $${stage}.price`;
  return `${either} and $${stage}[0].price = price and price < ${price * 2}`;
}

const isNegation = (step: Draft | undefined): boolean =>
  step?.notNext !== undefined || step?.notFollowedBy !== undefined;
const isOptional = (step: Draft): boolean =>
  step.optional === true || (typeof step.times === 'object' && step.times.min === 0);

function makeObligatory(step: Draft | undefined): void {
  if (step === undefined) return;
  delete step.optional;
  if (typeof step.times === 'object' && step.times.min === 0) step.times = { ...step.times, min: 1 };
}

/** A branch begins with an event that is sure to come and can be told from others. */
function makeChoosable(step: Draft): void {
  makeObligatory(step);
  const inside = step.sequence?.slice(0, 1) ?? step.anyOf ?? step.allOf;
  if (inside === undefined) step.where ??= "name = 'b'";
  else for (const one of inside) makeChoosable(one);
}

class PatternDrafter {
  private stagesUsed = 0;
  /** Stages that take events, in pattern order: those a condition may name. */
  private readonly stages: string[] = [];

  sequence(raw: readonly RawStep[], topLevel: boolean): Draft[] {
    const steps: Draft[] = [];
    raw.forEach((step, at) => {
      const before = steps[at - 1];
      const mayNegate = at > 0 && !isNegation(before) && (topLevel || at < raw.length - 1);
      const negates = step.relation === 'notNext' || step.relation === 'notFollowedBy';
      const last = at === raw.length - 1;
      if (negates && mayNegate) {
        makeObligatory(before);
        steps.push(this.negation(step, last));
      } else {
        steps.push(this.positive(step, at === 0 ? 'begin' : negates ? 'followedBy' : step.relation));
      }
    });
    if (steps.every((step) => isNegation(step) || isOptional(step))) makeObligatory(steps[0]);
    return steps;
  }

  private name(): string {
    return STAGE_NAMES[this.stagesUsed++] ?? `s${this.stagesUsed}`;
  }

  private negation(raw: RawStep, last: boolean): Draft {
    const draft: Draft = { [raw.relation]: this.name() };
    const where = condition(raw.condition, this.stages);
    if (where !== undefined) draft.where = where;
    if (last && raw.relation === 'notFollowedBy' && raw.within !== undefined) draft.within = raw.within;
    return draft;
  }

  private positive(raw: RawStep, relation: Relation): Draft {
    const name = this.name();
    const draft: Draft = { [relation]: name };
    if (raw.times !== undefined) draft.times = raw.times;
    if (raw.optional) draft.optional = true;
    if (raw.inner === 'consecutive') draft.consecutive = true;
    if (raw.inner === 'allowCombinations') draft.allowCombinations = true;
    if (raw.choice !== undefined) draft[raw.choice.kind] = this.branches(raw.choice.kind, raw.choice.branches);
    else if (raw.group !== undefined) draft.sequence = this.sequence(raw.group, false);
    else this.single(draft, raw, name);
    const open = typeof raw.times === 'object' && raw.times.max === undefined;
    const until = raw.until === undefined || !open ? undefined : condition(raw.until, this.stages);
    if (until !== undefined) draft.until = until;
    return draft;
  }

  /** A branch of `anyOf` begins with an event of its own, which it can be told by; one of `allOf` is one event. */
  private branches(kind: 'anyOf' | 'allOf', raw: readonly RawStep[]): Draft[] {
    return raw.map((one) => {
      const times = one.times === undefined || kind === 'allOf' ? undefined : one.times;
      const group = kind === 'allOf' ? undefined : one.group;
      const inner = kind === 'allOf' ? undefined : one.inner;
      const branch = this.positive({ ...one, times, group, inner, choice: undefined, greedy: false }, 'begin');
      makeChoosable(branch);
      if (kind === 'allOf') delete branch.until;
      return branch;
    });
  }

  private single(draft: Draft, raw: RawStep, name: string): void {
    if (raw.condition.stage % 3 === 0) this.stages.push(name);
    const where = condition(raw.condition, this.stages);
    if (!this.stages.includes(name)) this.stages.push(name);
    if (where !== undefined) draft.where = where;
    if (raw.greedy) draft.greedy = true;
    if (raw.within !== undefined) draft.within = raw.within;
  }
}

function legalPattern(raw: RawPattern): PatternBody {
  const sequence = new PatternDrafter().sequence(raw.steps, true);
  const last = sequence[sequence.length - 1];
  if (last?.notFollowedBy !== undefined && last.within === undefined && raw.within === undefined) {
    last.within = raw.trailingWithin;
  }
  const targets = sequence
    .filter(
      (step) =>
        !isNegation(step) && step.sequence === undefined && step.anyOf === undefined && step.allOf === undefined,
    )
    .map((step) => step.begin ?? step.next ?? step.followedBy ?? step.followedByAny ?? '');
  const target = targets[raw.skipStage % Math.max(1, targets.length)];
  const skips: (SkipDocument | undefined)[] = [undefined, undefined, undefined, 'skipToNext', 'skipPastLastEvent'];
  if (target !== undefined) skips.push({ skipToFirst: target }, { skipToLast: target });
  const skip = skips[raw.skip % skips.length];
  return {
    sequence,
    ...(raw.within === undefined ? {} : { within: raw.within }),
    ...(skip === undefined ? {} : { skip }),
  };
}

/** Present once in so many cases. */
const rarely = <T>(value: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const name = fc.constantFrom('a', 'b', 'c');

const rawCondition: fc.Arbitrary<RawCondition> = fc.record({
  kind: fc.nat({ max: 22 }),
  names: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
  price: fc.integer({ min: 1, max: 5 }),
  stage: fc.nat({ max: 8 }),
});

const rawTimes: fc.Arbitrary<RawStep['times']> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.integer({ min: 2, max: 3 }) },
  { weight: 5, arbitrary: fc.record({ min: fc.nat({ max: 2 }) }) },
  {
    weight: 4,
    arbitrary: fc
      .record({ min: fc.nat({ max: 2 }), more: fc.nat({ max: 2 }) })
      .map(({ min, more }) => ({ min, max: Math.max(1, min + more) })),
  },
);

const oneIn = (n: number): fc.Arbitrary<boolean> => fc.nat({ max: n - 1 }).map((value) => value === n - 1);

/** Every length alike: by default fast-check favours short arrays. */
const size = 'max' as const;

function rawChoice(depth: number): fc.Arbitrary<NonNullable<RawStep['choice']>> {
  return fc.record({
    kind: fc.constantFrom('anyOf' as const, 'allOf' as const),
    branches: fc.array(rawStep(depth - 1), { minLength: 2, maxLength: 3, size }),
  });
}

function rawStep(depth: number): fc.Arbitrary<RawStep> {
  return fc.record({
    relation: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Relation>('followedBy') },
      { weight: 2, arbitrary: fc.constantFrom<Relation>('next', 'followedByAny') },
      { weight: 3, arbitrary: fc.constantFrom<Relation>('notFollowedBy', 'notNext', 'notFollowedBy') },
    ),
    condition: rawCondition,
    times: rawTimes,
    optional: oneIn(4),
    greedy: oneIn(4),
    inner: fc.constantFrom(undefined, undefined, 'consecutive' as const, 'allowCombinations' as const),
    until: rarely(rawCondition, 3),
    within: rarely(fc.integer({ min: 1, max: 6 }), 5),
    group:
      depth <= 0
        ? fc.constant(undefined)
        : rarely(fc.array(rawStep(depth - 1), { minLength: 1, maxLength: 3, size }), 4),
    choice: depth < 0 ? fc.constant(undefined) : rarely(rawChoice(depth), 7),
  });
}

function rawPattern(step: fc.Arbitrary<RawStep>): fc.Arbitrary<RawPattern> {
  return fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 4, size }),
    within: fc.option(fc.integer({ min: 2, max: 12 }), { freq: 2, nil: undefined }),
    trailingWithin: fc.integer({ min: 1, max: 5 }),
    skip: fc.nat({ max: 6 }),
    skipStage: fc.nat({ max: 3 }),
  });
}

/** Events of one key in order, some at equal times; a watermark behind the last. */
const inputs: fc.Arbitrary<Pick<VectorCase, 'events' | 'endWatermark'>> = fc
  .record({
    events: fc.array(
      fc.record({
        after: fc.constantFrom(0, 1, 1, 1, 2, 3, 5),
        name: fc.constantFrom('a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'd'),
        price: fc.integer({ min: 1, max: 4 }),
      }),
      { minLength: 1, maxLength: 10, size },
    ),
    end: fc.nat({ max: 20 }),
  })
  .map(({ events, end }) => {
    let ts = 0;
    const placed = events.map(({ after, name: kind, price }) => ({ ts: (ts += after), name: kind, price }));
    return { events: placed, endWatermark: ts + end };
  });

function casesOf(patterns: fc.Arbitrary<PatternBody>): fc.Arbitrary<VectorCase> {
  return fc
    .record({ pattern: patterns, input: inputs })
    .map(({ pattern, input }) => ({ id: 'random', pattern, ...input }));
}

/** Patterns of every kind the language knows, groups two deep. */
export const cases = casesOf(rawPattern(rawStep(2)).map(legalPattern));

/** Patterns whose meaning can be checked without an automaton: no groups, no `greedy`, no `until`, no skip strategy. */
export const plainCases = casesOf(
  rawPattern(rawStep(0).map((step) => ({ ...step, greedy: false, until: undefined }))).map((raw) =>
    legalPattern({ ...raw, skip: 0 }),
  ),
);
