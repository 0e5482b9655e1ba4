import type { NameUse } from './check-names.js';
import { rethrow } from './closures/raise.js';
import { castBoolean } from './closures/values.js';
import type { Equality, Expression, ExpressionNames, Gate, Join, Range, Scope } from './expression.js';
import type { LibraryProgram } from './library.js';

/** Reads one variable of the scope. */
interface Binding {
  readonly name: string;
  readonly read: (scope: Scope) => unknown;
}

export interface LibraryExpressionOptions {
  readonly source: string;
  readonly program: LibraryProgram;
  readonly use: NameUse;
  readonly names: ExpressionNames;
  readonly equalities: readonly Equality[];
  readonly ranges: readonly Range[];
  readonly conjuncts: number;
  readonly joins: readonly Join[];
  readonly gate: Gate | undefined;
}

/** An expression that runs in the library's evaluator. Only the names it uses are bound. */
class LibraryExpression implements Expression {
  readonly compiled = false;

  constructor(
    readonly source: string,
    readonly stagesUsed: ReadonlySet<string>,
    readonly equalities: readonly Equality[],
    readonly ranges: readonly Range[],
    readonly conjuncts: number,
    readonly joins: readonly Join[],
    readonly gate: Gate | undefined,
    readonly usesKey: boolean,
    readonly usesParams: boolean,
    private readonly program: LibraryProgram,
    private readonly bindings: readonly Binding[],
  ) {}

  evaluate(scope: Scope): unknown {
    const bindings: Record<string, unknown> = {};
    for (const binding of this.bindings) bindings[binding.name] = binding.read(scope);
    return this.program.evaluate({ input: scope.body, bindings, timeMs: scope.event.time });
  }

  test(scope: Scope): boolean {
    try {
      return castBoolean(this.evaluate(scope));
    } catch (error) {
      return rethrow(error);
    }
  }
}

export function libraryExpression(options: LibraryExpressionOptions): Expression {
  const { source, program, use, names, equalities, ranges, conjuncts, joins, gate } = options;
  const bindings = [
    ...[...use.variables].map(variableBinding),
    ...[...use.stages].map((stage) => stageBinding(stage, names.stages.get(stage) ?? -1)),
  ];
  return new LibraryExpression(
    source,
    use.stages,
    equalities,
    ranges,
    conjuncts,
    joins,
    gate,
    use.variables.has('key'),
    use.variables.has('params'),
    program,
    bindings,
  );
}

function stageBinding(name: string, slot: number): Binding {
  return { name, read: (scope) => scope.stageEvents(slot) };
}

function variableBinding(name: string): Binding {
  return { name, read: variableReader(name) };
}

function variableReader(name: string): (scope: Scope) => unknown {
  switch (name) {
    case 'params':
      return (scope) => scope.params;
    case 'key':
      return (scope) => scope.key;
    case 'eventType':
      return (scope) => scope.event.type;
    case 'eventTime':
      return (scope) => scope.event.time;
    case 'subject':
      return (scope) => scope.event.subject;
    default:
      return (scope) => scope.event.headers;
  }
}
