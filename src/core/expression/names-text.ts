import type { ExpressionNames } from './expression.js';

const texts = new WeakMap<ExpressionNames, string>();

/** Equal for names that mean the same to an expression. */
export function namesText(names: ExpressionNames): string {
  let text = texts.get(names);
  if (text === undefined) {
    text = JSON.stringify([[...names.stages], names.params, names.key]);
    texts.set(names, text);
  }
  return text;
}
