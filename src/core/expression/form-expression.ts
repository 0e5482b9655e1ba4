import type { AstNode, LiteralNode } from './ast.js';
import { conjunctsOf } from './ast.js';
import type { NameUse } from './check-names.js';
import type { CheckedSource } from './check-source.js';
import { checkSource, libraryExpressionOf } from './check-source.js';
import type { Code } from './closures/code.js';
import { compileClosures } from './closures/compile-node.js';
import { rethrow } from './closures/raise.js';
import { plainResult } from './closures/sequence.js';
import { assert } from '../assert.js';
import { equalitiesOf, rangesOf } from './equalities.js';
import type { Constants, Equality, Expression, ExpressionNames, Gate, Join, Range, Scope } from './expression.js';
import { gateOf } from './gate.js';
import { joinsOf } from './joins.js';
import type { ExpressionLibrary } from './library.js';

/** What expressions share that differ in constants alone. */
export interface SharedCode {
  readonly ast: AstNode;
  readonly use: NameUse;
  readonly names: ExpressionNames;
  readonly code: Code;
  /** Reads constants from the scope, as the code does. */
  readonly gate: Gate | undefined;
  readonly joins: readonly Join[];
  readonly slotOf: ReadonlyMap<AstNode, number>;
  readonly library: ExpressionLibrary;
}

/** Undefined if the tree is outside of what is compiled to closures. */
export function shareCode(
  { program: { ast }, use }: CheckedSource,
  names: ExpressionNames,
  { slotOf, library }: Pick<SharedCode, 'slotOf' | 'library'>,
): SharedCode | undefined {
  const code = compileClosures(ast, names, slotOf);
  if (code === undefined) return undefined;
  const gate = use.stages.size === 0 ? undefined : gateOf(ast, names, slotOf);
  return { ast, use, names, code, gate, joins: joinsOf(ast, names), slotOf, library };
}

/** An expression by the code of its form and its own constants. */
export class FormExpression implements Expression {
  readonly compiled = true;
  readonly gate: Gate | undefined;
  /** Made for the first payload that is an array. */
  private fallback: Expression | undefined = undefined;

  constructor(
    readonly source: string,
    readonly form: SharedCode,
    private readonly constants: Constants,
  ) {
    const { gate } = form;
    this.gate =
      gate &&
      ((scope) => {
        scope.constants = constants;
        return gate(scope);
      });
  }

  get stagesUsed(): ReadonlySet<string> {
    return this.form.use.stages;
  }

  get usesKey(): boolean {
    return this.form.use.variables.has('key');
  }

  get usesParams(): boolean {
    return this.form.use.variables.has('params');
  }

  /** Asked for when rules change: not kept. */
  get equalities(): readonly Equality[] {
    return equalitiesOf(this.form.ast, this.literalOf());
  }

  get ranges(): readonly Range[] {
    return rangesOf(this.form.ast, this.literalOf());
  }

  get conjuncts(): number {
    return conjunctsOf(this.form.ast).length;
  }

  get joins(): readonly Join[] {
    return this.form.joins;
  }

  evaluate(scope: Scope): unknown {
    if (Array.isArray(scope.body)) return this.inLibrary().evaluate(scope);
    scope.constants = this.constants;
    try {
      return plainResult(this.form.code.value(scope, scope.body));
    } catch (error) {
      return rethrow(error);
    }
  }

  test(scope: Scope): boolean {
    if (Array.isArray(scope.body)) return this.inLibrary().test(scope);
    scope.constants = this.constants;
    try {
      return this.form.code.test(scope, scope.body);
    } catch (error) {
      return rethrow(error);
    }
  }

  private literalOf(): (node: LiteralNode) => LiteralNode['value'] {
    const { constants, form } = this;
    return (node) => constants[form.slotOf.get(node) ?? -1] ?? node.value;
  }

  private inLibrary(): Expression {
    if (this.fallback === undefined) {
      const { library, names } = this.form;
      const checked = checkSource(library, this.source, names);
      assert(checked.ok, 'a source of a form that was checked is right');
      this.fallback = libraryExpressionOf(checked.value, names);
    }
    return this.fallback;
  }
}
