/**
 * The reference automaton of the language specification, section 2.2, built as literally as the text says: conditions are
 * plain functions, nothing is folded, shared or simplified. Written from the text alone; shares no code with src/core/nfa.
 */
import type { StepDef } from '../../../../src/core/document/pattern-def.js';
import type { StreamEvent } from '../../../../src/core/model/event.js';

export interface Taken {
  readonly stage: string;
  readonly event: StreamEvent;
  /** Position of the event in the input. */
  readonly at: number;
}

export type Path = readonly Taken[];
export type Test = (event: StreamEvent, path: Path) => boolean;

/** A condition of the pattern, by its text, or its negation; a guard is a conjunction of them. */
export interface Term {
  readonly source: string;
  readonly negated: boolean;
}

export type Condition = readonly Term[];

export interface RefEdge {
  readonly action: 'take' | 'ignore' | 'proceed';
  readonly to: RefState;
  readonly when: Condition;
}

export interface RefState {
  kind: 'start' | 'normal' | 'pending' | 'stop' | 'final';
  readonly step: StepDef | undefined;
  edges: RefEdge[];
}

/** Where a step stands; `around` is the place of the group it is in, and which iteration of it is being built. */
interface Place {
  readonly steps: readonly StepDef[];
  readonly at: number;
  readonly around: { readonly place: Place; readonly firstIteration: boolean } | undefined;
  /** Of a branch of a choice: the events it must leave to the branches before it, none of which it may begin with. */
  readonly leaves?: readonly StepDef[];
}

interface SingleParts {
  readonly sink: RefState;
  readonly proceedTo: RefState | undefined;
  readonly take: Guard;
  readonly ignore: Guard;
  readonly optional: boolean;
  readonly firstIteration: boolean;
}

/** `null` as in the text: no such edge; `undefined`: an edge that can never be taken. */
type Guard = Condition | undefined | null;

/** The end of a looping group whose loop is not closed yet: it has no edge so far. */
interface OpenEnd {
  /** Conditions that greedy steps put on its edge. */
  readonly guards: (Condition | undefined)[];
  readonly copies: RefState[];
}

const always: Condition = [];

/** The conjunction; `undefined` when it contradicts itself, for then no edge can ever be taken. */
function both(a: Condition | undefined, b: Condition | undefined): Condition | undefined {
  if (a === undefined || b === undefined) return undefined;
  const contradicts = (x: Term): boolean => a.some((y) => y.source === x.source && y.negated !== x.negated);
  return b.some(contradicts) ? undefined : [...a, ...b];
}

/** The negation of a condition that is a single term or always true. */
function not(condition: Condition): Condition | undefined {
  return condition.length === 0 ? undefined : condition.map(({ source, negated }) => ({ source, negated: !negated }));
}

/** `guard(c, until, take) = no until ? c : c != null ? (!until && c) : take ? !until : null` */
function guard(c: Guard, until: Condition | null, take: boolean): Guard {
  if (until === null) return c;
  if (c !== null) return both(not(until), c);
  return take ? not(until) : null;
}

export class ReferenceBuilder {
  private readonly stops = new Map<StepDef, RefState>();
  private readonly openEnds = new Map<RefState, OpenEnd>();

  build(steps: readonly StepDef[]): RefState {
    const start = this.chain(steps, { kind: 'final', step: undefined, edges: [] }, undefined);
    start.kind = 'start';
    return start;
  }

  private where(p: StepDef): Condition {
    return p.where === undefined ? always : [{ source: p.where, negated: false }];
  }

  private until(p: StepDef | undefined): Condition | null {
    return p?.until === undefined ? null : [{ source: p.until, negated: false }];
  }

  private add(from: RefState, action: RefEdge['action'], to: RefState, when: Guard): void {
    if (when !== null && when !== undefined) from.edges.push({ action, to, when });
  }

  private state(step: StepDef, kind: RefState['kind'] = 'normal'): RefState {
    return { kind, step, edges: [] };
  }

  private stop(n: StepDef): RefState {
    let stop = this.stops.get(n);
    if (stop === undefined) {
      stop = this.state(n, 'stop');
      this.add(stop, 'take', stop, this.where(n));
      this.stops.set(n, stop);
    }
    return stop;
  }

