/**
 * The gate of a condition over earlier events: what it demands of the event alone. `type = 'b' and amount > $a.amount` can
 * only hold where `type = 'b'` does, which one look at the event decides for every run.
 */
import type { AstNode } from './ast.js';
import { conjunctsOf } from './ast.js';
import { checkNames } from './check-names.js';
import type { Code } from './closures/code.js';
import type { ConstantSlots } from './closures/environment.js';
import { NO_SLOTS } from './closures/environment.js';
import { compileClosures } from './closures/compile-node.js';
import type { ExpressionNames, Gate } from './expression.js';

function unaryCode(node: AstNode, names: ExpressionNames, slotOf: ConstantSlots): Code | undefined {
  const use = checkNames(node, names);
  return use.problems.length > 0 || use.stages.size > 0 ? undefined : compileClosures(node, names, slotOf);
}

/** Undefined when the condition demands nothing that the event alone decides. */
export function gateOf(ast: AstNode, names: ExpressionNames, slotOf: ConstantSlots = NO_SLOTS): Gate | undefined {
  const parts = conjunctsOf(ast);
  if (parts.length < 2) return undefined;
  const tests = parts.flatMap((part) => unaryCode(part, names, slotOf)?.test ?? []);
  if (tests.length === 0) return undefined;
  return (scope) => {
    // An array as payload is wrapped specially by the library; a part that throws is left to the condition itself.
    if (Array.isArray(scope.body)) return true;
    try {
      for (let i = 0; i < tests.length; i++) if (tests[i]?.(scope, scope.body) === false) return false;
      return true;
    } catch {
      return true;
    }
  };
}
