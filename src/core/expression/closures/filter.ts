import type { FilterStage, IndexStage } from '../ast.js';
import type { Scope } from '../expression.js';
import type { Code } from './code.js';
import type { Environment } from './environment.js';
import type { Sequence } from './sequence.js';
import { emptySequence } from './sequence.js';
import { castBoolean, isNumeric } from './values.js';

/** What stands in `[…]`: a number in the source, or an expression evaluated on every item. */
export type Filter = { readonly index: number } | { readonly condition: Code };

export function compileFilters(
  stages: readonly (FilterStage | IndexStage)[],
  environment: Environment,
): readonly Filter[] | undefined {
  const filters: Filter[] = [];
  for (const stage of stages) {
    if (stage.type !== 'filter') return undefined;
    const condition = environment.compile(stage.expr);
    if (condition === undefined) return undefined;
    const { expr } = stage;
    const isIndex = expr.type === 'number' && typeof expr.value === 'number';
    filters.push(isIndex ? { index: Math.floor(Number(expr.value)) } : { condition });
  }
  return filters;
}

/** The items that pass; not yet unwrapped. An index that finds an array gives that array. */
export function applyFilter(filter: Filter, on: { scope: Scope; input: unknown }): Sequence {
  const { scope, input } = on;
  const items: readonly unknown[] = Array.isArray(input) ? input : [input];
  if ('index' in filter) return itemAt(items, filter.index);
  const results = emptySequence();
  const { condition } = filter;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (condition.boolean === true) {
      if (condition.test(scope, item)) results.push(item);
    } else keepSelected(results, condition.value(scope, item), { items, i });
  }
  return results;
}

function itemAt(items: readonly unknown[], index: number): Sequence {
  const item = items[index < 0 ? items.length + index : index];
  if (Array.isArray(item)) return item;
  const results = emptySequence();
  if (item !== undefined) results.push(item);
  return results;
}

/** A number, or an array of nothing but numbers, selects by position; another value by its truth. */
function keepSelected(results: Sequence, selector: unknown, at: { items: readonly unknown[]; i: number }): void {
  const { items, i } = at;
  const positions = isNumeric(selector) ? [selector] : selector;
  if (!isNumericArray(positions)) {
    if (castBoolean(positions)) results.push(items[i]);
    return;
  }
  for (const position of positions) {
    const whole = Math.floor(position);
    if ((whole < 0 ? items.length + whole : whole) === i) results.push(items[i]);
  }
}

function isNumericArray(value: unknown): value is readonly number[] {
  if (!Array.isArray(value)) return false;
  let all = true;
  for (const item of value) if (!isNumeric(item)) all = false;
  return all;
}