  private chain(steps: readonly StepDef[], end: RefState, around: Place['around']): RefState {
    let sink = end;
    for (let at = steps.length - 1; at >= 0; at--) {
      const p = steps[at] as StepDef;
      const n = this.where(p);
      if (p.relation === 'notNext') {
        const state = this.state(p);
        this.add(state, 'proceed', this.stop(p), n);
        this.add(state, sink.kind === 'final' ? 'ignore' : 'proceed', sink, not(n));
        sink = state;
      } else if (p.relation !== 'notFollowedBy') {
        sink = this.convert({ steps, at, around }, sink);
      } else if (at === steps.length - 1) {
        const state = this.state(p, 'pending');
        this.add(state, 'proceed', this.stop(p), n);
        this.add(state, 'ignore', state, not(n));
        sink = state;
      }
    }
    return sink;
  }

  private convert(place: Place, sink: RefState): RefState {
    const p = stepOf(place);
    if (p.timesMax === undefined) return this.loop(place, sink);
    if (p.timesMin !== 1 || p.timesMax !== 1) {
      return this.times(place, sink, { proceedTo: sink, min: p.timesMin, max: p.timesMax, unmodified: undefined });
    }
    return this.single(place, {
      sink,
      proceedTo: sink,
      take: this.begins(place, this.take(place)),
      ignore: this.outerIgnore(place),
      optional: p.optional,
      firstIteration: true,
    });
  }

  private take(place: Place): Guard {
    return guard(this.where(stepOf(place)), this.until(groupOf(place)), true);
  }

  /** `anyOf`: what begins a branch begins none of those before it, however deep in the branch the first step stands. */
  private begins(place: Place, take: Guard): Guard {
    let when = take ?? undefined;
    for (let at: Place | undefined = place; at !== undefined;) {
      if (at.leaves !== undefined) when = both(when, this.none(at.leaves));
      const { around }: Place = at;
      at = at.at === 0 && around?.firstIteration === true ? around.place : undefined;
    }
    return when;
  }

  /** The event begins none of the steps. */
  private none(steps: readonly StepDef[]): Condition | undefined {
    let when: Condition | undefined = always;
    for (const p of steps) {
      if (p.group === undefined) when = both(when, not(this.where(p)));
      else when = both(when, this.none(p.choice === undefined ? p.group.slice(0, 1) : p.group));
    }
    return when;
  }

  /** The choice waits for its branches, which never wait for their first event themselves. */
  private isInBranch(place: Place): boolean {
    if (place.leaves !== undefined) return true;
    return place.at === 0 && place.around?.firstIteration === true && this.isInBranch(place.around.place);
  }

  private inside(p: StepDef, end: RefState, around: NonNullable<Place['around']>): RefState {
    const branches = p.group ?? [];
    if (p.choice === undefined) return this.chain(branches, end, around);
    const entry: Place = { steps: [p], at: 0, around };
    if (p.choice === 'anyOf') {
      const heads = branches.map((one, i) =>
        this.convert({ steps: [one], at: 0, around, leaves: branches.slice(0, i) }, end),
      );
      return this.entrance(entry, branches, heads, this.relationOf(entry), true);
    }
    return this.remaining(entry, branches, end, true);
  }

  /** `allOf`: the state in which these branches are still to come, as a tree: every order has states of its own. */
  private remaining(entry: Place, left: readonly StepDef[], end: RefState, first: boolean): RefState {
    if (left.length === 0) return end;
    const p = stepOf(entry);
    const heads = left.map((one) => {
      const others = left.filter((other) => other !== one);
      const state = this.state(one);
      const when = guard(this.where(one), this.until(p), true);
      this.add(state, 'take', this.remaining(entry, others, end, false), when);
      return state;
    });
    return this.entrance(entry, left, heads, first ? this.relationOf(entry) : p.inner, first);
  }

  private entrance(
    entry: Place,
    branches: readonly StepDef[],
    heads: readonly RefState[],
    relation: StepDef['relation'],
    first: boolean,
  ): RefState {
    const p = stepOf(entry);
    const c = relation === 'followedBy' ? this.none(branches) : relation === 'followedByAny' ? always : null;
    const ignore = c === undefined ? null : guard(c, this.until(p), false);
    const state = this.state(p);
    const waiting = first && this.isHeadOfOptionalGroup(entry) ? this.state(p) : state;
    for (const one of new Set([state, waiting])) {
      for (const head of heads) this.add(one, 'proceed', head, always);
      this.add(one, 'ignore', waiting, ignore);
      if (first) this.addStops(one, this.negationsInForce(entry));
    }
    return state;
  }

