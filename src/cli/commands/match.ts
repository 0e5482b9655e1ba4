import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { MessageDecoder } from '../../core/decode/decode-message.js';
import type { Decoded } from '../../core/decode/decode-message.js';
import type { PatternDocument } from '../../core/document/documents.js';
import { resolveParameters } from '../../core/document/parameters.js';
import { normalizePattern } from '../../core/document/normalize-pattern.js';
import type { Expression } from '../../core/expression/expression.js';
import { NO_CONSTANTS } from '../../core/expression/expression.js';
import { compareEvents } from '../../core/model/event.js';
import type { StreamEvent } from '../../core/model/event.js';
import type { KeyToken } from '../../core/model/key.js';
import { GLOBAL_KEY_TOKEN, isKeyValue, keyOfToken, keyToken } from '../../core/model/key.js';
import type { Match } from '../../core/model/match.js';
import type { Diagnostic } from '../../core/model/diagnostic.js';
import type { Automaton } from '../../core/nfa/automaton.js';
import { compileAutomaton } from '../../core/nfa/compile-automaton.js';
import { PatternMatcher, RunLimitError } from '../../core/nfa/match-pattern.js';
import { expressions, loadDocuments } from '../load-documents.js';
import { CommandError, exitCodes, formatDiagnostic, say } from '../terminal.js';

export interface MatchOptions {
  readonly name?: string;
  readonly time: string;
  readonly key?: string;
  readonly param: readonly string[];
  readonly timeouts?: boolean;
}

const NAMES = { stages: new Map<string, number>(), params: false, key: false };

/** Events `weir match` holds at once, for it puts the whole file in order. */
const EVENTS_MAX = 5_000_000;

function compileOption(option: string, source: string): Expression {
  const result = expressions.compile(source, NAMES);
  if (result.ok) return result.expression;
  throw new CommandError(`--${option}: ${result.problems.map((one) => one.message).join(' ')}`, exitCodes.invalid);
}

function refuse(path: string, diagnostics: readonly Diagnostic[]): never {
  for (const diagnostic of diagnostics) say(formatDiagnostic({ file: path, ...diagnostic }));
  throw new CommandError('The pattern is refused.', exitCodes.invalid);
}

async function loadPattern(path: string, options: MatchOptions): Promise<Automaton> {
  const { parsed } = await loadDocuments([path], '');
  if (!parsed.ok) refuse(path, parsed.diagnostics);
  const patterns = parsed.value.flatMap(({ document }) => (document.kind === 'pattern' ? [document] : []));
  const [pattern, ...others] = patterns.filter((one) => options.name === undefined || one.name === options.name);
  if (pattern === undefined)
    throw new CommandError(`There is no pattern ${options.name ?? ''} in ${path}.`, exitCodes.invalid);
  if (others.length > 0) {
    const names = patterns.map((one) => one.name).join(', ');
    throw new CommandError(`${path} holds several patterns (${names}): choose one with --name.`, exitCodes.invalid);
  }
  return compilePattern(path, pattern, options);
}

function compilePattern(path: string, pattern: PatternDocument, options: MatchOptions): Automaton {
  const given = Object.fromEntries(options.param.map(parseParameter));
  const { values, findings } = resolveParameters(pattern.parameters ?? {}, given, `\`${pattern.name}\``);
  if (findings.length > 0)
    refuse(
      path,
      findings.map((one) => ({ ...one, severity: 'error' as const })),
    );
  const def = normalizePattern(pattern, { name: pattern.name, params: values, pointer: '' });
  if (!def.ok) refuse(path, def.diagnostics);
  const automaton = compileAutomaton(def.value, { expressions });
  if (!automaton.ok) refuse(path, automaton.diagnostics);
  return automaton.value;
}

function parseParameter(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new CommandError(`--param ${text}: write NAME=VALUE.`, exitCodes.invalid);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

async function readEvents(path: string, options: MatchOptions): Promise<StreamEvent[]> {
  const file = path === '-' ? process.stdin : createReadStream(path);
  const failed = new Promise<never>((_, reject) => file.once('error', reject));
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const plan = {
    body: undefined,
    each: undefined,
    arrival: undefined,
    id: undefined,
    type: undefined,
    order: undefined,
  };
  const decoder = new MessageDecoder('events', {
    ...plan,
    time: compileOption('time', options.time),
    schemaProblems: undefined,
    maxFutureMs: undefined,
  });
  const out: Decoded = { events: [], dead: [] };
  const read = async (): Promise<void> => {
    let seq = 0;
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      seq++;
      if (text.trim() === '') continue;
      decoder.decode({ seq, arrival: undefined, subject: '', headers: undefined, text, value: undefined }, out);
      if (out.events.length > EVENTS_MAX)
        throw new CommandError(`More than ${EVENTS_MAX} events: use \`weir run\`, which holds only what it needs.`);
    }
  };
  await Promise.race([read(), failed]);
  for (const { seq, detail } of out.dead) say(`${path}:${seq}: ${detail}`);
  return out.events.sort(compareEvents);
}

function print(match: Match, key: KeyToken): void {
  const stages = Object.fromEntries(
    match.stages.map(({ stage, events }) => [stage, events.map((event) => event.body)]),
  );
  const time = new Date(match.time).toISOString();
  console.log(JSON.stringify({ kind: match.kind, key: keyOfToken(key), time, stages }));
}

/** `weir match PATTERN EVENTS`: one pattern over an NDJSON file, matches as JSON lines. */
export async function match(patternPath: string, eventsPath: string, options: MatchOptions): Promise<number> {
  const automaton = await loadPattern(patternPath, options);
  const key = options.key === undefined ? undefined : compileOption('key', options.key);
  const matchers = new Map<KeyToken, PatternMatcher>();
  const give = (token: KeyToken, matcher: PatternMatcher): void => {
    for (const one of matcher.take()) if (one.kind === 'match' || options.timeouts === true) print(one, token);
  };
  try {
    for (const event of await readEvents(eventsPath, options)) {
      const scope = {
        body: event.body,
        event,
        key: undefined,
        params: {},
        constants: NO_CONSTANTS,
        stageEvents: () => [],
      };
      const value = key?.evaluate(scope);
      if (key !== undefined && !isKeyValue(value)) continue;
      const token = isKeyValue(value) ? keyToken(value) : GLOBAL_KEY_TOKEN;
      let matcher = matchers.get(token);
      if (matcher === undefined) {
        matcher = new PatternMatcher(automaton, { key: isKeyValue(value) ? value : undefined });
        matchers.set(token, matcher);
      }
      matcher.accept(event);
      give(token, matcher);
    }
  } catch (error) {
    if (error instanceof RunLimitError) throw new CommandError(error.message);
    throw error;
  }
  for (const [token, matcher] of matchers) {
    matcher.advance(Infinity);
    give(token, matcher);
  }
  return exitCodes.ok;
}
