import type { Code } from './closures/code.js';
import { rethrow } from './closures/raise.js';
import { plainResult } from './closures/sequence.js';
import type { Equality, Expression, Gate, Join, Range, Scope } from './expression.js';

/** An expression that runs as closures. A payload that is an array runs in the library, which wraps it specially. */
class ClosureExpression implements Expression {
  readonly source: string;
  readonly stagesUsed: ReadonlySet<string>;
  readonly equalities: readonly Equality[];
  readonly ranges: readonly Range[];
  readonly conjuncts: number;
  readonly joins: readonly Join[];
  readonly gate: Gate | undefined;
  readonly usesKey: boolean;
  readonly usesParams: boolean;
  readonly compiled = true;

  constructor(
    private readonly code: Code,
    private readonly fallback: Expression,
  ) {
    this.source = fallback.source;
    this.stagesUsed = fallback.stagesUsed;
    this.equalities = fallback.equalities;
    this.ranges = fallback.ranges;
    this.conjuncts = fallback.conjuncts;
    this.joins = fallback.joins;
    this.gate = fallback.gate;
    this.usesKey = fallback.usesKey;
    this.usesParams = fallback.usesParams;
  }

  evaluate(scope: Scope): unknown {
    if (Array.isArray(scope.body)) return this.fallback.evaluate(scope);
    try {
      return plainResult(this.code.value(scope, scope.body));
    } catch (error) {
      return rethrow(error);
    }
  }

  test(scope: Scope): boolean {
    if (Array.isArray(scope.body)) return this.fallback.test(scope);
    try {
      return this.code.test(scope, scope.body);
    } catch (error) {
      return rethrow(error);
    }
  }
}

export function closureExpression(code: Code, fallback: Expression): Expression {
  return new ClosureExpression(code, fallback);
}