  private ign(relation: StepDef['relation'], place: Place): Guard {
    const p = stepOf(place);
    const c = relation === 'followedBy' ? not(this.where(p)) : relation === 'followedByAny' ? always : null;
    return guard(c, this.until(groupOf(place)), false);
  }

  private relationOf(place: Place): StepDef['relation'] {
    const { around, at } = place;
    if (around === undefined || at !== 0) return stepOf(place).relation;
    const group = stepOf(around.place);
    if (!around.firstIteration) return group.inner;
    return this.relationOf(around.place);
  }

  private outerIgnore(place: Place): Guard {
    return this.isInBranch(place) ? null : this.ign(this.relationOf(place), place);
  }

  private innerIgnore(place: Place): Guard {
    const group = groupOf(place);
    return this.ign(
      group !== undefined && place.at === 0 && place.leaves === undefined ? group.inner : stepOf(place).inner,
      place,
    );
  }

  /**
   * Negations of which a state that waits for the first element of the step has Stop edges: those before it with everything in
   * between optional, also out of a group; for a later iteration of a group, the one directly behind the group.
   */
  private negationsInForce(place: Place): StepDef[] {
    const found: StepDef[] = [];
    for (let at = place.at - 1; at >= 0; at--) {
      const p = place.steps[at] as StepDef;
      if (p.relation === 'notFollowedBy') found.push(p);
      else if (!p.optional) return found;
    }
    const { around } = place;
    if (around === undefined) return found;
    if (around.firstIteration) return [...found, ...this.negationsInForce(around.place)];
    return [...found, ...this.negationBehind(around.place)];
  }

  /** The negation directly behind the step, also behind the group it ends. */
  private negationBehind(place: Place): StepDef[] {
    const next = place.steps[place.at + 1];
    if (next !== undefined) return next.relation === 'notFollowedBy' ? [next] : [];
    return place.around === undefined ? [] : this.negationBehind(place.around.place);
  }

  private addStops(state: RefState, negations: readonly StepDef[]): void {
    for (const n of negations) this.add(state, 'proceed', this.stop(n), this.where(n));
  }

  private single(place: Place, parts: SingleParts): RefState {
    const p = stepOf(place);
    if (p.group !== undefined) return this.groupOnce(place, parts);
    const first = parts.firstIteration;
    const state = this.state(p);
    const sink = this.settled(place, parts.sink);
    const waiting: RefState[] = [state];
    this.add(state, 'take', sink, parts.take);
    if (parts.ignore !== null) {
      let g = state;
      if (parts.optional || this.isHeadOfOptionalGroup(place)) {
        g = this.state(p);
        waiting.push(g);
        this.add(g, 'take', sink, parts.take);
        this.add(g, 'ignore', g, parts.ignore);
      }
      this.add(state, 'ignore', g, parts.ignore);
    }
    if (first) for (const one of waiting) this.addStops(one, this.negationsInForce(place));
    else this.addStops(state, this.negationBehind(place));
    if (parts.optional && parts.proceedTo !== undefined) this.add(state, 'proceed', parts.proceedTo, always);
    return state;
  }

  private isHeadOfOptionalGroup(place: Place): boolean {
    const { around, at } = place;
    if (around === undefined || at !== 0 || !around.firstIteration) return false;
    return stepOf(around.place).optional || this.isHeadOfOptionalGroup(around.place);
  }

  private groupOnce(place: Place, parts: SingleParts): RefState {
    const around = { place, firstIteration: parts.firstIteration };
    const state = this.inside(stepOf(place), this.settled(place, parts.sink), around);
    if (parts.optional && parts.proceedTo !== undefined) this.add(state, 'proceed', parts.proceedTo, always);
    return state;
  }

  private times(
    place: Place,
    end: RefState,
    span: { proceedTo: RefState; min: number; max: number; unmodified: RefState | undefined },
  ): RefState {
    const p = stepOf(place);
    const take = guard(this.take(place), this.until(p), true);
    const ignore = guard(this.innerIgnore(place), this.until(p), false);
    if (p.greedy && span.min !== span.max) this.makeGreedy(end, p);
    let last = end;
    const { proceedTo } = span;
    for (let i = span.min; i < span.max; i++) {
      last = this.single(place, { sink: last, proceedTo, take, ignore, optional: true, firstIteration: false });
    }
    for (let i = 1; i < span.min; i++) {
      last = this.single(place, { sink: last, proceedTo, take, ignore, optional: false, firstIteration: false });
    }
    const state = this.single(place, {
      sink: last,
      proceedTo: span.unmodified === undefined ? proceedTo : undefined,
      take: this.begins(place, take),
      ignore: this.outerIgnore(place),
      optional: p.optional,
      firstIteration: true,
    });
    const until = this.until(p);
    if (p.optional && span.unmodified !== undefined && until !== null) {
      this.add(state, 'proceed', span.unmodified, until);
      this.add(state, 'proceed', proceedTo, not(until));
    }
    return state;
  }

