import type { ExpressionCompiler, ExpressionNames, ExpressionResult } from '../expression/expression.js';

/**
 * A compiler that compiles equal sources over equal names once: rules are written from templates, and ten thousand of
 * them share most of their expressions. Lives as long as one compilation of a set.
 */
export function cacheExpressions(compiler: ExpressionCompiler): ExpressionCompiler {
  const texts = new WeakMap<ExpressionNames, string>();
  const results = new Map<string, ExpressionResult>();
  const textOf = (names: ExpressionNames): string => {
    const known = texts.get(names);
    if (known !== undefined) return known;
    const text = JSON.stringify([[...names.stages], names.params, names.key]);
    texts.set(names, text);
    return text;
  };
  return {
    compile(source, names) {
      const key = `${textOf(names)} ${source}`;
      const known = results.get(key);
      if (known !== undefined) return known;
      const result = compiler.compile(source, names);
      results.set(key, result);
      return result;
    },
  };
}
