/**
 * Paths of plain fields from the context, `$$`, `$params`, `$headers` or a stage: read without allocating. Where an array
 * is met on the way the general form of the path takes over, from the beginning: it has no side effects.
 */
import type { AstNode, NameNode, PathNode } from '../ast.js';
import type { Code, Value } from './code.js';
import type { Environment } from './environment.js';
import { isPlainName, readField } from './sequence.js';
import { castBoolean } from './values.js';

/** The fast form of a path; undefined if it has another shape. */
export function compilePlainPath(node: PathNode, environment: Environment, general: Value): Code | undefined {
  const [first, ...others] = node.steps;
  if (first === undefined || node.keepSingletonArray === true || node.keepArray === true) return undefined;
  if (first.type === 'name') {
    const fields = fieldNames(node.steps);
    return fields === undefined ? undefined : contextPath(fields, general);
  }
  const fields = fieldNames(others);
  if (fields === undefined || first.type !== 'variable' || first.keepArray === true) return undefined;
  const slot = environment.names.stages.get(first.value);
  if (slot === undefined && (first.predicate !== undefined || first.stages !== undefined)) return undefined;
  if (first.value === '') return contextPath(fields, general);
  const root = slot === undefined ? environment.compile(first)?.value : stageRoot(first, slot);
  return root === undefined ? undefined : valueCode(rootPath(root, fields, general));
}

/** The names of steps that are nothing but fields; undefined if one is more, or is a name every object inherits. */
function fieldNames(steps: readonly AstNode[]): readonly string[] | undefined {
  const plain = steps.filter(isPlainStep);
  return plain.length === steps.length && plain.length > 0 ? plain.map((step) => step.value) : undefined;
}

function isPlainStep(step: AstNode): step is NameNode {
  if (step.type !== 'name' || !isPlainName(step.value)) return false;
  return step.stages === undefined && step.predicate === undefined && step.keepArray !== true && isUnbound(step);
}

function isUnbound(step: AstNode): boolean {
  return step.tuple === undefined && step.focus === undefined && step.index === undefined && step.group === undefined;
}

function valueCode(value: Value): Code {
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}

/** `a`, `a.b`, `a.b.c` of the context item. */
function contextPath(fields: readonly string[], general: Value): Code {
  const [a, b] = fields;
  if (a !== undefined && fields.length === 1) {
    const value: Value = (scope, item) => (Array.isArray(item) ? general(scope, item) : readField(item, a));
    return { ...valueCode(value), field: a };
  }
  if (a !== undefined && b !== undefined && fields.length === 2) {
    return valueCode((scope, item) => {
      if (Array.isArray(item)) return general(scope, item);
      const inner = readField(item, a);
      return Array.isArray(inner) ? general(scope, item) : readField(inner, b);
    });
  }
  return valueCode(rootPath((_scope, item) => item, fields, general));
}

function rootPath(root: Value, fields: readonly string[], general: Value): Value {
  const [only] = fields;
  if (only !== undefined && fields.length === 1) {
    return (scope, item) => {
      const at = root(scope, item);
      return Array.isArray(at) ? general(scope, item) : readField(at, only);
    };
  }
  return (scope, item) => {
    let at = root(scope, item);
    for (let i = 0; i < fields.length; i++) {
      if (Array.isArray(at)) return general(scope, item);
      at = readField(at, fields[i] as string);
    }
    return at;
  };
}

/** `$stage` as far as it is one event (or none), and `$stage[i]`; undefined for other filters. */
function stageRoot(first: AstNode, slot: number): Value | undefined {
  if (first.stages !== undefined) return undefined;
  if (first.predicate === undefined) {
    return (scope) => {
      const events = scope.stageEvents(slot);
      return events.length > 1 ? events : events[0];
    };
  }
  const [only, ...more] = first.predicate;
  if (only === undefined || more.length > 0 || only.expr.type !== 'number') return undefined;
  const index = Math.floor(Number(only.expr.value));
  if (index >= 0) return (scope) => scope.stageEvents(slot)[index];
  return (scope) => {
    const events = scope.stageEvents(slot);
    return events[events.length + index];
  };
}