  private loop(place: Place, sink: RefState): RefState {
    const p = stepOf(place);
    const after = this.settled(place, sink);
    if (p.group !== undefined) {
      const first = this.loopingGroup(place, after);
      return this.times(place, first, { proceedTo: sink, min: p.timesMin, max: p.timesMin, unmodified: undefined });
    }
    const until = this.until(p);
    const take = guard(this.take(place), until, true);
    const ignore = guard(this.innerIgnore(place), until, false);
    const state = this.state(p);
    let unmodified: RefState | undefined;
    if (p.greedy && until !== null) {
      const copy = this.shallowCopy(after);
      this.add(state, 'proceed', copy, until);
      this.add(state, 'proceed', after, not(until));
      unmodified = this.shallowCopy(sink);
    } else {
      this.add(state, 'proceed', after, always);
    }
    if (p.greedy) {
      this.makeGreedy(after, p);
      if (after !== sink) this.makeGreedy(sink, p);
    }
    this.add(state, 'take', state, take);
    this.addStops(state, this.negationBehind(place));
    if (ignore !== null) {
      const g = this.state(p);
      this.add(g, 'take', state, take);
      this.add(g, 'ignore', g, ignore);
      this.add(state, 'ignore', g, ignore);
      this.addStops(g, this.negationBehind(place));
    }
    return this.times(place, state, { proceedTo: sink, min: p.timesMin, max: p.timesMin, unmodified });
  }

  private loopingGroup(place: Place, sink: RefState): RefState {
    const dummy = this.state(stepOf(place));
    const open: OpenEnd = { guards: [], copies: [] };
    this.openEnds.set(dummy, open);
    const first = this.inside(stepOf(place), dummy, { place, firstIteration: false });
    this.openEnds.delete(dummy);
    this.add(first, 'proceed', sink, always);
    this.add(dummy, 'proceed', first, always);
    for (const guard of open.guards) dummy.edges = guarded(dummy.edges, guard);
    for (const copy of open.copies) this.add(copy, 'proceed', first, always);
    return first;
  }

  private makeGreedy(sink: RefState, p: StepDef): void {
    const test = not(this.where(p));
    sink.edges = guarded(sink.edges, test);
    this.openEnds.get(sink)?.guards.push(test);
  }

  /** A copy of `sink`, and of the G states in which it waits, without the Stop edges of the negations in force at the place. */
  private settled(place: Place, sink: RefState): RefState {
    const negations = stepOf(place).optional ? this.negationsInForce(place) : [];
    if (negations.length === 0) return sink;
    return this.copyWithout(sink, new Set(negations), new Map());
  }

  private copyWithout(state: RefState, negations: ReadonlySet<StepDef>, done: Map<RefState, RefState>): RefState {
    if (state.kind === 'stop' || state.kind === 'final' || this.openEnds.has(state)) return state;
    const known = done.get(state);
    if (known !== undefined) return known;
    const copy: RefState = { kind: state.kind, step: state.step, edges: [] };
    done.set(state, copy);
    for (const { action, to, when } of state.edges) {
      if (to.kind === 'stop' && to.step !== undefined && negations.has(to.step)) continue;
      const target = action !== 'take' ? this.copyWithout(to, negations, done) : to === state ? copy : to;
      this.add(copy, action, target, when);
    }
    return copy;
  }

  private shallowCopy(state: RefState): RefState {
    if (state.kind === 'final') return state;
    const copy: RefState = { kind: state.kind, step: state.step, edges: [] };
    copy.edges = state.edges.map((edge) => ({ ...edge, to: edge.to === state ? copy : edge.to }));
    this.openEnds.get(state)?.copies.push(copy);
    return copy;
  }
}

function guarded(edges: readonly RefEdge[], test: Condition | undefined): RefEdge[] {
  return edges.flatMap((edge) => {
    const when = both(edge.when, test);
    return when === undefined ? [] : [{ ...edge, when }];
  });
}

function stepOf(place: Place): StepDef {
  return place.steps[place.at] as StepDef;
}

function groupOf(place: Place): StepDef | undefined {
  return place.around === undefined ? undefined : stepOf(place.around.place);
}
