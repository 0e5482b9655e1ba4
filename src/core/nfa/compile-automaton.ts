/**
 * From a checked pattern to its automaton: expressions compiled, reference automaton built, states numbered from Start in
 * breadth-first order, PROCEED chains folded.
 */
import type { PatternDef, StepDef } from '../document/pattern-def.js';
import type { ExpressionCompiler, ExpressionNames } from '../expression/expression.js';
import type { Checked, Diagnostic } from '../model/diagnostic.js';
import { limits } from '../limits.js';
import type { AutomatonForms } from './automaton-forms.js';
import type { Automaton, AutomatonState, Edge, Literal, Predicate } from './automaton.js';
import { literalOf } from './automaton.js';
import type { BuiltState, StepConditions } from './build-automaton.js';
import { AutomatonBuilder } from './build-automaton.js';
import { checkReferences } from './check-references.js';
import { foldTransitions, isBounded, isIdleOnNoise, isStateless } from './fold-transitions.js';

/** Stages that can appear in a match or a state, in pattern order: positive steps and negations, groups flattened. */
function collectSteps(steps: readonly StepDef[]): StepDef[] {
  return steps.flatMap((step) => (step.group === undefined ? [step] : [step, ...collectSteps(step.group)]));
}

/** Compiles the conditions of steps; equal sources share a predicate. */
class PredicateTable {
  readonly predicates: Predicate[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  private readonly bySource = new Map<string, Literal>();

  constructor(
    private readonly compiler: ExpressionCompiler,
    private readonly names: ExpressionNames,
  ) {}

  literalOf(source: string): Literal | undefined {
    return this.bySource.get(source);
  }

  /** Stages a condition refers to; none for one that does not compile. */
  stagesUsedBy(source: string): ReadonlySet<string> {
    const literal = this.bySource.get(source);
    return literal === undefined ? new Set() : (this.predicates[literal >> 1]?.expression.stagesUsed ?? new Set());
  }

  literal(source: string | undefined, pointer: string): Literal | undefined {
    if (source === undefined) return undefined;
    const known = this.bySource.get(source);
    if (known !== undefined) return known;
    const result = this.compiler.compile(source, this.names);
    if (!result.ok) {
      for (const { code, message } of result.problems) {
        this.diagnostics.push({ code, message, pointer, severity: 'error' });
      }
      return undefined;
    }
    const { expression, warnings = [] } = result;
    for (const { code, message } of warnings) this.warnings.push({ code, message, pointer, severity: 'warning' });
    const literal = literalOf(this.predicates.length, false);
    this.predicates.push({ expression, unary: expression.stagesUsed.size === 0 });
    this.bySource.set(source, literal);
    return literal;
  }
}

function numberStates(start: BuiltState): BuiltState[] {
  const order: BuiltState[] = [start];
  const seen = new Set(order);
  for (let i = 0; i < order.length; i++) {
    for (const { target } of (order[i] as BuiltState).edges) {
      if (seen.has(target)) continue;
      seen.add(target);
      order.push(target);
    }
  }
  return order;
}

function freeze(order: readonly BuiltState[], stageOf: (step: StepDef) => number, predicates: readonly Predicate[]) {
  const numbers = new Map(order.map((state, index) => [state, index]));
  const unaryFirst = (a: Literal, b: Literal): number =>
    Number(predicates[b >> 1]?.unary ?? false) - Number(predicates[a >> 1]?.unary ?? false);
  return order.map((state): AutomatonState => {
    const edges: Edge[] = [];
    for (const { action, target, guard } of state.edges) {
      if (guard === undefined) continue;
      edges.push({ action, target: numbers.get(target) as number, guard: [...guard].sort(unaryFirst) });
    }
    return { kind: state.kind, stage: state.step === undefined ? -1 : stageOf(state.step), edges };
  });
}

function skipTarget(def: PatternDef): string | undefined {
  return 'stage' in def.skip ? def.skip.stage : undefined;
}

/** Stage names an expression of the pattern may name: stages that take events, groups excluded. */
export function expressionStages(def: PatternDef): Map<string, number> {
  return stagesOf(collectSteps(def.steps));
}

function stagesOf(steps: readonly StepDef[]): Map<string, number> {
  return new Map(steps.flatMap((step, slot): [string, number][] => (isPositive(step) ? [[step.name, slot]] : [])));
}

function isPositive(step: StepDef): boolean {
  return step.group === undefined && step.relation !== 'notNext' && step.relation !== 'notFollowedBy';
}

export interface AutomatonOptions {
  readonly expressions: ExpressionCompiler;
  /** What patterns share that differ in constants. */
  readonly forms?: AutomatonForms | undefined;
}

/** Compiles a pattern. Diagnostics of its expressions carry the pointers of its steps. */
export function compileAutomaton(def: PatternDef, { expressions, forms }: AutomatonOptions): Checked<Automaton> {
  const steps = collectSteps(def.steps);
  const names: ExpressionNames = { stages: stagesOf(steps), params: true, key: true };
  const table = new PredicateTable(expressions, names);
  const conditions = new Map<StepDef, StepConditions>(
    steps.map((step) => [
      step,
      {
        where: table.literal(step.where, `${step.pointer}/where`),
        until: table.literal(step.until, `${step.pointer}/until`),
      },
    ]),
  );
  const text = table.diagnostics.length > 0 ? undefined : forms?.textOf(def, table);
  const known = text === undefined ? undefined : forms?.find(text, table, def);
  if (known !== undefined) return { ok: true, value: known, warnings: [] };
  const diagnostics = [...table.diagnostics, ...checkReferences(def.steps, (source) => table.stagesUsedBy(source))];
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const built = buildAutomaton(def, { steps, conditions, predicates: table.predicates });
  if (built.ok && text !== undefined) forms?.keep(text, built.value);
  return built.ok ? { ...built, warnings: table.warnings } : built;
}

interface Parts {
  readonly steps: readonly StepDef[];
  readonly conditions: ReadonlyMap<StepDef, StepConditions>;
  readonly predicates: readonly Predicate[];
}

function buildAutomaton(def: PatternDef, { steps, conditions, predicates }: Parts): Checked<Automaton> {
  const builder = new AutomatonBuilder((step) => conditions.get(step) as StepConditions);
  const { start, final } = builder.build(def.steps);
  const order = numberStates(start);
  if (order.length > limits.automatonStatesMax) return tooLarge(order.length);

  const slots = new Map(steps.map((step, slot) => [step, slot]));
  const states = freeze(order, (step) => slots.get(step) as number, predicates);
  const withinMs = def.withinMs ?? Infinity;
  const gapOf = (stage: number): number => steps[stage]?.gapMs ?? Infinity;
  const transitions = foldTransitions(states, { withinMs, gapOf });
  const target = skipTarget(def);
  const automaton: Automaton = {
    states,
    start: 0,
    final: order.indexOf(final),
    transitions,
    predicates,
    stages: steps.map((step) => step.name),
    withinMs,
    skip: def.skip,
    skipStage: target === undefined ? -1 : steps.findIndex((step) => step.name === target),
    params: def.params,
    idleOnNoise: isIdleOnNoise(transitions, predicates),
    stateless: isStateless(transitions, order.indexOf(final)),
    bounded: isBounded({ transitions, start: 0, withinMs }),
  };
  return { ok: true, value: automaton, warnings: [] };
}

function tooLarge(states: number): Checked<Automaton> {
  const message =
    `The pattern compiles to ${states} states, more than ${limits.automatonStatesMax}: ` +
    'lower the counts in `times`, or use an open maximum.';
  return { ok: false, diagnostics: [{ code: 'pattern-too-large', message, pointer: '', severity: 'error' }] };
}
