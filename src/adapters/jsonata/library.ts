/** JSONata as the core asks for it: parse to a tree, evaluate a tree synchronously. */
import type { AstNode } from '../../core/expression/ast.js';
import { createExpressionCompiler } from '../../core/expression/compile.js';
import { ExpressionError } from '../../core/expression/expression.js';
import type { ExpressionCompiler } from '../../core/expression/expression.js';
import type {
  ExpressionLibrary,
  LibraryParse,
  LibraryProgram,
  LibraryRefusal,
  LibraryRequest,
} from '../../core/expression/library.js';
import { EvaluationGuard } from './guards.js';
import { plainData } from './plain-data.js';
import type { SyncExpression, SyncJsonata } from './sync-library.js';
import { loadSyncJsonata } from './sync-library.js';

/** What the library throws: plain objects, or errors of the runtime. */
interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly position?: unknown;
  readonly token?: unknown;
}

/** The library; one instance serves any number of expressions. */
export function jsonataLibrary(): ExpressionLibrary {
  const jsonata = loadSyncJsonata();
  const guard = new EvaluationGuard();
  return { parse: (source) => parse(jsonata, guard, source) };
}

/** A compiler of expressions over the library: what most callers want. */
export function createJsonataCompiler(): ExpressionCompiler {
  return createExpressionCompiler(jsonataLibrary());
}

function parse(jsonata: SyncJsonata, guard: EvaluationGuard, source: string): LibraryParse {
  try {
    return { ok: true, program: new Program(jsonata(source, guard), guard) };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, source) };
  }
}

class Program implements LibraryProgram {
  readonly ast: AstNode;

  constructor(
    private readonly expression: SyncExpression,
    private readonly guard: EvaluationGuard,
  ) {
    this.ast = expression.ast() as AstNode;
  }

  evaluate(request: LibraryRequest): unknown {
    this.guard.begin(request.timeMs);
    try {
      return plainData(this.expression.evaluate(request.input, request.bindings));
    } catch (error) {
      throw expressionError(error);
    }
  }
}

/** The library's position is given where it knows one; a regular expression that does not parse has none. */
function refusalOf(error: unknown, source: string): LibraryRefusal {
  const { code, message, position, token } = error as Thrown;
  if (error instanceof RangeError) {
    return { code: 'D1011', message: 'The expression is nested too deeply', position: 0, token: undefined };
  }
  return {
    code: typeof code === 'string' ? code : 'S0000',
    message: typeof message === 'string' ? message : 'Syntax error',
    position: typeof position === 'number' ? position : source.length,
    token: typeof token === 'string' ? token : undefined,
  };
}

function expressionError(error: unknown): ExpressionError {
  if (error instanceof ExpressionError) return error;
  const { code, message } = error as Thrown;
  const text = typeof message === 'string' ? message : 'The expression cannot be evaluated on this data';
  if (error instanceof RangeError) {
    const overflow = /call stack/i.test(text);
    return new ExpressionError(overflow ? 'D1011' : 'result-too-large', text);
  }
  return new ExpressionError(typeof code === 'string' ? code : 'evaluation-failed', text);
}
