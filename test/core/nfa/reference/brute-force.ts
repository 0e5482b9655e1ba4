/**
 * Matches without any automaton: every subset of the events, every way of dealing it out to the stages in order, checked
 * against the definitions of section 2.1 of the language. For few events and plain patterns: no groups, no `greedy`, no
 * `until`, no skip strategy.
 */
import type { PatternDef, StepDef } from '../../../../src/core/document/pattern-def.js';
import type { StreamEvent } from '../../../../src/core/model/event.js';
import type { Taken, Test } from './reference-automaton.js';

/** One positive step with the negation that stands directly before it, if any. */
interface Stage {
  readonly step: StepDef;
  readonly notNext: StepDef | undefined;
  readonly notFollowedBy: StepDef | undefined;
}

interface Layout {
  readonly stages: readonly Stage[];
  /** The negation that ends the pattern. */
  readonly trailing: StepDef | undefined;
}

const isNegation = (step: StepDef | undefined): boolean =>
  step?.relation === 'notNext' || step?.relation === 'notFollowedBy';
const isExact = (step: StepDef | undefined): boolean => step?.timesMin === step?.timesMax;

function layoutOf(def: PatternDef): Layout {
  const stages: Stage[] = [];
  def.steps.forEach((step, at) => {
    if (isNegation(step)) return;
    const before = def.steps[at - 1];
    stages.push({
      step,
      notNext: before?.relation === 'notNext' ? before : undefined,
      notFollowedBy: before?.relation === 'notFollowedBy' ? before : undefined,
    });
  });
  const last = def.steps[def.steps.length - 1];
  return { stages, trailing: isNegation(last) ? last : undefined };
}

/**
 * True if section 2.1 alone says what matches. Left to the automaton: negations behind which everything is optional,
 * and absences and inner negations behind a count that is open or a range (see the vectors R00225 and R00840).
 */
export function isPlain(def: PatternDef): boolean {
  if (def.skip.kind !== 'noSkip') return false;
  if (def.steps.some((step) => step.greedy || step.until !== undefined)) return false;
  if (def.steps.some((step) => step.group !== undefined && !isPlainChoice(step))) return false;
  return def.steps.every((step, at) => {
    if (!isNegation(step)) return true;
    const behind = def.steps.slice(at + 1).filter((one) => !isNegation(one));
    if (behind.length > 0 && behind.every((one) => one.optional)) return false;
    const loop = def.steps[at - 1];
    return step.relation === 'notNext' ? true : isExact(loop) || (behind.length > 0 && loop?.timesMax === undefined);
  });
}

/** A choice taken once, between branches of one event each. */
function isPlainChoice({ choice, group, timesMin, timesMax }: StepDef): boolean {
  if (choice === undefined || timesMin !== 1 || timesMax !== 1) return false;
  return (group ?? []).every((one) => one.group === undefined && one.timesMin === 1 && one.timesMax === 1);
}

/** Every order of the list. */
function ordersOf<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((one, at) => ordersOf(list.filter((_, i) => i !== at)).map((rest) => [one, ...rest]));
}

/** The steps that may take the events of a stage, one list for each way. */
function waysOf(step: StepDef, count: number): StepDef[][] {
  const branches = step.group ?? [];
  if (count > 0 && step.choice === 'anyOf') return branches.map((one) => [one]);
  if (count > 0 && step.choice === 'allOf') return ordersOf(branches);
  return [new Array<StepDef>(count).fill(step)];
}

export interface BruteMatch {
  readonly path: readonly Taken[];
  readonly time: number;
}

export class BruteForce {
  private readonly layout: Layout;

  constructor(
    private readonly def: PatternDef,
    private readonly events: readonly StreamEvent[],
    private readonly endWatermark: number,
    private readonly testOf: (source: string) => Test,
  ) {
    this.layout = layoutOf(def);
  }

  matches(): BruteMatch[] {
    const found: BruteMatch[] = [];
    for (let subset = 1; subset < 1 << this.events.length; subset++) {
      const chosen = this.events.map((_, at) => at).filter((at) => ((subset >> at) & 1) === 1);
      for (const counts of this.dealings(chosen.length, 0)) {
        for (const takers of this.takersOf(counts, 0)) {
          const path = this.pathOf(chosen, takers);
          const time = this.timeOf(path, counts, takers);
          if (time !== undefined) found.push({ path, time });
        }
      }
    }
    return found;
  }

  /** How many events each stage from `from` on can get of `left`. */
  private dealings(left: number, from: number): number[][] {
    const stage = this.layout.stages[from];
    if (stage === undefined) return left === 0 ? [[]] : [];
    const { timesMin, timesMax, optional } = stage.step;
    const dealings: number[][] = [];
    for (let count = 0; count <= left; count++) {
      const exact = stage.step.choice === 'allOf' ? (stage.step.group ?? []).length : undefined;
      const allowed =
        count === 0
          ? optional
          : exact !== undefined
            ? count === exact
            : count >= timesMin && count <= (timesMax ?? left);
      if (allowed) for (const rest of this.dealings(left - count, from + 1)) dealings.push([count, ...rest]);
    }
    return dealings;
  }

  /** The step that takes each event, in order, for every way of dealing out the branches of choices. */
  private takersOf(counts: readonly number[], from: number): StepDef[][] {
    const stage = this.layout.stages[from];
    if (stage === undefined) return [[]];
    const rests = this.takersOf(counts, from + 1);
    return waysOf(stage.step, counts[from] ?? 0).flatMap((way) => rests.map((rest) => [...way, ...rest]));
  }

