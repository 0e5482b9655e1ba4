import { stateBoundOf } from './state-bound.js';
import type { ExpressionCompiler, ExpressionNames } from '../expression/expression.js';
import { limits } from '../limits.js';
import { expressionStages } from '../nfa/compile-automaton.js';
import { canonicalJson } from './canonical-json.js';
import { compileAlerts } from './compile-alert.js';
import { compileKeys } from './compile-key.js';
import type { DocumentIndex } from './document-index.js';
import type { PatternBody, PlacedDocument, RuleDocument } from './documents.js';
import { didYouMean } from './names.js';
import { checkDeclarations, resolveParameters, undeclaredParameters } from './parameters.js';
import type { ParameterValues } from './parameters.js';
import { patternFindings, undeclaredInPattern } from './pattern-findings.js';
import type { CompiledPattern, PatternTable } from './pattern-table.js';
import type { StepDef } from './pattern-def.js';
import { patternMeaning } from './pattern-table.js';
import type { RulePlan } from './plans.js';
import { pointerTo } from './pointer.js';
import { ExpressionReader } from './report.js';
import type { Report } from './report.js';

export interface RuleEnvironment {
  readonly expressions: ExpressionCompiler;
  readonly digest: (text: string) => string;
  readonly index: DocumentIndex;
  readonly patterns: PatternTable;
}

/** Names of the rule's sources; unknown ones are reported and left in, so that the rest can still be checked. */
function readSources(rule: RuleDocument, report: Report, index: DocumentIndex): readonly string[] {
  const written = typeof rule.source === 'string' ? [rule.source] : rule.source;
  written.forEach((name, at) => {
    const pointer = typeof rule.source === 'string' ? '/source' : pointerTo('/source', at);
    if (written.indexOf(name) < at) {
      report.error(
        'duplicate-source',
        pointer,
        `The source \`${name}\` is listed twice: its events would count once. Remove one.`,
      );
    } else if (!index.knows('source', name)) {
      const message = `There is no source \`${name}\`: define it in a document with \`kind: source\`.${didYouMean(name, index.sources.keys())}`;
      report.error('unknown-source', pointer, message);
    }
  });
  return [...new Set(written)].sort();
}

interface BodyOfRule {
  readonly body: PatternBody;
  /** Undefined for an inline pattern. */
  readonly placed: PlacedDocument | undefined;
}

function findBody(rule: RuleDocument, report: Report, index: DocumentIndex): BodyOfRule | undefined {
  if (typeof rule.pattern !== 'string') return { body: rule.pattern, placed: undefined };
  const placed = index.patterns.get(rule.pattern);
  if (placed !== undefined) return { body: placed.document, placed };
  if (!index.knows('pattern', rule.pattern)) {
    const message = `There is no pattern \`${rule.pattern}\`: define it in a document with \`kind: pattern\`, or write it inline.${didYouMean(rule.pattern, index.patterns.keys())}`;
    report.error('unknown-pattern', '/pattern', message);
  }
  return undefined;
}

interface PatternOfRule {
  readonly pattern: CompiledPattern | undefined;
  readonly params: ParameterValues;
  /** Undefined while it is unknown which there are. */
  readonly parameters: readonly string[] | undefined;
}

function compilePatternOf(rule: RuleDocument, report: Report, env: RuleEnvironment): PatternOfRule {
  const found = findBody(rule, report, env.index);
  if (found === undefined) return { pattern: undefined, params: {}, parameters: undefined };
  const { body, placed } = found;
  const name = typeof rule.pattern === 'string' ? rule.pattern : rule.name;
  const declared = body.parameters ?? {};
  const parameters = Object.keys(declared);
  if (placed === undefined) {
    const own = [...checkDeclarations(body, '/pattern'), ...undeclaredInPattern(body, '/pattern')];
    own.forEach((finding) => report.add(finding));
  }
  const resolved = resolveParameters(declared, rule.with ?? {}, placed === undefined ? 'of this rule' : `\`${name}\``);
  resolved.findings.forEach((finding) => report.add(finding));
  const complete = Object.keys(resolved.values).length === parameters.length;
  if (!complete) return { pattern: undefined, params: resolved.values, parameters };
  const pointer = placed === undefined ? '/pattern' : '';
  const outcome = env.patterns.compile({ body, name, pointer, params: resolved.values });
  const findings =
    placed === undefined ? outcome.findings : patternFindings({ outcome, placed, rule, patterns: env.patterns });
  findings.forEach((finding) => report.add(finding));
  return { pattern: outcome.pattern, params: resolved.values, parameters };
}

