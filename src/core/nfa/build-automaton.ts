/**
 * Builds the reference automaton of a pattern, from its end backwards (language specification, section 2.2; the
 * construction follows the semantics documented for Flink CEP 2.x).
 *
 * In the comments: `sink` is the successor already built, `n` the condition of a negation. States are mutable here and
 * frozen into `AutomatonState`s by the caller.
 */
import type { StepDef } from '../document/pattern-def.js';
import { headsOf } from '../document/pattern-def.js';
import { assert } from '../assert.js';
import type { EdgeAction, Guard, Literal, StateKind } from './automaton.js';
import type { Group, Place } from './build-place.js';
import { isBranchHead, negationBehind, relationOf, stepAt } from './build-place.js';
import { ALWAYS, both, holds, not } from './guard.js';

export interface BuiltEdge {
  readonly action: EdgeAction;
  target: BuiltState;
  /** Undefined: never holds. */
  guard: Guard | undefined;
}

export interface BuiltState {
  kind: StateKind;
  readonly step: StepDef | undefined;
  readonly edges: BuiltEdge[];
}

/** Literals of a step's conditions; undefined for a step without the condition (`where` absent holds always). */
export interface StepConditions {
  readonly where: Literal | undefined;
  readonly until: Literal | undefined;
}

interface SingleOptions {
  readonly sink: BuiltState;
  /** Where an optional step may proceed to without taking. */
  readonly proceedTo: BuiltState | undefined;
  readonly take: Guard | undefined;
  /** Undefined: no IGNORE edge. */
  readonly ignore: Guard | undefined;
  readonly optional: boolean;
  /** It takes the first element of the step, not a later one. */
  readonly first: boolean;
}

export class AutomatonBuilder {
  readonly states: BuiltState[] = [];
  /** First-iteration marks and unmodified sinks of greedy loops, by step: they outlive the call that sets them. */
  private readonly firstIteration = new Map<StepDef, boolean>();
  private readonly unmodifiedSinks = new Map<StepDef, BuiltState>();
  private readonly stops = new Map<StepDef, BuiltState>();
  /** Ends of looping groups whose head is not known yet, with their copies: all of them proceed to it. */
  private readonly openEnds = new Map<BuiltState, BuiltState[]>();

  constructor(private readonly conditionsOf: (step: StepDef) => StepConditions) {}

  build(steps: readonly StepDef[]): { start: BuiltState; final: BuiltState } {
    const final = this.state('final', undefined);
    const start = this.chain(steps, final, undefined);
    start.kind = 'start';
    return { start, final };
  }

  private state(kind: StateKind, step: StepDef | undefined): BuiltState {
    const state: BuiltState = { kind, step, edges: [] };
    this.states.push(state);
    return state;
  }

  private edge(from: BuiltState, action: EdgeAction, target: BuiltState, guard: Guard | undefined): void {
    from.edges.push({ action, target, guard });
  }

  /** Steps in front of `sink`; the first state of the first step. */
  private chain(steps: readonly StepDef[], sink: BuiltState, group: Group | undefined): BuiltState {
    let last = sink;
    for (let at = steps.length - 1; at >= 0; at--) {
      const step = steps[at] as StepDef;
      if (step.relation === 'notFollowedBy') {
        if (at === steps.length - 1) last = this.pending(step);
      } else if (step.relation === 'notNext') {
        last = this.notNext(step, last);
      } else {
        last = this.convert({ steps, at, group }, last);
      }
    }
    return last;
  }

  private pending(step: StepDef): BuiltState {
    const n = this.conditionsOf(step).where;
    const state = this.state('pending', step);
    this.edge(state, 'proceed', this.stop(step), holds(n));
    this.edge(state, 'ignore', state, not(n));
    return state;
  }

  private notNext(step: StepDef, sink: BuiltState): BuiltState {
    const n = this.conditionsOf(step).where;
    const state = this.state('normal', step);
    this.edge(state, sink.kind === 'final' ? 'ignore' : 'proceed', sink, not(n));
    this.edge(state, 'proceed', this.stop(step), holds(n));
    return state;
  }

