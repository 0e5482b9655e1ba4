/**
 * Paths: steps mapped over the items of the step before, results flattened. The general form follows the library's
 * evaluator step by step; paths of plain fields, as most rules have, are read directly as long as no array is met.
 */
import type { AstNode, PathNode } from '../ast.js';
import type { Scope } from '../expression.js';
import type { Code, Value } from './code.js';
import type { Environment } from './environment.js';
import type { Filter } from './filter.js';
import { applyFilter, compileFilters } from './filter.js';
import { compilePlainPath } from './plain-path.js';
import type { Sequence } from './sequence.js';
import { emptySequence, finish, isSequence, lookup, sequenceOf } from './sequence.js';
import { castBoolean } from './values.js';

interface Step {
  readonly value: Value;
  readonly filters: readonly Filter[];
}

interface Path {
  readonly steps: readonly Step[];
  /** The first step is an array constructor: evaluated once, not per item. */
  readonly constructedFirst: boolean;
  /** The first step is a variable: evaluated once, also where the context is an array. */
  readonly absolute: boolean;
  readonly keepSingleton: boolean;
  readonly keepArray: boolean;
}

/** A path; undefined if a step is outside of the subset (sorting, binding, grouping, wildcards …). */
export function compilePath(node: PathNode, environment: Environment): Code | undefined {
  const [first] = node.steps;
  if (first === undefined || isQuirk(node, first)) return undefined;
  const steps: Step[] = [];
  for (const each of node.steps) {
    const step = compileStep(each, environment);
    if (step === undefined) return undefined;
    steps.push(step);
  }
  const path: Path = {
    steps,
    constructedFirst: first.consarray === true,
    absolute: first.type === 'variable',
    keepSingleton: node.keepSingletonArray === true,
    keepArray: node.keepArray === true,
  };
  const general: Value = (scope, item) => finish(walk(path, scope, item), path.keepArray);
  return compilePlainPath(node, environment, general) ?? generalCode(general);
}

function generalCode(value: Value): Code {
  return { value, test: (scope, item) => castBoolean(value(scope, item)) };
}

/** First steps whose value the library indexes without asking whether it is an array: left to the library. */
function isQuirk(node: PathNode, first: AstNode): boolean {
  if (first.consarray !== true) return false;
  return first.type !== 'unary' || first.predicate !== undefined || node.steps.length === 1;
}

function compileStep(node: AstNode, environment: Environment): Step | undefined {
  if (node.tuple !== undefined || node.focus !== undefined || node.index !== undefined) return undefined;
  const filters = compileFilters(node.stages ?? [], environment);
  if (filters === undefined) return undefined;
  if (node.type !== 'name') {
    const code = environment.compile(node);
    return code === undefined ? undefined : { value: code.value, filters };
  }
  if (node.predicate !== undefined || node.group !== undefined) return undefined;
  const name = node.value;
  const keepArray = node.keepArray === true;
  return { value: (_scope, item) => finish(lookup(item, name), keepArray), filters };
}

function walk(path: Path, scope: Scope, item: unknown): Sequence {
  const { steps } = path;
  let input: Sequence = Array.isArray(item) && !path.absolute ? item : sequenceOf(item);
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === undefined) break;
    if (i === 0 && path.constructedFirst) input = step.value(scope, input) as Sequence;
    else input = runStep(step, { scope, input, last: i === steps.length - 1 });
    if (input.length === 0) break;
  }
  return path.keepSingleton ? kept(input) : input;
}

/** `[]` somewhere in the path: marks the result, never an array of the data. */
function kept(result: Sequence): Sequence {
  const sequence = result.cons === true && result.sequence !== true ? sequenceOf(result) : result;
  if (isSequence(sequence)) sequence.keepSingleton = true;
  return sequence;
}

function runStep(step: Step, on: { scope: Scope; input: Sequence; last: boolean }): Sequence {
  const { scope, input, last } = on;
  const results: unknown[] = [];
  for (const item of input) {
    let result = step.value(scope, item);
    for (const filter of step.filters) result = applyFilter(filter, { scope, input: result });
    if (result !== undefined) results.push(result);
  }
  const [only] = results;
  if (last && results.length === 1 && Array.isArray(only) && !isSequence(only)) return only;
  return flatten(results);
}

function flatten(results: readonly unknown[]): Sequence {
  const sequence = emptySequence();
  for (const result of results) {
    if (!Array.isArray(result) || (result as Sequence).cons === true) sequence.push(result);
    else for (const item of result) sequence.push(item);
  }
  return sequence;
}
