/**
 * The expression compiler: JSONata source → something that runs on an event, synchronously and deterministically.
 * Most expressions become closures; the rest run in the library's evaluator behind the same interface.
 */
import { checkSource, resultOf } from './check-source.js';
import type { ExpressionCompiler } from './expression.js';
import type { ExpressionLibrary } from './library.js';
import { SharedForms } from './shared-forms.js';

/** A compiler over a JSONata library. Everything it refuses is a value with problems; it never throws. */
export function createExpressionCompiler(library: ExpressionLibrary): ExpressionCompiler {
  return {
    compile: (source, names) => {
      const checked = checkSource(library, source, names);
      return checked.ok ? resultOf(checked.value, names) : checked;
    },
    sharing: () => new SharedForms(library),
  };
}
