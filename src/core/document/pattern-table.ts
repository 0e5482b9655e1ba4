/**
 * Patterns compiled for the parameters they are used with: each (pattern, parameters) once per revision, however many
 * rules share it. A pattern nobody uses is compiled with its defaults, so that its errors are seen.
 */
import { compileAutomaton, expressionStages } from '../nfa/compile-automaton.js';
import type { Automaton } from '../nfa/automaton.js';
import type { ExpressionCompiler } from '../expression/expression.js';
import type { Checked, Diagnostic } from '../model/diagnostic.js';
import { canonicalJson } from './canonical-json.js';
import type { PatternBody } from './documents.js';
import { normalizePattern } from './normalize-pattern.js';
import type { ParameterValues } from './parameters.js';
import type { PatternDef } from './pattern-def.js';
import type { Finding } from './report.js';

export interface CompiledPattern {
  readonly def: PatternDef;
  readonly automaton: Automaton;
}

export interface PatternOutcome {
  /** Undefined when the pattern is wrong: then a finding says why. */
  readonly pattern: CompiledPattern | undefined;
  /** Pointers are those of the document the body stands in. */
  readonly findings: readonly Finding[];
}

export interface PatternUse {
  readonly body: PatternBody;
  readonly name: string;
  /** Pointer of the body in its document: '' for a pattern document, `/pattern` inline. */
  readonly pointer: string;
  readonly params: ParameterValues;
}

export class PatternTable {
  private readonly outcomes = new Map<PatternBody, Map<string, PatternOutcome>>();

  constructor(private readonly expressions: ExpressionCompiler) {}

  compile(use: PatternUse): PatternOutcome {
    const ofBody = this.outcomes.get(use.body) ?? new Map<string, PatternOutcome>();
    this.outcomes.set(use.body, ofBody);
    const key = canonicalJson(use.params);
    const known = ofBody.get(key);
    if (known !== undefined) return known;
    const outcome = compilePattern(use, this.expressions);
    ofBody.set(key, outcome);
    return outcome;
  }
}

function compilePattern(use: PatternUse, expressions: ExpressionCompiler): PatternOutcome {
  const { body, name, params, pointer } = use;
  const normalized = normalizePattern(body, { name, params, pointer });
  if (!normalized.ok) return { pattern: undefined, findings: findingsOf(normalized, use) };
  const def = normalized.value;
  const compiled = compileAutomaton(def, { expressions });
  const findings = [...findingsOf(normalized, use), ...findingsOf(compiled, use)];
  if (compiled.ok) return { pattern: { def, automaton: compiled.value }, findings };
  const stages = expressionStages(def);
  return {
    pattern: undefined,
    findings: findings.map((finding) => {
      const source = textAt(body, finding.pointer.slice(pointer.length));
      const result =
        source === undefined ? undefined : expressions.compile(source, { stages, params: true, key: true });
      const problem =
        result?.ok === false ? result.problems.find(({ message }) => message === finding.message) : undefined;
      return problem === undefined ? finding : { ...finding, offset: problem.position };
    }),
  };
}

/** The text at a pointer below a pattern's body. */
function textAt(body: PatternBody, pointer: string): string | undefined {
  const value = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, token) => (at as Readonly<Record<string, unknown>> | undefined)?.[token], body);
  return typeof value === 'string' ? value : undefined;
}

function findingsOf(checked: Checked<unknown>, use: PatternUse): Finding[] {
  const diagnostics: readonly Diagnostic[] = checked.ok ? checked.warnings : checked.diagnostics;
  return diagnostics.map(({ code, message, severity, pointer }) => ({
    code,
    message,
    severity,
    pointer: pointer.startsWith(use.pointer) ? pointer : `${use.pointer}${pointer}`,
  }));
}