  private pathOf(chosen: readonly number[], takers: readonly StepDef[]): Taken[] {
    return chosen.map((at, i) => ({ stage: takers[i]?.name ?? '', at, event: this.events[at] as StreamEvent }));
  }

  private holds(source: string | undefined, at: number, path: readonly Taken[]): boolean {
    return source === undefined || this.testOf(source)(this.events[at] as StreamEvent, path);
  }

  private anyBetween(after: number, before: number, test: (at: number) => boolean): boolean {
    for (let at = after + 1; at < before; at++) if (test(at)) return true;
    return false;
  }

  /** The time of the match; undefined if the path is none. */
  private timeOf(path: readonly Taken[], counts: readonly number[], takers: readonly StepDef[]): number | undefined {
    let taken = 0;
    let stageBefore = -1;
    for (const [i, stage] of this.layout.stages.entries()) {
      const count = counts[i] ?? 0;
      for (let k = 0; k < count; k++) {
        const before = path.slice(0, taken);
        const one = path[taken] as Taken;
        const way = takers.slice(taken - k, taken);
        if (!this.mayTake(stage.step, takers[taken] as StepDef, { one, before, k, way })) return undefined;
        const last = taken === path.length - 1 && this.layout.trailing === undefined;
        if (taken > 0 && !this.passesNegations({ at: one.at, before, from: stageBefore, to: i, k, last }))
          return undefined;
        taken++;
        stageBefore = i;
      }
    }
    return this.timeOfEnd(path);
  }

  /** Condition, window, gap, and what the stage's word says of the events in between. */
  private mayTake(
    step: StepDef,
    taker: StepDef,
    { one, before, k, way }: { one: Taken; before: readonly Taken[]; k: number; way: readonly StepDef[] },
  ): boolean {
    if (!this.holds(taker.where, one.at, before)) return false;
    // The branches that are still open, and those of which an event must be left to the one before.
    const branches = step.choice === undefined ? [step] : (step.group ?? []).filter((branch) => !way.includes(branch));
    const satisfies = (branch: StepDef, at: number): boolean => this.holds(branch.where, at, before);
    const first = branches.find((branch) => satisfies(branch, one.at));
    if (step.choice === 'anyOf' && first !== taker) return false;
    const [begun, previous] = [before[0], before[before.length - 1]];
    if (begun === undefined || previous === undefined) return true;
    if (one.event.time - begun.event.time >= (this.def.withinMs ?? Infinity)) return false;
    if (one.event.time - previous.event.time >= (taker.gapMs ?? Infinity)) return false;
    const relation = k === 0 ? step.relation : step.inner;
    if (relation === 'next') return one.at === previous.at + 1;
    if (relation !== 'followedBy') return true;
    return !this.anyBetween(previous.at, one.at, (at) => branches.some((branch) => satisfies(branch, at)));
  }

  /** No negation between the element before and this one forbids it; a loop directly before a negation obeys it too. */
  private passesNegations(way: {
    at: number;
    before: readonly Taken[];
    from: number;
    to: number;
    k: number;
    /** The event completes the match: then it may satisfy a negation as well. */
    last: boolean;
  }): boolean {
    const { stages, trailing } = this.layout;
    const previous = way.before[way.before.length - 1] as Taken;
    const kills = (n: StepDef | undefined, at: number): boolean =>
      n !== undefined && this.holds(n.where, at, way.before);
    // Between the branches of `allOf` what may not follow them is not in force yet.
    if (way.k > 0 && stages[way.to]?.step.choice !== undefined) return true;
    if (way.k > 0) {
      const next = stages[way.to + 1];
      const last = way.to === stages.length - 1;
      const settled = way.k >= (stages[way.to]?.step.timesMin ?? 1);
      const notNext = next?.notNext ?? (last && trailing?.relation === 'notNext' ? trailing : undefined);
      if (settled && kills(notNext, previous.at + 1)) return false;
      const n = next?.notFollowedBy ?? (last && trailing?.relation === 'notFollowedBy' ? trailing : undefined);
      return !this.anyBetween(previous.at, way.at + 1, (at) => kills(n, at));
    }
    for (let i = way.from + 1; i <= way.to; i++) {
      if (kills(stages[i]?.notNext, previous.at + 1)) return false;
      const n = stages[i]?.notFollowedBy;
      if (this.anyBetween(previous.at, way.at, (at) => kills(n, at))) return false;
      if (kills(n, way.at) && !way.last) return false;
    }
    return true;
  }

  private timeOfEnd(path: readonly Taken[]): number | undefined {
    const { trailing } = this.layout;
    const last = path[path.length - 1] as Taken;
    if (trailing === undefined) return last.event.time;
    const windowEnd = (path[0] as Taken).event.time + (this.def.withinMs ?? Infinity);
    if (trailing.relation === 'notNext') {
      const next = this.events[last.at + 1];
      if (next === undefined || next.time >= windowEnd) return undefined;
      return this.holds(trailing.where, last.at + 1, path) ? undefined : next.time;
    }
    const deadline = Math.min(windowEnd, last.event.time + (trailing.gapMs ?? Infinity));
    if (deadline > this.endWatermark) return undefined;
    const forbids = (at: number): boolean =>
      (this.events[at]?.time ?? Infinity) < deadline && this.holds(trailing.where, at, path);
    return this.anyBetween(last.at, this.events.length, forbids) ? undefined : deadline;
  }
}
