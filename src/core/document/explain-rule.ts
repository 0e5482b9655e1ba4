/** How a rule is evaluated, as plain data: what `weir explain` prints and the API gives. */
import type { Automaton, Guard, Transition } from '../nfa/automaton.js';
import { accessPredicateOf } from '../nfa/bucket-plan.js';
import type { Executor } from '../nfa/choose-executor.js';
import { chooseExecutor } from '../nfa/choose-executor.js';
import type { Expression } from '../expression/expression.js';
import type { RulePlan } from './plans.js';
import type { StateBound } from './state-bound.js';

export interface ConditionExplanation {
  readonly text: string;
  /** The event alone: asked once per event, whatever the runs; or also the events a run has taken: asked per run. */
  readonly looksAt: 'event' | 'run';
  /** Compiled to closures, or evaluated by the library. */
  readonly evaluatedBy: 'closures' | 'library';
  /** What it demands of single fields of the event. */
  readonly demands: readonly string[];
  /** Equalities with earlier events. */
  readonly joins: readonly string[];
}

export interface WayExplanation {
  readonly action: 'take' | 'wait' | 'stop';
  /** The stage that takes the event. */
  readonly stage: string | null;
  /** When: a conjunction; empty for always. */
  readonly when: readonly string[];
  readonly to: number;
  readonly gapMs: number | null;
  /** It completes a match. */
  readonly completes: boolean;
}

export interface StateExplanation {
  readonly state: number;
  readonly kind: string;
  /** Runs in it are found by this equality, not asked one by one. */
  readonly foundBy: string | null;
  readonly ways: readonly WayExplanation[];
}

export interface RuleExplanation {
  readonly rule: string;
  readonly hash: string;
  readonly sources: readonly { readonly source: string; readonly key: string | null }[];
  readonly filter: ConditionExplanation | null;
  readonly conditions: readonly ConditionExplanation[];
  /** How an event finds the rule among the others: by constants it demands, or it is asked about every event of its sources. */
  readonly reachedBy: { readonly constants: readonly string[]; readonly because: string };
  readonly executor: { readonly name: Executor; readonly because: string };
  readonly states: readonly StateExplanation[];
  readonly withinMs: number | null;
  readonly skip: string;
  readonly emit: string;
  readonly overflow: string;
  readonly bound: StateBound;
}

export function explainRule(plan: RulePlan): RuleExplanation {
  const { automaton } = plan;
  const { executor, because } = chooseExecutor(automaton, plan.onTimeout !== undefined);
  return {
    rule: plan.name,
    hash: plan.hash,
    sources: plan.sources.map((source) => ({ source, key: keyText(plan, source) })),
    filter: plan.where === undefined ? null : conditionOf(plan.where, automaton),
    conditions: automaton.predicates.map(({ expression }) => conditionOf(expression, automaton)),
    reachedBy: reachedBy(plan),
    executor: { name: executor, because },
    states: automaton.transitions.flatMap(({ kind }, state) =>
      kind === 'final' || kind === 'stop' || !isReached(automaton, state) ? [] : [stateOf(automaton, state)],
    ),
    withinMs: finite(automaton.withinMs),
    skip:
      automaton.skipStage < 0 ? automaton.skip.kind : `${automaton.skip.kind} ${automaton.stages[automaton.skipStage]}`,
    emit: plan.emit,
    overflow: plan.overflow,
    bound: plan.stateBound,
  };
}

function keyText(plan: RulePlan, source: string): string | null {
  const parts = plan.keys.get(source)?.parts ?? [];
  return parts.length === 0 ? null : parts.map((part) => part.source).join(', ');
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

function conditionOf(expression: Expression, { stages, params }: Automaton): ConditionExplanation {
  return {
    text: expression.source,
    looksAt: expression.stagesUsed.size === 0 ? 'event' : 'run',
    evaluatedBy: expression.compiled ? 'closures' : 'library',
    demands: demandsOf(expression, params),
    joins: expression.joins.map((join) => joinText(join, stages)),
  };
}

function demandsOf({ equalities }: Expression, params: Readonly<Record<string, unknown>>): string[] {
  return equalities.map(({ fields, constant }) => {
    const value = constant.kind === 'value' ? constant.value : params[constant.name];
    return `${fields.join('.')} = ${JSON.stringify(value)}`;
  });
}

function joinText({ fields, slot, stageFields }: Expression['joins'][number], stages: readonly string[]): string {
  return `${fields.join('.')} = $${stages[slot] ?? ''}.${stageFields.join('.')}`;
}

/** As decision 9 has it: by constants of every condition, else of the filter, else not at all. */
function reachedBy({ automaton, where, params }: RulePlan): RuleExplanation['reachedBy'] {
  const ofConditions = automaton.predicates.map(({ expression }) => demandsOf(expression, automaton.params));
  if (automaton.idleOnNoise && ofConditions.length > 0 && ofConditions.every((one) => one.length > 0)) {
    const constants = [...new Set(ofConditions.flat())];
    return {
      constants,
      because: 'each of its conditions demands a constant, and an event that satisfies none changes nothing',
    };
  }
  const ofFilter = where === undefined ? [] : demandsOf(where, params);
  if (ofFilter.length > 0) return { constants: ofFilter, because: 'its filter demands a constant' };
  const because = automaton.idleOnNoise
    ? 'a condition demands no constant of a single field'
    : 'an event that satisfies none of its conditions may still end a run (`next`, `notNext`, `consecutive`, or a condition over earlier events alone)';
  return { constants: [], because };
}

/** States folded away by PROCEED hold no runs: only those some way leads to do. */
function isReached({ transitions, start }: Automaton, state: number): boolean {
  if (state === start) return true;
  return transitions.some((from) => from.transitions.some((way) => way.target === state));
}

function stateOf(automaton: Automaton, state: number): StateExplanation {
  const { kind = 'normal', transitions = [] } = automaton.transitions[state] ?? {};
  const access = accessPredicateOf(automaton, state);
  return {
    state,
    kind,
    foundBy: access === undefined ? null : joinText(access.join, automaton.stages),
    ways: transitions.map((way) => wayOf(automaton, way)),
  };
}

function wayOf(automaton: Automaton, { action, stage, guard, target, gapMs, finals }: Transition): WayExplanation {
  return {
    action: action === 'ignore' ? 'wait' : action,
    stage: action === 'take' ? (automaton.stages[stage] ?? null) : null,
    when: guardText(automaton, guard),
    to: target,
    gapMs: finite(gapMs),
    completes: action === 'take' ? finals.length > 0 : target === automaton.final,
  };
}

function guardText({ predicates }: Automaton, guard: Guard): string[] {
  return guard.map((literal) => {
    const text = predicates[literal >> 1]?.expression.source ?? '';
    return (literal & 1) === 1 ? `not (${text})` : text;
  });
}
