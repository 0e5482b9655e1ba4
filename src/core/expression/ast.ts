/**
 * The syntax tree as the library's parser gives it. Only what the compiler reads is typed; a kind of node the compiler
 * does not know is walked all the same (names, depth, regular expressions) and runs in the library.
 */

/** What any node may carry. */
interface NodeBase {
  readonly position?: number;
  /** `[…]` behind a node that is not a step of a path. */
  readonly predicate?: readonly FilterStage[];
  /** `[…]` behind a step of a path. */
  readonly stages?: readonly (FilterStage | IndexStage)[];
  /** `[]` behind the node: a sequence of one is not unwrapped. */
  readonly keepArray?: boolean;
  readonly group?: unknown;
  readonly tuple?: unknown;
  readonly focus?: unknown;
  readonly index?: unknown;
  readonly ancestor?: unknown;
  /** An array constructor that is not flattened into its path. */
  readonly consarray?: boolean;
}

export interface FilterStage {
  readonly type: 'filter';
  readonly expr: AstNode;
}

export interface IndexStage {
  readonly type: 'index';
  readonly value: string;
}

export interface PathNode extends NodeBase {
  readonly type: 'path';
  readonly steps: readonly AstNode[];
  readonly keepSingletonArray?: boolean;
}

export interface NameNode extends NodeBase {
  readonly type: 'name';
  readonly value: string;
}

export interface VariableNode extends NodeBase {
  readonly type: 'variable';
  /** Without the first dollar: empty for `$`, `$` for `$$`. */
  readonly value: string;
}

export interface LiteralNode extends NodeBase {
  readonly type: 'string' | 'number' | 'value';
  readonly value: string | number | boolean | null;
}

export interface RegexNode extends NodeBase {
  readonly type: 'regex';
  /** A RegExp; after a clone inside the parser (a quirk of `?:` and `??`) a plain object. */
  readonly value: unknown;
}

export interface BinaryNode extends NodeBase {
  readonly type: 'binary';
  readonly value: string;
  readonly lhs: AstNode;
  readonly rhs: AstNode;
}

export interface UnaryNode extends NodeBase {
  readonly type: 'unary';
  readonly value: '-' | '[' | '{';
  readonly expression?: AstNode;
  readonly expressions?: readonly AstNode[];
}

export interface ConditionNode extends NodeBase {
  readonly type: 'condition';
  readonly condition: AstNode;
  readonly then: AstNode;
  readonly else?: AstNode;
}

export interface BlockNode extends NodeBase {
  readonly type: 'block';
  readonly expressions: readonly AstNode[];
}

export interface FunctionNode extends NodeBase {
  readonly type: 'function' | 'partial';
  readonly procedure: AstNode;
  readonly arguments: readonly AstNode[];
}

export interface LambdaNode extends NodeBase {
  readonly type: 'lambda';
  readonly arguments: readonly VariableNode[];
  readonly body: AstNode;
}

export interface BindNode extends NodeBase {
  readonly type: 'bind';
  readonly lhs: VariableNode;
  readonly rhs: AstNode;
}

export interface ApplyNode extends NodeBase {
  readonly type: 'apply';
  readonly lhs: AstNode;
  readonly rhs: AstNode;
}

/** Kinds the compiler only walks over. */
export interface OtherNode extends NodeBase {
  readonly type: 'wildcard' | 'descendant' | 'parent' | 'transform' | 'sort' | 'operator';
}

export type AstNode =
  | PathNode
  | NameNode
  | VariableNode
  | LiteralNode
  | RegexNode
  | BinaryNode
  | UnaryNode
  | ConditionNode
  | BlockNode
  | FunctionNode
  | LambdaNode
  | BindNode
  | ApplyNode
  | OtherNode;

/** A signature of a lambda holds functions, not nodes. */
const NOT_A_CHILD: ReadonlySet<string> = new Set(['signature', 'ancestor', 'seekingParent', 'slot']);

function collectNodes(value: unknown, into: AstNode[]): void {
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return;
  if (Array.isArray(value)) {
    for (const item of value) collectNodes(item, into);
    return;
  }
  const candidate = value as { readonly type?: unknown };
  if (typeof candidate.type === 'string' && candidate.type !== 'filter' && candidate.type !== 'index') {
    into.push(value as AstNode);
    return;
  }
  collectChildren(value, into);
}

function collectChildren(node: object, into: AstNode[]): void {
  for (const [key, value] of Object.entries(node)) {
    if (!NOT_A_CHILD.has(key)) collectNodes(value, into);
  }
}

/** The nodes directly below, in source order, of any kind of node, known or not. */
export function childrenOf(node: AstNode): readonly AstNode[] {
  const children: AstNode[] = [];
  collectChildren(node, children);
  return children;
}

/** The operands of nested `and`s, in order. */
export function conjunctsOf(node: AstNode): AstNode[] {
  if (node.type !== 'binary' || node.value !== 'and') return [node];
  return [...conjunctsOf(node.lhs), ...conjunctsOf(node.rhs)];
}
