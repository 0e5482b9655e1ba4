/**
 * A vector: a pattern, events of one key, and the matches it must give. The form is described in docs/vectors.md.
 */
import type { PatternBody } from '../../src/core/document/documents.js';
import { normalizePattern } from '../../src/core/document/normalize-pattern.js';
import type { ExpressionCompiler } from '../../src/core/expression/expression.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import type { Match } from '../../src/core/model/match.js';
import type { Automaton } from '../../src/core/nfa/automaton.js';
import type { AutomatonForms } from '../../src/core/nfa/automaton-forms.js';
import { compileAutomaton } from '../../src/core/nfa/compile-automaton.js';
import { PatternMatcher } from '../../src/core/nfa/match-pattern.js';

export interface VectorCase {
  readonly id: string;
  readonly pattern: PatternBody;
  readonly events: readonly ({ readonly ts: number } & Readonly<Record<string, unknown>>)[];
  readonly endWatermark: number;
  /** Matches as event numbers in path order, compared as a set. */
  readonly matchedEvents?: readonly (readonly number[])[];
  readonly timedOutEvents?: undefined | readonly { readonly events: readonly number[]; readonly at: number }[];
  /** Matches as stage → event numbers, compared as a set. */
  readonly matches?: readonly Readonly<Record<string, readonly number[]>>[];
  readonly timeouts?:
    undefined | readonly { readonly partial: Readonly<Record<string, readonly number[]>>; readonly at: number }[];
}

/** What a case must give and what it gave, as sorted texts. */
export interface VectorVerdict {
  readonly id: string;
  readonly passed: boolean;
  readonly expected: readonly string[];
  readonly got: readonly string[];
}

export function compileVector(vector: VectorCase, expressions: ExpressionCompiler, forms?: AutomatonForms): Automaton {
  const def = normalizePattern(vector.pattern, { name: vector.id, params: {}, pointer: '' });
  if (!def.ok)
    throw new Error(`${vector.id}: ${def.diagnostics.map((one) => `${one.pointer} ${one.message}`).join('; ')}`);
  const automaton = compileAutomaton(def.value, { expressions, forms });
  if (!automaton.ok) throw new Error(`${vector.id}: ${automaton.diagnostics.map((one) => one.message).join('; ')}`);
  return automaton.value;
}

export function vectorEvents(vector: VectorCase): StreamEvent[] {
  return vector.events.map((body, at) => ({
    source: 'vector',
    seq: at,
    index: 0,
    time: body.ts,
    arrival: body.ts,
    order: undefined,
    id: undefined,
    type: undefined,
    subject: '',
    headers: undefined,
    body,
  }));
}

/** The case without what it says of time-outs. */
export function matchesAlone(vector: VectorCase): VectorCase {
  return { ...vector, timedOutEvents: undefined, timeouts: undefined };
}

function mapping(match: Match): string {
  const stages = match.stages.map(({ stage, events }): [string, number[]] => [stage, events.map((event) => event.seq)]);
  return JSON.stringify(stages.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

function path(match: Match): string {
  const seqs = match.stages.flatMap(({ events }) => events.map((event) => event.seq));
  return JSON.stringify(seqs.sort((a, b) => a - b));
}

function expectedMapping(stages: Readonly<Record<string, readonly number[]>>): string {
  return JSON.stringify(Object.entries(stages).sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

/** Compares what a case gave with what it says it must give. */
export function judge(vector: VectorCase, given: readonly Match[]): VectorVerdict {
  const matches = given.filter((match) => match.kind === 'match');
  const timeouts = given.filter((match) => match.kind === 'timeout');
  const expected: string[] = [];
  const got: string[] = [];
  if (vector.matchedEvents !== undefined) {
    expected.push(
      ...vector.matchedEvents.map((events) => `match ${JSON.stringify([...events].sort((a, b) => a - b))}`),
    );
    got.push(...new Set(matches.map((match) => `match ${path(match)}`)));
  }
  if (vector.timedOutEvents !== undefined) {
    expected.push(...vector.timedOutEvents.map(({ events, at }) => `timeout ${JSON.stringify(events)} at ${at}`));
    got.push(...timeouts.map((match) => `timeout ${path(match)} at ${match.time}`));
  }
  if (vector.matches !== undefined) {
    expected.push(...vector.matches.map((match) => `match ${expectedMapping(match)}`));
    got.push(...matches.map((match) => `match ${mapping(match)}`));
  }
  if (vector.timeouts !== undefined) {
    expected.push(...vector.timeouts.map(({ partial, at }) => `timeout ${expectedMapping(partial)} at ${at}`));
    got.push(...timeouts.map((match) => `timeout ${mapping(match)} at ${match.time}`));
  }
  expected.sort();
  got.sort();
  return { id: vector.id, passed: JSON.stringify(expected) === JSON.stringify(got), expected, got };
}

/** Events in order, then the watermark. */
export function runStraight(vector: VectorCase, expressions: ExpressionCompiler, forms?: AutomatonForms): Match[] {
  const matcher = new PatternMatcher(compileVector(vector, expressions, forms));
  for (const event of vectorEvents(vector)) matcher.accept(event);
  matcher.advance(vector.endWatermark);
  return matcher.take();
}

/** As `runStraight`, with the state saved as text and restored into a new matcher after every event. */
export function runRestoring(vector: VectorCase, expressions: ExpressionCompiler): Match[] {
  const automaton = compileVector(vector, expressions);
  const given: Match[] = [];
  let matcher = new PatternMatcher(automaton);
  for (const event of vectorEvents(vector)) {
    matcher.accept(event);
    given.push(...matcher.take());
    const saved = JSON.parse(JSON.stringify(matcher.save())) as ReturnType<PatternMatcher['save']>;
    matcher = new PatternMatcher(automaton);
    matcher.load(saved);
  }
  matcher.advance(vector.endWatermark);
  return [...given, ...matcher.take()];
}
