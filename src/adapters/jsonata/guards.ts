/**
 * What holds one evaluation in the library within its limits. There is no clock in here: an evaluation is bounded by
 * the nodes it enters, so that the same expression on the same event ends the same way on any machine.
 */
import { raise } from '../../core/expression/closures/raise.js';
import { expressionLimits } from '../../core/expression/expression-limits.js';
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
    this.steps += 1;
    if (this.steps > expressionLimits.stepsMax) raise('too-many-steps', { value: expressionLimits.stepsMax });
    if (environment.base.depth > expressionLimits.evaluationDepthMax) raise('D1011');
  };

  readonly onExit = (_node: unknown, _input: unknown, _environment: SyncEnvironment, result: unknown): void => {
    if (typeof result === 'string') {
      if (result.length > expressionLimits.textLengthMax) raise('D2015', { value: result.length });
    } else if (Array.isArray(result) && result.length > expressionLimits.sequenceLengthMax) {
      if ((result as { sequence?: true }).sequence === true) raise('D2015', { value: result.length });
    }
  };
}

/** A regular expression that refuses texts too long to be matched in bounded time. */
class CappedRegex implements RegexEngine {
  private readonly regex: RegExp;

  constructor(regex: RegExp) {
    this.regex = new RegExp(regex);
  }

  get lastIndex(): number {
    return this.regex.lastIndex;
  }

  set lastIndex(index: number) {
    this.regex.lastIndex = index;
  }

  exec(text: string): RegExpExecArray | null {
    if (text.length > expressionLimits.regexSubjectLengthMax) raise('regex-subject-too-long', { value: text.length });
    return this.regex.exec(text);
  }
}
