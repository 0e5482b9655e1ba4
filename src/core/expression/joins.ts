/**
 * What a condition demands of the event by an earlier one: the conjuncts `path = $stage.path`. Where the two differ the condition
 * is false, so a hash from the earlier event's value to its run finds the few runs that an event can move among thousands.
 */
import type { AstNode } from './ast.js';
import { conjunctsOf } from './ast.js';
import { plainFields } from './equalities.js';
import type { Join } from './expression.js';
import type { ExpressionNames } from './expression.js';

/** `$stage.path` and `$stage[0].path`. */
function earlierField(node: AstNode, names: ExpressionNames): Pick<Join, 'slot' | 'stageFields'> | undefined {
  if (node.type !== 'path' || node.keepSingletonArray === true || node.keepArray === true) return undefined;
  const [first, ...others] = node.steps;
  if (first?.type !== 'variable' || first.keepArray === true || first.stages !== undefined) return undefined;
  const slot = names.stages.get(first.value);
  if (slot === undefined || !isFirstOrAll(first.predicate)) return undefined;
  const stageFields = plainFields({ ...node, steps: others });
  return stageFields === undefined ? undefined : { slot, stageFields };
}

/** No filter, or `[0]`: the same for a stage of one event, and only such are looked up. */
function isFirstOrAll(predicate: readonly { readonly expr: AstNode }[] | undefined): boolean {
  if (predicate === undefined || predicate.length === 0) return true;
  const [only, ...more] = predicate;
  return more.length === 0 && only?.expr.type === 'number' && Number(only.expr.value) === 0;
}

function joinOf(event: AstNode, earlier: AstNode, names: ExpressionNames): Join | undefined {
  const fields = plainFields(event);
  const found = earlierField(earlier, names);
  return fields === undefined || found === undefined ? undefined : { fields, ...found };
}

/** The equalities with an earlier event that a condition implies, in the order in which they are written. */
export function joinsOf(ast: AstNode, names: ExpressionNames): readonly Join[] {
  return conjunctsOf(ast).flatMap((part): Join[] => {
    if (part.type !== 'binary' || part.value !== '=') return [];
    const found = joinOf(part.lhs, part.rhs, names) ?? joinOf(part.rhs, part.lhs, names);
    return found === undefined ? [] : [found];
  });
}