  private stop(step: StepDef): BuiltState {
    let stop = this.stops.get(step);
    if (stop === undefined) {
      stop = this.state('stop', step);
      this.edge(stop, 'take', stop, holds(this.conditionsOf(step).where));
      this.stops.set(step, stop);
    }
    return stop;
  }

  private convert(place: Place, sink: BuiltState): BuiltState {
    const step = stepAt(place);
    if (step.timesMax === undefined) {
      const loop = this.loop(place, sink);
      return this.times(place, { sink: loop, proceedTo: sink, min: step.timesMin, max: step.timesMin });
    }
    if (step.timesMin !== 1 || step.timesMax !== 1) {
      return this.times(place, { sink, proceedTo: sink, min: step.timesMin, max: step.timesMax });
    }
    const [take, ignore] = [this.firstTake(place, this.take(place)), this.outerIgnore(place)];
    return this.single(place, { sink, proceedTo: sink, take, ignore, optional: step.optional, first: true });
  }

  /** A state that takes one element of the step (or the inner chain of a group). */
  private single(place: Place, options: SingleOptions): BuiltState {
    const step = stepAt(place);
    if (step.group !== undefined) return this.groupOnce(place, options);
    const state = this.state('normal', step);
    const sink = this.withoutNegations(place, options.sink);
    this.edge(state, 'take', sink, options.take);
    if (options.optional) this.proceedPast(place, state, options.proceedTo);
    if (options.ignore !== undefined) {
      let waiting = state;
      if (options.optional || this.isHeadOfOptionalGroup(place)) {
        waiting = this.state('normal', step);
        this.edge(waiting, 'take', sink, options.take);
        this.edge(waiting, 'ignore', waiting, options.ignore);
        if (options.first) this.addStops(place, waiting);
      }
      this.edge(state, 'ignore', waiting, options.ignore);
    }
    if (options.first) this.addStops(place, state);
    else this.addStopOfNegationBehind(place, state);
    return state;
  }

  private proceedPast(place: Place, state: BuiltState, proceedTo: BuiltState | undefined): void {
    assert(proceedTo !== undefined, 'an optional step has somewhere to proceed to');
    const step = stepAt(place);
    const until = this.conditionsOf(step).until;
    const unmodified = step.greedy ? this.unmodifiedSinks.get(step) : undefined;
    if (unmodified !== undefined && until !== undefined) {
      this.edge(state, 'proceed', unmodified, holds(until));
      this.edge(state, 'proceed', proceedTo, not(until));
    } else {
      this.edge(state, 'proceed', proceedTo, ALWAYS);
    }
  }

  /** times{min,max}: optional states at the end, obligatory ones before, the first one governed by the step's own word. */
  private times(place: Place, span: { sink: BuiltState; proceedTo: BuiltState; min: number; max: number }): BuiltState {
    const step = stepAt(place);
    const until = this.conditionsOf(step).until;
    const take = both(this.take(place), until === undefined ? ALWAYS : not(until));
    this.firstIteration.set(step, false);
    const ignore = this.innerIgnore(place);
    if (step.greedy && span.min !== span.max) this.makeGreedy(span.sink, step);
    let last = span.sink;
    for (let i = span.min; i < span.max; i++) {
      last = this.single(place, { sink: last, proceedTo: span.proceedTo, take, ignore, optional: true, first: false });
    }
    for (let i = 1; i < span.min; i++) {
      last = this.single(place, { sink: last, proceedTo: undefined, take, ignore, optional: false, first: false });
    }
    this.firstIteration.set(step, true);
    return this.single(place, {
      sink: last,
      proceedTo: span.proceedTo,
      take: this.firstTake(place, take),
      ignore: this.outerIgnore(place),
      optional: step.optional,
      first: true,
    });
  }

