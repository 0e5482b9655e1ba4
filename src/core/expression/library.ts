/**
 * What the core asks of the JSONata library. An adapter implements it: the core itself imports no package.
 */
import type { AstNode } from './ast.js';

/** An expression as the library parsed it, ready to run as often as wanted. */
export interface LibraryProgram {
  readonly ast: AstNode;
  /**
   * Evaluates in the library's own evaluator, synchronously. The result is plain data: no sequence marks, no functions.
   * Throws `ExpressionError` with JSONata's code, or with one of ours at a limit.
   */
  evaluate(request: LibraryRequest): unknown;
}

export interface LibraryRequest {
  /** `$` and `$$`. Not changed by the evaluation. */
  readonly input: unknown;
  /** Variables by name, without the dollar. */
  readonly bindings: Readonly<Record<string, unknown>>;
  /** What `$now()` and `$millis()` give, ms. */
  readonly timeMs: number;
}

/** Why the library refused a source. `position` is the 0-based offset just behind the token, `token` its text if known. */
export interface LibraryRefusal {
  readonly code: string;
  readonly message: string;
  readonly position: number;
  readonly token: string | undefined;
}

export type LibraryParse =
  { readonly ok: true; readonly program: LibraryProgram } | { readonly ok: false; readonly refusal: LibraryRefusal };

export interface ExpressionLibrary {
  parse(source: string): LibraryParse;
}
