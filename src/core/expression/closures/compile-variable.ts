import type { VariableNode } from '../ast.js';
import type { Code, Test, Value } from './code.js';
import type { Environment } from './environment.js';
import { castBoolean } from './values.js';

/** `$`, `$$`, a stage or a variable of the engine; undefined for anything else (a function as a value). */
export function compileVariable(node: VariableNode, environment: Environment): Code | undefined {
  const value = variableValue(node.value, environment);
  if (value === undefined) return undefined;
  const test: Test = (scope, item) => castBoolean(value(scope, item));
  return node.value === '' ? { value, test, unfinished: true } : { value, test };
}

function variableValue(name: string, environment: Environment): Value | undefined {
  const { names } = environment;
  const slot = names.stages.get(name);
  if (slot !== undefined) return (scope) => scope.stageEvents(slot);
  switch (name) {
    case '':
      return (_scope, item) => item;
    case '$':
      return (scope) => scope.body;
    case 'params':
      return names.params ? (scope) => scope.params : undefined;
    case 'key':
      return names.key ? (scope) => scope.key : undefined;
    case 'eventType':
      return (scope) => scope.event.type;
    case 'eventTime':
      return (scope) => scope.event.time;
    case 'subject':
      return (scope) => scope.event.subject;
    case 'headers':
      return (scope) => scope.event.headers;
    default:
      return undefined;
  }
}
