/**
 * What holds one evaluation in the library within its limits. There is no clock in here: an evaluation is bounded by
 * the steps it takes, so that the same expression on the same event ends the same way on any machine.
 */
import { raise } from '../../core/expression/closures/raise.js';
import { expressionLimits } from '../../core/expression/expression-limits.js';
import { regexSubjectMax } from '../../core/expression/regex-cost.js';
import type { RegexEngine, SyncEnvironment, SyncOptions } from './sync-library.js';

/** State of the evaluation that is running; evaluations are synchronous and never nest. */
export class EvaluationGuard implements SyncOptions {
  readonly sequence = expressionLimits.sequenceLengthMax;
  readonly RegexEngine = CappedRegex;
  private steps = 0;
  private timeMs = 0;

  /** Begins an evaluation at this event time. */
  begin(timeMs: number): void {
    this.steps = 0;
    this.timeMs = timeMs;
  }

  readonly now = (): number => this.timeMs;

  readonly onEntry = (_node: unknown, _input: unknown, environment: SyncEnvironment): void => {
    this.count(1);
    if (environment.base.depth > expressionLimits.evaluationDepthMax) raise('D1011');
  };

  readonly onExit = (_node: unknown, _input: unknown, _environment: SyncEnvironment, result: unknown): void => {
    this.onResult(result);
  };

  readonly onResult = (result: unknown): void => {
    if (typeof result === 'string') this.countText(result.length);
    else if (Array.isArray(result)) this.countItems(result);
  };

  private count(steps: number): void {
    this.steps += steps;
    if (this.steps > expressionLimits.stepsMax) raise('too-many-steps', { value: expressionLimits.stepsMax });
  }

  private countText(length: number): void {
    if (length > expressionLimits.textLengthMax) raise('result-too-large', { value: length });
    this.count(Math.floor(length / expressionLimits.charactersPerStep));
  }

  /** An array of the input may be as long as it is: only what the evaluation makes itself is limited. */
  private countItems(items: readonly unknown[]): void {
    const { length } = items;
    const made = (items as { readonly sequence?: true }).sequence === true;
    if (made && length > expressionLimits.sequenceLengthMax) raise('result-too-large', { value: length });
    this.count(Math.floor(length / expressionLimits.itemsPerStep));
  }
}

/** A regular expression that refuses texts too long to be matched in bounded time. */
class CappedRegex implements RegexEngine {
  private readonly regex: RegExp;
  private readonly subjectMax: number;

  constructor(regex: RegExp) {
    this.subjectMax = regexSubjectMax(regex);
    this.regex = new RegExp(regex);
  }

  get lastIndex(): number {
    return this.regex.lastIndex;
  }

  set lastIndex(index: number) {
    this.regex.lastIndex = index;
  }

  exec(text: string): RegExpExecArray | null {
    if (text.length > this.subjectMax) raise('regex-subject-too-long', { value: text.length });
    return this.regex.exec(text);
  }
}