function checkBounded(rule: RuleDocument, { automaton }: CompiledPattern, report: Report): void {
  if (automaton.bounded || rule.limits?.runsPerKey !== undefined) return;
  const message =
    'The runs of one key could grow for ever: give the pattern a `within`, or the rule `limits: { runsPerKey: … }`, which drops the oldest runs beyond it.';
  report.error('unbounded', '/pattern', message);
}

function hasGap(steps: readonly StepDef[]): boolean {
  return steps.some((step) => step.gapMs !== undefined || (step.group !== undefined && hasGap(step.group)));
}

function checkTimeout(rule: RuleDocument, { def }: CompiledPattern, report: Report): void {
  if (rule.onTimeout === undefined || def.withinMs !== undefined || hasGap(def.steps)) return;
  report.warn(
    'never-times-out',
    '/onTimeout',
    'The pattern has no `within`, so it never times out: give it one, or remove `onTimeout`.',
  );
}

/** What a rule's matches depend on: not on its name, what it says, or whether it says it. */
function ruleText(plan: Omit<RulePlan, 'hash'>, where: string | undefined): string {
  return canonicalJson({
    format: 'rule/1',
    sources: plan.sources,
    keys: plan.sources.map((name) => plan.keys.get(name)?.text),
    where,
    params: plan.params,
    pattern: patternMeaning(plan.pattern),
    emit: plan.emit,
    limits: { runsPerKeyMax: plan.runsPerKeyMax, overflow: plan.overflow },
  });
}

/** Compiles a rule; undefined, with the reasons in the report, when it is wrong. */
export function compileRule(
  placed: PlacedDocument<RuleDocument>,
  report: Report,
  env: RuleEnvironment,
): RulePlan | undefined {
  const rule = placed.document;
  const reader = new ExpressionReader(env.expressions, report);
  const sources = readSources(rule, report, env.index);
  const { pattern, params, parameters } = compilePatternOf(rule, report, env);
  const filterNames: ExpressionNames = { stages: new Map(), params: true, key: true };
  const where = reader.read(rule.where, '/where', filterNames);
  if (rule.where !== undefined && parameters !== undefined) {
    undeclaredParameters(rule.where, '/where', parameters).forEach((finding) => report.add(finding));
  }
  const names = pattern && { stages: expressionStages(pattern.def), params: true, key: true };
  const alerts = compileAlerts(rule, { report, reader, names, parameters: parameters ?? [] });
  const keys = compileKeys(rule, sources, report, reader);
  if (pattern === undefined) return undefined;
  checkBounded(rule, pattern, report);
  checkTimeout(rule, pattern, report);
  if (report.failed) return undefined;
  const plan = {
    ...alerts,
    ...modesOf(rule),
    ...limitsOf(rule, pattern),
    name: rule.name,
    document: rule,
    sources,
    keys,
    where,
    params,
    pattern: pattern.def,
    automaton: pattern.automaton,
  };
  return { ...plan, hash: env.digest(ruleText(plan, rule.where)) };
}

function modesOf(rule: RuleDocument): Pick<RulePlan, 'emit' | 'mode' | 'onUpdate'> {
  return { emit: rule.emit ?? 'ordered', mode: rule.mode ?? 'active', onUpdate: rule.onUpdate ?? 'drain' };
}

function limitsOf(
  rule: RuleDocument,
  pattern: CompiledPattern,
): Pick<RulePlan, 'runsPerKeyMax' | 'overflow' | 'stateBound'> {
  const own = rule.limits?.runsPerKey;
  const runsPerKeyMax = own ?? limits.runsPerKeyMax;
  const bounded = pattern.automaton.bounded || own !== undefined;
  return {
    runsPerKeyMax,
    overflow: rule.limits?.overflow ?? 'dropOldest',
    stateBound: stateBoundOf(pattern.def, { bounded, runsPerKeyMax }),
  };
}
