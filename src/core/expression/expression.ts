import type { KeyValue } from '../model/key.js';
import type { StreamEvent } from '../model/event.js';

/**
 * What an expression may look at. One mutable instance is reused per caller: fields are set before each evaluation.
 * `$` is `body`; `$<stage>` is what `stageEvents` gives for the stage's slot; the rest are the named variables.
 */
export interface Scope {
  /** `$` and `$$`: the event's payload. */
  body: unknown;
  /** The event, for `$eventType`, `$eventTime`, `$subject`, `$headers`, `$now()`, `$millis()`; its `body` is not read. */
  event: ScopeEvent;
  /** `$key`. */
  key: KeyValue | undefined;
  /** `$params`. */
  params: Readonly<Record<string, unknown>>;
  /** The constants of the expression that runs, where it shares its code with others: set by the expression itself. */
  constants: Constants;
  /** Payloads the run has accepted for the stage in this slot, in order, without the current event; never undefined. */
  stageEvents(slot: number): readonly unknown[];
}

/** Values in a source against which it compares, in the order in which they stand there. */
export type Constants = readonly (string | number)[];

export const NO_CONSTANTS: Constants = [];

/** The part of an event that expressions can name. */
export type ScopeEvent = Pick<StreamEvent, 'time' | 'type' | 'subject' | 'headers'>;

/** Names an expression may use, given at compile time. */
export interface ExpressionNames {
  /** Stage name → slot handed to `Scope.stageEvents`. */
  readonly stages: ReadonlyMap<string, number>;
  /** True where `$params` is bound. */
  readonly params: boolean;
  /** True where `$key` is bound. */
  readonly key: boolean;
}

/** False only if the condition is certain to be false, whatever the run: decided on the event alone. Never throws. */
export type Gate = (scope: Scope) => boolean;

/** A conjunct `fields.of.the.event = constant` of a condition. */
export interface Equality {
  readonly fields: readonly string[];
  readonly constant:
    { readonly kind: 'value'; readonly value: string | number } | { readonly kind: 'parameter'; readonly name: string };
}

/** A conjunct `fields.of.the.event > number` of a condition, or with another order, the event's side first. */
export interface Range {
  readonly fields: readonly string[];
  readonly order: '<' | '<=' | '>' | '>=';
  readonly constant:
    { readonly kind: 'value'; readonly value: number } | { readonly kind: 'parameter'; readonly name: string };
}

/** A conjunct `fields.of.the.event = $stage.fields.of.an.earlier.event` of a condition. */
export interface Join {
  readonly fields: readonly string[];
  /** The stage's slot, as in `ExpressionNames.stages`. The join is meant for runs in which the stage took one event. */
  readonly slot: number;
  readonly stageFields: readonly string[];
}

/** A compiled expression. `evaluate` is synchronous, deterministic, and may throw a value of class `ExpressionError`. */
export interface Expression {
  readonly source: string;
  /** Expressions of the same form, an object that stands for it, differ in nothing but constants; undefined for one by itself. */
  readonly form?: object | undefined;
  /** The value as JSONata gives it; undefined when it gives nothing. */
  evaluate(scope: Scope): unknown;
  /** `$boolean(value)`: undefined is false. Throws what `evaluate` throws. */
  test(scope: Scope): boolean;
  /** Stage names it refers to: empty means it looks at the event alone (unary). */
  readonly stagesUsed: ReadonlySet<string>;
  /** Each of them must hold for the expression to be true; what an index can look up. */
  readonly equalities: readonly Equality[];
  /** Like `equalities`, of numbers in order. */
  readonly ranges: readonly Range[];
  /** Conditions that it joins by `and`: as many as equalities and ranges, if these are all of it. */
  readonly conjuncts: number;
  /** Each of them must hold for the expression to be true of a run; by them a run can be looked up. */
  readonly joins: readonly Join[];
  /** Of a condition over earlier events, when there is one. */
  readonly gate: Gate | undefined;
  /** True if it names `$key`. */
  readonly usesKey: boolean;
  /** True if it names `$params`. */
  readonly usesParams: boolean;
  /** True if compiled to closures; false if it runs in the library's evaluator. */
  readonly compiled: boolean;
}

/** Why an expression does not compile; `position` is the 0-based offset into the source. */
export interface ExpressionProblem {
  /** `expression-syntax`, `unknown-name`, `refused-function`, `expression-too-long`, `unsafe-regex`, … */
  readonly code: string;
  readonly message: string;
  readonly position: number;
}

export type ExpressionResult =
  | {
      readonly ok: true;
      readonly expression: Expression;
      /** What its author should know: it does less than it seems to. Absent: nothing. */
      readonly warnings?: readonly ExpressionProblem[];
    }
  | { readonly ok: false; readonly problems: readonly ExpressionProblem[] };

/** Compiles JSONata source. Implemented in core over the parser that an adapter gives. */
export interface ExpressionCompiler {
  compile(source: string, names: ExpressionNames): ExpressionResult;
  /** A compiler for many sources, which compiles those that differ in constants once, and holds what they share as long as it lives. */
  sharing?(): ExpressionCompiler;
}

/** An expression failed on an event: bad data, counted, never fatal. `code` is JSONata's (T2009, …) or our own. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