  private loop(place: Place, proceedTo: BuiltState): BuiltState {
    const step = stepAt(place);
    const sink = this.withoutNegations(place, proceedTo);
    this.firstIteration.set(step, false);
    if (step.group !== undefined) return this.groupLoop(place, sink);
    const until = this.conditionsOf(step).until;
    const take = both(this.take(place), until === undefined ? ALWAYS : not(until));
    const ignore = this.innerIgnore(place);
    const loop = this.state('normal', step);
    if (step.greedy) this.proceedGreedily(loop, { step, sink, proceedTo });
    else this.edge(loop, 'proceed', sink, ALWAYS);
    this.edge(loop, 'take', loop, take);
    this.addStopOfNegationBehind(place, loop);
    if (ignore !== undefined) {
      const waiting = this.state('normal', step);
      this.edge(waiting, 'take', loop, take);
      this.edge(waiting, 'ignore', waiting, ignore);
      this.edge(loop, 'ignore', waiting, ignore);
      this.addStopOfNegationBehind(place, waiting);
    }
    return loop;
  }

  /** The loop proceeds to `sink`; the way past an optional loop, to `proceedTo`, is made greedy with it. */
  private proceedGreedily(
    loop: BuiltState,
    { step, sink, proceedTo }: { step: StepDef; sink: BuiltState; proceedTo: BuiltState },
  ): void {
    const until = this.conditionsOf(step).until;
    if (until === undefined) {
      this.edge(loop, 'proceed', sink, ALWAYS);
    } else {
      const unmodified = this.copy(sink);
      this.unmodifiedSinks.set(step, sink === proceedTo ? unmodified : this.copy(proceedTo));
      this.edge(loop, 'proceed', unmodified, holds(until));
      this.edge(loop, 'proceed', sink, not(until));
    }
    this.makeGreedy(sink, step);
    if (sink !== proceedTo) this.makeGreedy(proceedTo, step);
  }

  /** While an event still satisfies the loop, what follows may not take it. */
  private makeGreedy(sink: BuiltState, step: StepDef): void {
    const passes = not(this.conditionsOf(step).where);
    for (const edge of sink.edges) edge.guard = both(edge.guard, passes);
  }

  private groupOnce(place: Place, options: SingleOptions): BuiltState {
    const sink = this.withoutNegations(place, options.sink);
    const first = this.inside(stepAt(place), sink, this.groupOf(place));
    if (options.optional) {
      assert(options.proceedTo !== undefined, 'an optional group has somewhere to proceed to');
      this.edge(first, 'proceed', options.proceedTo, ALWAYS);
    }
    return first;
  }

  private groupLoop(place: Place, sink: BuiltState): BuiltState {
    const step = stepAt(place);
    const end = this.state('normal', step);
    const ends = [end];
    this.openEnds.set(end, ends);
    const first = this.inside(step, end, this.groupOf(place));
    this.openEnds.delete(end);
    this.edge(first, 'proceed', sink, ALWAYS);
    for (const one of ends) this.edge(one, 'proceed', first, ALWAYS);
    return first;
  }

  /** What a group has inside, in front of `sink`. */
  private inside(step: StepDef, sink: BuiltState, group: Group): BuiltState {
    const branches = step.group ?? [];
    if (step.choice === 'anyOf') return this.anyOf(branches, sink, group);
    if (step.choice === 'allOf') return this.allOf(branches, sink, group);
    return this.chain(branches, sink, group);
  }

  /**
   * An alternation: a state that waits, and proceeds to the first state of every branch. A branch takes its first event only if no
   * branch before it could. Branches never wait for their first event themselves: the choice does, until an event decides it.
   */
  private anyOf(branches: readonly StepDef[], sink: BuiltState, group: Group): BuiltState {
    let others: Guard | undefined = ALWAYS;
    const heads: BuiltState[] = [];
    for (const branch of branches) {
      heads.push(this.convert({ steps: [branch], at: 0, group, branch: others }, sink));
      others = both(others, this.satisfiesNone([branch]));
    }
    return this.choosing(branches, heads, group);
  }

