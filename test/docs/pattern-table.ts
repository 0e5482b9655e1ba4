/**
 * Tables of patterns in the letters of docs/language.md: `A -> B+` over `a1 x1 b1`. A stage A takes events whose type is `a`;
 * events come one second apart; every pattern has a window of an hour.
 */
import type { PatternBody, Relation, SkipDocument, StepDocument } from '../../src/core/document/documents.js';
import { normalizePattern } from '../../src/core/document/normalize-pattern.js';
import type { ExpressionCompiler } from '../../src/core/expression/expression.js';
import type { StreamEvent } from '../../src/core/model/event.js';
import { compileAutomaton } from '../../src/core/nfa/compile-automaton.js';
import { PatternMatcher } from '../../src/core/nfa/match-pattern.js';

export interface PatternRow {
  readonly pattern: string;
  readonly skip: string;
  readonly events: string;
  /** In the order in which they come out. */
  readonly matches: readonly string[];
}

const RELATIONS: ReadonlyMap<string, Relation> = new Map([
  [';', 'next'],
  ['->', 'followedBy'],
  ['->>', 'followedByAny'],
  ['!;', 'notNext'],
  ['!->', 'notFollowedBy'],
]);

const STAGE = /^([A-Z])([+*?]|\{(\d+)(,(\d*))?\})?((?::[scg])*)$/;
const SECOND_MS = 1_000;

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '');
}

/** Every row of the tables whose columns are pattern, events, matches and perhaps skip. */
export function readTables(markdown: string): PatternRow[] {
  const rows: PatternRow[] = [];
  let columns: string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('|')) {
      columns = undefined;
      continue;
    }
    const cells = cellsOf(line);
    if (columns === undefined) columns = cells;
    else if (['pattern', 'events', 'matches'].every((name) => columns?.includes(name)) && !line.startsWith('| -')) {
      const cell = (name: string): string[] => codes(cells[(columns as string[]).indexOf(name)] ?? '');
      const [pattern = '', skip = 'noSkip', events = ''] = [cell('pattern')[0], cell('skip')[0], cell('events')[0]];
      rows.push({ pattern, skip, events, matches: cell('matches') });
    }
  }
  return rows;
}

function timesOf(found: RegExpExecArray): StepDocument['times'] {
  const [, , quantifier = '', least, open, most] = found;
  if (quantifier === '+') return { min: 1 };
  if (quantifier === '*') return { min: 0 };
  if (least === undefined) return undefined;
  if (open === undefined) return Number(least);
  return most === '' ? { min: Number(least) } : { min: Number(least), max: Number(most) };
}

function stepOf(relation: Relation, text: string): StepDocument {
  const found = STAGE.exec(text);
  if (found === null) throw new Error(`\`${text}\` is not a stage in the letters of the tables`);
  const name = (found[1] ?? '').toLowerCase();
  const flags = found[6] ?? '';
  const times = timesOf(found);
  return {
    [relation]: name,
    where: `t = '${name}'`,
    ...(times === undefined ? {} : { times }),
    ...(found[2] === '?' ? { optional: true } : {}),
    ...(flags.includes(':s') ? { consecutive: true } : {}),
    ...(flags.includes(':c') ? { allowCombinations: true } : {}),
    ...(flags.includes(':g') ? { greedy: true } : {}),
  };
}

function skipOf(text: string): SkipDocument {
  const [word, stage = ''] = text.split(' ');
  if (word === 'skipToFirst') return { skipToFirst: stage };
  return word === 'skipToLast' ? { skipToLast: stage } : (word as SkipDocument);
}

function patternOf({ pattern, skip }: PatternRow): PatternBody {
  const words = pattern.split(' ');
  const sequence = [stepOf('begin', words[0] ?? '')];
  for (let at = 1; at < words.length; at += 2) {
    const relation = RELATIONS.get(words[at] ?? '');
    if (relation === undefined) throw new Error(`\`${words[at] ?? ''}\` is not a relation`);
    sequence.push(stepOf(relation, words[at + 1] ?? ''));
  }
  return { within: '1h', skip: skipOf(skip), sequence };
}

function eventsOf(text: string): StreamEvent[] {
  return text.split(' ').map((name, at) => ({
    source: 'table',
    seq: at + 1,
    index: 0,
    time: (at + 1) * SECOND_MS,
    arrival: 0,
    order: undefined,
    id: name,
    type: undefined,
    subject: '',
    headers: undefined,
    body: { t: name.charAt(0) },
  }));
}

/** The matches of a row, each as the ids of its events in order. */
export function matchRow(row: PatternRow, expressions: ExpressionCompiler): string[] {
  const def = normalizePattern(patternOf(row), { name: 'row', params: {}, pointer: '' });
  if (!def.ok) throw new Error(def.diagnostics.map(({ message }) => message).join(' '));
  const automaton = compileAutomaton(def.value, { expressions });
  if (!automaton.ok) throw new Error(automaton.diagnostics.map(({ message }) => message).join(' '));
  const matcher = new PatternMatcher(automaton.value);
  for (const event of eventsOf(row.events)) matcher.accept(event);
  matcher.advance(Infinity);
  const matches = matcher.take().filter(({ kind }) => kind === 'match');
  return matches.map(({ stages }) => {
    const events = stages.flatMap((stage) => stage.events).sort((a, b) => a.seq - b.seq);
    return events.map(({ id }) => id).join(' ');
  });
}
