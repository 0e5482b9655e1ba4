import type { AstNode } from '../ast.js';
import type { ExpressionNames } from '../expression.js';
import type { Code } from './code.js';

/** Nodes whose value is a constant of the scope, with its number there. */
export type ConstantSlots = ReadonlyMap<AstNode, number>;

export const NO_SLOTS: ConstantSlots = new Map();

/** What compiling one node needs: the names, and a way to compile the nodes below it. */
export interface Environment {
  readonly names: ExpressionNames;
  readonly slotOf: ConstantSlots;
  /** The closure of a node; undefined if the node is outside of the compiled subset. */
  compile(node: AstNode): Code | undefined;
}

/** The closures of all nodes; undefined if one of them is outside of the subset. */
export function compileAll(nodes: readonly AstNode[], environment: Environment): readonly Code[] | undefined {
  const codes: Code[] = [];
  for (const node of nodes) {
    const code = environment.compile(node);
    if (code === undefined) return undefined;
    codes.push(code);
  }
  return codes;
}
