import type { Scope } from '../expression.js';

/** A compiled node: its value for a scope and the context item (`$`), undefined when it gives nothing. */
export type Value = (scope: Scope, item: unknown) => unknown;

/** The same, cast by `$boolean`; undefined is false. */
export type Test = (scope: Scope, item: unknown) => boolean;

export interface Code {
  readonly value: Value;
  readonly test: Test;
  /** The value, where the source itself gives it. */
  readonly literal?: Literal;
  /** The value is this one of the scope's constants. */
  readonly constant?: { readonly slot: number; readonly numeric: boolean };
  /** The items, where the node is an array of literals. */
  readonly literals?: readonly Literal['value'][];
  /** Set where the node is one plain field of the context item. */
  readonly field?: string;
  /** The value is a boolean or undefined, never anything else. */
  readonly boolean?: true;
  /** The value may be a sequence that is not unwrapped yet; whoever compiles the node does that. */
  readonly unfinished?: true;
}

export interface Literal {
  readonly value: string | number | boolean | null;
}
