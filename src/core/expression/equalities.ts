/**
 * What a condition demands of single fields: the conjuncts `path = constant`. Where one of them fails, the condition is false,
 * so a hash from constant to condition finds the few conditions that an event can satisfy among thousands.
 *
 * Invariant: of a field that is a plain value, an equality or order found here says all that its conjunct does. Where these are all
 * conjuncts, the condition is not asked again (shard/rule-access.ts).
 */
import type { AstNode, LiteralNode, PathNode } from './ast.js';
import { conjunctsOf } from './ast.js';
import { isPlainName } from './closures/sequence.js';
import type { Equality, Range } from './expression.js';

/**
 * True of what stands there by itself: nothing behind it selects, groups or binds, or keeps a list of one. `'a'[1]` is nothing, and
 * `$params.a[]` equals no single value.
 */
function isBare({ predicate, stages, keepArray, group, tuple, focus, index }: AstNode): boolean {
  if (keepArray === true) return false;
  return [predicate, stages, group, tuple, focus, index].every((one) => one === undefined);
}

function isBarePath(node: AstNode): node is PathNode {
  return node.type === 'path' && node.keepSingletonArray !== true && isBare(node) && node.steps.every(isBare);
}

/** Field names of a path of plain fields of the event; undefined for any other expression. */
export function plainFields(node: AstNode): readonly string[] | undefined {
  if (!isBarePath(node)) return undefined;
  const fields: string[] = [];
  for (const step of node.steps) {
    if (step.type !== 'name' || !isPlainName(step.value)) return undefined;
    fields.push(step.value);
  }
  return fields.length === 0 ? undefined : fields;
}

/** `$params.name`: a constant of the rule. */
function parameterName(node: AstNode): string | undefined {
  if (!isBarePath(node) || node.steps.length !== 2) return undefined;
  const [variable, field] = node.steps;
  return variable?.type === 'variable' && variable.value === 'params' && field?.type === 'name'
    ? field.value
    : undefined;
}

/** The value of a literal, which may be another's than the tree's own: rules of one form share their tree. */
export type LiteralValue = (node: LiteralNode) => LiteralNode['value'];

const asWritten: LiteralValue = (node) => node.value;

function equalityOf(path: AstNode, constant: AstNode, valueOf: LiteralValue): Equality | undefined {
  const fields = plainFields(path);
  if (fields === undefined) return undefined;
  if ((constant.type === 'string' || constant.type === 'number') && isBare(constant)) {
    return { fields, constant: { kind: 'value', value: valueOf(constant) as string | number } };
  }
  const name = parameterName(constant);
  return name === undefined ? undefined : { fields, constant: { kind: 'parameter', name } };
}

/** The equalities that a condition implies, in the order in which they are written. */
export function equalitiesOf(ast: AstNode, valueOf: LiteralValue = asWritten): readonly Equality[] {
  return conjunctsOf(ast).flatMap((part): Equality[] => {
    if (part.type !== 'binary' || part.value !== '=') return [];
    const found = equalityOf(part.lhs, part.rhs, valueOf) ?? equalityOf(part.rhs, part.lhs, valueOf);
    return found === undefined ? [] : [found];
  });
}

const MIRRORED: Readonly<Record<string, Range['order']>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

interface Comparison {
  readonly path: AstNode;
  readonly constant: AstNode;
  readonly order: Range['order'];
}

function rangeOf({ path, constant, order }: Comparison, valueOf: LiteralValue): Range | undefined {
  const fields = plainFields(path);
  if (fields === undefined) return undefined;
  if (constant.type === 'number' && isBare(constant))
    return { fields, order, constant: { kind: 'value', value: Number(valueOf(constant)) } };
  const name = parameterName(constant);
  return name === undefined ? undefined : { fields, order, constant: { kind: 'parameter', name } };
}

/** The orders against a constant that a condition implies, in the order in which they are written. */
export function rangesOf(ast: AstNode, valueOf: LiteralValue = asWritten): readonly Range[] {
  return conjunctsOf(ast).flatMap((part): Range[] => {
    const mirrored = part.type === 'binary' ? MIRRORED[part.value] : undefined;
    if (part.type !== 'binary' || mirrored === undefined) return [];
    const { lhs, rhs, value } = part;
    const found =
      rangeOf({ path: lhs, constant: rhs, order: value as Range['order'] }, valueOf) ??
      rangeOf({ path: rhs, constant: lhs, order: mirrored }, valueOf);
    return found === undefined ? [] : [found];
  });
}