  /** All branches in any order: a state for every set of branches taken so far, from which each of the others may take next. */
  private allOf(branches: readonly StepDef[], sink: BuiltState, group: Group): BuiltState {
    const all = (1 << branches.length) - 1;
    const built = new Map<number, BuiltState>([[all, sink]]);
    for (let taken = all - 1; taken >= 0; taken--) {
      const left = branches.filter((_, at) => (taken & (1 << at)) === 0);
      const heads = left.map((branch) => {
        const state = this.state('normal', branch);
        const next = taken | (1 << branches.indexOf(branch));
        this.edge(state, 'take', built.get(next) as BuiltState, this.take({ steps: [branch], at: 0, group }));
        return state;
      });
      built.set(taken, taken === 0 ? this.choosing(left, heads, group) : this.waiting(left, heads, group));
    }
    return built.get(0) as BuiltState;
  }

  /** Between two branches of `allOf`, the contiguity inside the choice governs the waiting. */
  private waiting(left: readonly StepDef[], heads: readonly BuiltState[], group: Group): BuiltState {
    const state = this.state('normal', group.step);
    for (const head of heads) this.edge(state, 'proceed', head, ALWAYS);
    const ignore = this.ignoring(left, group.step.inner, group);
    if (ignore !== undefined) this.edge(state, 'ignore', state, ignore);
    return state;
  }

  /** Waits for the first event of a choice, as a step at this place would for its own. */
  private choosing(branches: readonly StepDef[], heads: readonly BuiltState[], group: Group): BuiltState {
    const place: Place = { steps: [group.step], at: 0, group };
    const state = this.state('normal', group.step);
    for (const head of heads) this.edge(state, 'proceed', head, ALWAYS);
    this.addStops(place, state);
    const ignore = this.ignoring(branches, relationOf(place), group);
    if (ignore === undefined) return state;
    let waiting = state;
    if (this.isHeadOfOptionalGroup(place)) {
      waiting = this.state('normal', group.step);
      for (const head of heads) this.edge(waiting, 'proceed', head, ALWAYS);
      this.edge(waiting, 'ignore', waiting, ignore);
      this.addStops(place, waiting);
    }
    this.edge(state, 'ignore', waiting, ignore);
    return state;
  }

  private ignoring(branches: readonly StepDef[], contiguity: StepDef['relation'], group: Group): Guard | undefined {
    let guard: Guard | undefined;
    if (contiguity === 'followedBy') guard = this.satisfiesNone(branches);
    else if (contiguity === 'followedByAny') guard = ALWAYS;
    return group.until === undefined ? guard : both(guard, not(group.until));
  }

  /** The event begins none of the steps; undefined if every event begins one. */
  private satisfiesNone(steps: readonly StepDef[]): Guard | undefined {
    return steps
      .flatMap(headsOf)
      .map((step) => not(this.conditionsOf(step).where))
      .reduce<Guard | undefined>((guard, one) => both(guard, one), ALWAYS);
  }

  private groupOf(place: Place): Group {
    const step = stepAt(place);
    return { step, place, until: this.conditionsOf(step).until, firstIteration: this.firstIteration.get(step) ?? true };
  }

  /** The state is where an optional group begins, or one that begins with this group. */
  private isHeadOfOptionalGroup({ group, at }: Place): boolean {
    if (group === undefined || at !== 0 || !group.firstIteration) return false;
    return group.step.optional || this.isHeadOfOptionalGroup(group.place);
  }

  private take(place: Place): Guard | undefined {
    const where = holds(this.conditionsOf(stepAt(place)).where);
    const until = place.group?.until;
    return until === undefined ? where : both(not(until), where);
  }

  /** The first event of a branch must not be one that a branch before it takes. */
  private firstTake(place: Place, take: Guard | undefined): Guard | undefined {
    const { group, at } = place;
    if ('branch' in place) return both(both(take, place.branch), this.firstOfGroup(group));
    return at === 0 ? both(take, this.firstOfGroup(group)) : take;
  }

