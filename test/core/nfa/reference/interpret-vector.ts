/** A vector through the interpreter, in the form the runner of vectors compares. */
import { normalizePattern } from '../../../../src/core/document/normalize-pattern.js';
import type { PatternDef, StepDef } from '../../../../src/core/document/pattern-def.js';
import type { Expression, ExpressionCompiler } from '../../../../src/core/expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../../../../src/core/expression/expression.js';
import type { StreamEvent } from '../../../../src/core/model/event.js';
import type { Match } from '../../../../src/core/model/match.js';
import type { VectorCase } from '../../../vectors/vector-case.js';
import { vectorEvents } from '../../../vectors/vector-case.js';
import type { Outcome } from './interpreter.js';
import { Interpreter } from './interpreter.js';
import type { Path, Test } from './reference-automaton.js';

export function requirePattern(vector: VectorCase): PatternDef {
  const def = normalizePattern(vector.pattern, { name: vector.id, params: {}, pointer: '' });
  if (!def.ok) throw new Error(`${vector.id}: ${def.diagnostics.map((one) => one.message).join('; ')}`);
  return def.value;
}

function stageNames(steps: readonly StepDef[]): string[] {
  return steps.flatMap((step) => [step.name, ...stageNames(step.group ?? [])]);
}

/** Conditions as functions of (event, run), evaluated afresh each time. */
export function testsOf(def: PatternDef, compiler: ExpressionCompiler): (source: string) => Test {
  const names = stageNames(def.steps);
  const stages = new Map(names.map((name, slot) => [name, slot]));
  const compiled = new Map<string, Expression>();
  return (source) => {
    let expression = compiled.get(source);
    if (expression === undefined) {
      const result = compiler.compile(source, { stages, params: true, key: true });
      if (!result.ok) throw new Error(`${source} does not compile`);
      expression = result.expression;
      compiled.set(source, expression);
    }
    const test = expression;
    return (event, path) => holds(test, event, (slot) => eventsOf(path, names[slot] ?? ''));
  };
}

function holds(test: Expression, event: StreamEvent, stageEvents: (slot: number) => readonly unknown[]): boolean {
  try {
    return test.test({ body: event.body, event, key: undefined, params: {}, constants: NO_CONSTANTS, stageEvents });
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

function eventsOf(path: Path, stage: string): unknown[] {
  return path.filter((one) => one.stage === stage).map((one) => one.event.body);
}

export function asMatch({ kind, path, time, alreadyMatched }: Outcome): Match {
  const names = [...new Set(path.map((one) => one.stage))];
  const stages = names.map((stage) => ({
    stage,
    events: path.filter((one) => one.stage === stage).map((one) => one.event),
  }));
  return { kind, stages, time, startTime: path[0]?.event.time ?? NaN, alreadyMatched };
}

export function interpretVector(vector: VectorCase, compiler: ExpressionCompiler): Match[] {
  const def = requirePattern(vector);
  const interpreter = new Interpreter(def, testsOf(def, compiler));
  for (const event of vectorEvents(vector)) interpreter.accept(event);
  interpreter.advance(vector.endWatermark);
  return interpreter.outcomes().map(asMatch);
}
