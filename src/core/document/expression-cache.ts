import type { ExpressionCompiler, ExpressionResult } from '../expression/expression.js';
import { namesText } from '../expression/names-text.js';

/**
 * A compiler that compiles equal sources over equal names once, and sources that differ in constants together where the given one
 * can: rules are written from templates, and ten thousand of them share most of their expressions. Lives as long as one compilation
 * of a set.
 */
export function cacheExpressions(given: ExpressionCompiler): ExpressionCompiler {
  const compiler = given.sharing?.() ?? given;
  const results = new Map<string, ExpressionResult>();
  return {
    compile(source, names) {
      const key = `${namesText(names)} ${source}`;
      const known = results.get(key);
      if (known !== undefined) return known;
      const result = compiler.compile(source, names);
      results.set(key, result);
      return result;
    },
  };
}
