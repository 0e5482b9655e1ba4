/**
 * Resolves every `$name` of an expression: a local (lambda parameter, `:=`, `@`, `#`), a stage, a variable, a function.
 * A lambda parameter hides what is outside. A name bound otherwise may be read before it is bound, and then means what
 * is outside: such a reference counts as a use of both.
 */
import type { AstNode, LambdaNode, VariableNode } from './ast.js';
import { childrenOf } from './ast.js';
import { builtinFunctions, conditionalVariables, eventVariables, refusedFunctions } from './builtin-names.js';
import type { ExpressionNames, ExpressionProblem } from './expression.js';

/** What an expression refers to. */
export interface NameUse {
  readonly problems: readonly ExpressionProblem[];
  readonly stages: ReadonlySet<string>;
  /** Variables of the engine it reads, stages not included. */
  readonly variables: ReadonlySet<string>;
}

interface Frame {
  readonly parameters: ReadonlySet<string>;
  readonly bound: ReadonlySet<string>;
  readonly outer: Frame | undefined;
}

interface Walk {
  readonly names: ExpressionNames;
  readonly problems: ExpressionProblem[];
  readonly stages: Set<string>;
  readonly variables: Set<string>;
  /** Variables that stand where a function does. */
  readonly called: Set<AstNode>;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Finds what the expression names and what it may not name. */
export function checkNames(ast: AstNode, names: ExpressionNames): NameUse {
  const walk: Walk = { names, problems: [], stages: new Set(), variables: new Set(), called: new Set() };
  walkNode(ast, { parameters: NO_NAMES, bound: boundIn(ast), outer: undefined }, walk);
  return walk;
}

function opensFrame(node: AstNode): boolean {
  return node.type === 'block' || node.type === 'lambda';
}

/** Names bound in this frame: frames opened below keep theirs to themselves. */
function boundIn(root: AstNode): ReadonlySet<string> {
  const bound = new Set<string>();
  const visit = (node: AstNode): void => {
    if (node.type === 'bind') bound.add(node.lhs.value);
    if (typeof node.focus === 'string') bound.add(node.focus);
    if (typeof node.index === 'string') bound.add(node.index);
    for (const stage of node.stages ?? []) if (stage.type === 'index') bound.add(stage.value);
    for (const child of childrenOf(node)) if (!opensFrame(child)) visit(child);
  };
  visit(root);
  return bound;
}

function openBlock(node: AstNode, outer: Frame, walk: Walk): void {
  const frame = { parameters: NO_NAMES, bound: boundIn(node), outer };
  for (const child of childrenOf(node)) walkNode(child, frame, walk);
}

function openLambda(node: LambdaNode, outer: Frame, walk: Walk): void {
  const parameters = new Set(node.arguments.map((argument) => argument.value));
  const bound = opensFrame(node.body) ? NO_NAMES : boundIn(node.body);
  walkNode(node.body, { parameters, bound, outer }, walk);
  for (const filter of node.predicate ?? []) walkNode(filter.expr, outer, walk);
}

function walkNode(node: AstNode, frame: Frame, walk: Walk): void {
  if (node.type === 'block') return openBlock(node, frame, walk);
  if (node.type === 'lambda') return openLambda(node, frame, walk);
  if (node.type === 'variable') resolve(node, frame, walk);
  if (node.type === 'function' || node.type === 'partial') {
    walk.called.add(node.procedure);
    checkProcedure(node.procedure, walk);
  }
  if (node.type === 'apply') walk.called.add(node.rhs);
  for (const child of childrenOf(node)) {
    if (node.type === 'bind' && child === node.lhs) continue;
    if (node.type === 'path' && child.type === 'function') walkStepCall(child, frame, walk);
    else walkNode(child, frame, walk);
  }
}

/** `a.f(x)`: `f` may be a function held by an object the expression itself made, so it is left to run time. */
function walkStepCall(node: AstNode, frame: Frame, walk: Walk): void {
  for (const child of childrenOf(node)) walkNode(child, frame, walk);
}

function checkProcedure(procedure: AstNode, walk: Walk): void {
  const step = procedure.type === 'path' && procedure.steps.length === 1 ? procedure.steps[0] : undefined;
  if (step?.type !== 'name') return;
  const mend = builtinFunctions.has(step.value)
    ? `write $${step.value}(…)`
    : 'functions begin with a dollar, and fields hold data';
  walk.problems.push({
    code: 'not-a-function',
    message: `${step.value}(…) does not call a function: ${mend}.`,
    position: Math.max(0, (step.position ?? 0) - step.value.length),
  });
}

function startOf(position: number | undefined, name: string): number {
  return Math.max(0, (position ?? 0) - name.length - 1);
}

function resolve(node: VariableNode, frame: Frame, walk: Walk): void {
  const name = node.value;
  if (name === '' || name === '$') return;
  let bound = false;
  for (let at: Frame | undefined = frame; at !== undefined; at = at.outer) {
    if (at.parameters.has(name)) return;
    bound ||= at.bound.has(name);
  }
  resolveOutside({ name, position: startOf(node.position, name), bound, called: walk.called.has(node) }, walk);
}

interface Reference {
  readonly name: string;
  readonly position: number;
  /** Somewhere in the expression. */
  readonly bound: boolean;
  readonly called: boolean;
}

function resolveOutside(reference: Reference, walk: Walk): void {
  const { name, position, bound } = reference;
  if (walk.names.stages.has(name)) walk.stages.add(name);
  else if (isVariable(name, walk.names)) walk.variables.add(name);
  else if (bound) return;
  else if (refusedFunctions.has(name)) walk.problems.push(refusal(name, position));
  else if (name === 'table') walk.problems.push(tableProblem(position));
  else if (!builtinFunctions.has(name)) walk.problems.push(unknownName(reference, walk.names));
}

function isVariable(name: string, names: ExpressionNames): boolean {
  return eventVariables.has(name) || (name === 'params' && names.params) || (name === 'key' && names.key);
}

function refusal(name: string, position: number): ExpressionProblem {
  return {
    code: 'refused-function',
    message: `$${name} is refused: ${refusedFunctions.get(name) ?? ''}.`,
    position,
  };
}

function tableProblem(position: number): ExpressionProblem {
  return { code: 'not-supported', message: '$table is not supported yet: give the values as parameters.', position };
}

function unknownName({ name, position, called }: Reference, names: ExpressionNames): ExpressionProblem {
  const message = called ? unknownFunction(name) : unknownVariable(name, names);
  return { code: 'unknown-name', message, position };
}

function unknownFunction(name: string): string {
  const functions = [...builtinFunctions].filter((known) => !refusedFunctions.has(known));
  const near = nearest(name, functions, 2);
  const mend = near === undefined ? '' : ` Did you mean $${near}?`;
  return `$${name} is no function.${mend} Known: ${functions.map(withDollar).join(', ')}.`;
}

/** Most such names are those of fields, as other languages write them. */
function unknownVariable(name: string, names: ExpressionNames): string {
  const variables = [...eventVariables];
  if (names.params) variables.push('params');
  if (names.key) variables.push('key');
  const stages = [...names.stages.keys()];
  const known =
    `Known: ${['$', '$$', ...variables.map(withDollar)].join(', ')}; ` +
    `stages: ${stages.length === 0 ? 'none' : stages.map(withDollar).join(', ')}; and functions, as $uppercase.`;
  if (conditionalVariables.has(name)) return `$${name} is not available in this expression. ${known}`;
  const near = nearest(name, [...stages, ...variables], 2) ?? nearest(name, [...builtinFunctions], 1);
  const mend =
    near === undefined
      ? `Did you mean \`${name}\`? A field has no dollar.`
      : `Did you mean $${near}? A field has no dollar: \`${name}\`.`;
  const parameter = names.params ? ` A parameter is $params.${name}.` : '';
  return `$${name} is not known. ${mend}${parameter} ${known}`;
}

function withDollar(name: string): string {
  return `$${name}`;
}

/** The candidate within so many edits, the closest first. */
function nearest(name: string, candidates: readonly string[], editsMax: number): string | undefined {
  let best: string | undefined;
  let bestDistance = editsMax + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