  private firstOfGroup(group: Group | undefined): Guard | undefined {
    return group?.firstIteration === true ? this.firstTake(group.place, ALWAYS) : ALWAYS;
  }

  /** How the way to the step's first element may be waited for. */
  private outerIgnore(place: Place): Guard | undefined {
    return isBranchHead(place) ? undefined : this.ignore(place, relationOf(place));
  }

  /** How the next element of the same step may be waited for. */
  private innerIgnore(place: Place): Guard | undefined {
    const { group, at } = place;
    const isHead = group !== undefined && at === 0 && !('branch' in place);
    const inner = isHead ? group.step.inner : stepAt(place).inner;
    const until = this.conditionsOf(stepAt(place)).until;
    const ignore = this.ignore(place, inner);
    return until === undefined ? ignore : both(ignore, not(until));
  }

  private ignore(place: Place, contiguity: StepDef['relation']): Guard | undefined {
    let guard: Guard | undefined;
    if (contiguity === 'followedBy') guard = not(this.conditionsOf(stepAt(place)).where);
    else if (contiguity === 'followedByAny') guard = ALWAYS;
    const until = place.group?.until;
    return until === undefined ? guard : both(guard, not(until));
  }

  /**
   * Negations in force while the step's first element is waited for: everything between them and it is optional, groups
   * it is the head of left backwards. Before a later iteration of a group it is the one behind the group.
   */
  private negationsInForce({ steps, at, group }: Place): StepDef[] {
    const negations: StepDef[] = [];
    for (let before = at - 1; before >= 0; before--) {
      const step = steps[before] as StepDef;
      if (step.relation === 'notFollowedBy') negations.push(step);
      else if (!step.optional) return negations;
    }
    if (group === undefined) return negations;
    if (group.firstIteration) return [...negations, ...this.negationsInForce(group.place)];
    const behind = negationBehind(group.place);
    return behind === undefined ? negations : [...negations, behind];
  }

  private addStops(place: Place, state: BuiltState): void {
    for (const negation of this.negationsInForce(place)) this.addStop(state, negation);
  }

  private addStop(state: BuiltState, negation: StepDef): void {
    this.edge(state, 'proceed', this.stop(negation), holds(this.conditionsOf(negation).where));
  }

  /** A negation right behind a loop kills also while the loop could still grow. */
  private addStopOfNegationBehind(place: Place, state: BuiltState): void {
    const negation = negationBehind(place);
    if (negation !== undefined) this.addStop(state, negation);
  }

  /** Once an optional step took an event, the negations before it are settled: `sink` without their Stop edges. */
  private withoutNegations(place: Place, sink: BuiltState): BuiltState {
    if (!stepAt(place).optional) return sink;
    const negations = this.negationsInForce(place);
    if (negations.length === 0) return sink;
    return this.copyWithout(sink, new Set(negations.map((negation) => this.stop(negation))), new Map());
  }

  private copyWithout(
    state: BuiltState,
    stops: ReadonlySet<BuiltState>,
    done: Map<BuiltState, BuiltState>,
  ): BuiltState {
    const known = done.get(state);
    if (known !== undefined) return known;
    // Behind an open end lies the head of the group, which no negation inside the group reaches.
    if (state.kind === 'final' || state.kind === 'stop' || this.openEnds.has(state)) return state;
    const copy = this.state(state.kind, state.step);
    done.set(state, copy);
    for (const { action, target, guard } of state.edges) {
      if (action === 'take') this.edge(copy, action, target === state ? copy : target, guard);
      else if (!stops.has(target)) this.edge(copy, action, this.copyWithout(target, stops, done), guard);
    }
    return copy;
  }

  private copy(state: BuiltState): BuiltState {
    if (state.kind === 'final') return state;
    const copy = this.state(state.kind, state.step);
    for (const edge of state.edges) {
      this.edge(copy, edge.action, edge.target === state ? copy : edge.target, edge.guard);
    }
    this.openEnds.get(state)?.push(copy);
    return copy;
  }
}
