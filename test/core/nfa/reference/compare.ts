/** What a case gives by engine and by interpreter, as texts to compare. */
import type { ExpressionCompiler } from '../../../../src/core/expression/expression.js';
import type { Match } from '../../../../src/core/model/match.js';
import { PatternMatcher } from '../../../../src/core/nfa/match-pattern.js';
import type { VectorCase } from '../../../vectors/vector-case.js';
import { compileVector, vectorEvents } from '../../../vectors/vector-case.js';
import { asMatch, requirePattern, testsOf } from './interpret-vector.js';
import { Interpreter } from './interpreter.js';

export function textOfMatch({ kind, stages, time, alreadyMatched }: Match): string {
  const mapping = stages
    .map(({ stage, events }) => `${stage}:${events.map((event) => event.seq).join(',')}`)
    .sort()
    .join(' ');
  return `${kind} ${mapping} at ${time}${alreadyMatched ? ' matched' : ''}`;
}

export interface Given {
  /** In order. */
  readonly matches: readonly string[];
  /** Sorted. */
  readonly timeouts: readonly string[];
}

function given(matches: readonly Match[]): Given {
  const texts = (kind: Match['kind']): string[] => matches.filter((one) => one.kind === kind).map(textOfMatch);
  return { matches: texts('match'), timeouts: texts('timeout').sort() };
}

export function byEngine(vector: VectorCase, compiler: ExpressionCompiler): Given & { runsMax: number } {
  const matcher = new PatternMatcher(compileVector(vector, compiler));
  let runsMax = 0;
  for (const event of vectorEvents(vector)) {
    matcher.accept(event);
    runsMax = Math.max(runsMax, matcher.liveRuns);
  }
  matcher.advance(vector.endWatermark);
  return { ...given(matcher.take()), runsMax };
}

export function byInterpreter(
  vector: VectorCase,
  compiler: ExpressionCompiler,
  options: { readonly stepwise: boolean },
): Given & { runsMax: number } {
  const def = requirePattern(vector);
  const interpreter = new Interpreter(def, testsOf(def, compiler), options.stepwise);
  for (const event of vectorEvents(vector)) interpreter.accept(event);
  interpreter.advance(vector.endWatermark);
  return { ...given(interpreter.outcomes().map(asMatch)), runsMax: interpreter.runsMax };
}
