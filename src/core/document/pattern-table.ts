/**
 * Patterns compiled for the parameters they are used with: each (pattern, parameters) once per revision, however many
 * rules share it. A pattern nobody uses is compiled with its defaults, so that its errors are seen.
 */
import { AutomatonForms } from '../nfa/automaton-forms.js';
import { compileAutomaton, expressionStages } from '../nfa/compile-automaton.js';
import type { Automaton } from '../nfa/automaton.js';
import type { ExpressionCompiler } from '../expression/expression.js';
import type { Checked, Diagnostic } from '../model/diagnostic.js';
import { canonicalJson } from './canonical-json.js';
import type { PatternBody } from './documents.js';
import { normalizePattern } from './normalize-pattern.js';
import type { ParameterValues } from './parameters.js';
import type { PatternDef, StepDef } from './pattern-def.js';
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

/** What the matches of a pattern depend on, but for the values of its parameters. */
export function patternMeaning({ withinMs, skip, steps }: PatternDef): unknown {
  const meaningOf = (step: StepDef): unknown => ({ ...step, pointer: undefined, group: step.group?.map(meaningOf) });
  return { withinMs, skip, steps: steps.map(meaningOf) };
}

export class PatternTable {
  private readonly outcomes = new Map<PatternBody, Map<string, PatternOutcome>>();
  /** Automata by meaning: patterns that differ in nothing but parameters share states and conditions. */
  private readonly automata = new Map<string, Automaton>();
  private readonly forms = new AutomatonForms();

  constructor(private readonly expressions: ExpressionCompiler) {}

  compile(use: PatternUse): PatternOutcome {
    const ofBody = this.outcomes.get(use.body) ?? new Map<string, PatternOutcome>();
    this.outcomes.set(use.body, ofBody);
    const key = canonicalJson(use.params);
    const known = ofBody.get(key);
    if (known !== undefined) return known;
    const outcome = this.compileUse(use);
    ofBody.set(key, outcome);
    return outcome;
  }

  private compileUse(use: PatternUse): PatternOutcome {
    const { name, params, pointer } = use;
    const normalized = normalizePattern(use.body, { name, params, pointer });
    const findings = findingsOf(normalized, use);
    if (!normalized.ok) return { pattern: undefined, findings };
    const def = normalized.value;
    const compiled = this.automatonOf(def);
    findings.push(...findingsOf(compiled, use));
    const { expressions } = this;
    const placed = expressionFindings(def, use, { expressions, findings });
    return { pattern: compiled.ok ? { def, automaton: compiled.value } : undefined, findings: placed };
  }

  private automatonOf(def: PatternDef): Checked<Automaton> {
    const meaning = canonicalJson(patternMeaning(def));
    const known = this.automata.get(meaning);
    if (known !== undefined) return { ok: true, value: { ...known, params: def.params }, warnings: [] };
    const compiled = compileAutomaton(def, { expressions: this.expressions, forms: this.forms });
    if (compiled.ok && compiled.warnings.length === 0) this.automata.set(meaning, compiled.value);
    return compiled;
  }
}

/** What there is to say of the expressions of a pattern, at the character. */
function expressionFindings(def: PatternDef, use: PatternUse, { expressions, findings }: Told): Finding[] {
  if (findings.length === 0) return [];
  const names = { stages: expressionStages(def), params: true, key: true };
  return findings.map((finding) => {
    const source = textAt(use.body, finding.pointer.slice(use.pointer.length));
    const result = source === undefined ? undefined : expressions.compile(source, names);
    const problems = result?.ok === false ? result.problems : result?.warnings;
    const problem = problems?.find(({ message }) => message === finding.message);
    return problem ? { ...finding, offset: problem.position } : finding;
  });
}

interface Told {
  readonly expressions: ExpressionCompiler;
  readonly findings: readonly Finding[];
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
