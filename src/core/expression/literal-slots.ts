/**
 * Which literals of a syntax tree are constants: a side of a comparison and nothing else. The closures of a comparison may read a
 * constant from the scope; every other literal (an index, an item of a list, an argument) is what closures are chosen by.
 */
import type { AstNode, LiteralNode } from './ast.js';
import { childrenOf } from './ast.js';
import type { SourceLiteral } from './source-form.js';

/** Where a constant stands among the literals of its source. */
export interface ConstantPlace {
  readonly literal: number;
  /** The parser took a minus into it. */
  readonly negated: boolean;
}

export interface LiteralSlots {
  /** By the number of the constant. */
  readonly constants: readonly ConstantPlace[];
  /** Literals that are no constants, by their numbers. */
  readonly fixed: readonly number[];
  /** The number of the constant a node is. */
  readonly slotOf: ReadonlyMap<AstNode, number>;
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** `ast` is the tree of the very source that the literals are of. */
export function findSlots(ast: AstNode, literals: readonly SourceLiteral[]): LiteralSlots {
  const found = new Map<number, number>();
  const operands = new Map<number, LiteralNode>();
  const visit = (node: AstNode): void => {
    if (node.position !== undefined) found.set(node.position, (found.get(node.position) ?? 0) + 1);
    if (node.type === 'binary' && COMPARISONS.has(node.value)) noteOperands(node, operands);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(ast);
  const constants: ConstantPlace[] = [];
  const fixed: number[] = [];
  const slotOf = new Map<AstNode, number>();
  literals.forEach(({ value, end }, literal) => {
    const node = operands.get(end);
    const negated = typeof value === 'number' && Object.is(node?.value, -value);
    if (node === undefined || found.get(end) !== 1 || !(negated || Object.is(node.value, value))) fixed.push(literal);
    else {
      slotOf.set(node, constants.length);
      constants.push({ literal, negated });
    }
  });
  return { constants, fixed, slotOf };
}

function noteOperands(node: { readonly lhs: AstNode; readonly rhs: AstNode }, into: Map<number, LiteralNode>): void {
  for (const side of [node.lhs, node.rhs]) {
    if ((side.type === 'string' || side.type === 'number') && isBare(side)) into.set(side.position ?? -1, side);
  }
}

const OWN_FIELDS: ReadonlySet<string> = new Set(['type', 'value', 'position']);

function isBare(node: AstNode): boolean {
  return Object.keys(node).every((name) => OWN_FIELDS.has(name));
}

/** The constants of another source of the form. */
export function constantsOf(places: readonly ConstantPlace[], literals: readonly SourceLiteral[]): (string | number)[] {
  return places.map(({ literal, negated }) => {
    const value = literals[literal]?.value ?? '';
    return negated ? -value : value;
  });
}
