/**
 * Conditions over the event alone that several rules have: each is evaluated once for an event, whoever asks first. By source, blanks
 * aside; conditions that name `$key` or `$params` may differ from rule to rule and are not shared.
 */
import type { Expression, Scope } from '../expression/expression.js';
import { ExpressionError } from '../expression/expression.js';
import { squeezeBlanks } from '../expression/source-form.js';
import type { StreamEvent } from '../model/event.js';

/** What is known of one condition on the event it was asked about last. */
export class SharedVerdict {
  /** Conditions of rules that have it. */
  users = 0;
  private event: StreamEvent | undefined = undefined;
  private holds = false;
  private error: ExpressionError | undefined = undefined;

  /** As `expression.test`, which is evaluated unless the event was asked about before; `scope` has entered the event. */
  test(expression: Expression, scope: Scope, event: StreamEvent): boolean {
    if (this.event !== event) {
      this.error = undefined;
      try {
        this.holds = expression.test(scope);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        this.error = error;
      }
      this.event = event;
    }
    if (this.error !== undefined) throw this.error;
    return this.holds;
  }
}

/** By source. Who acquires releases. */
export class SharedVerdicts {
  private readonly bySource = new Map<string, SharedVerdict>();

  get size(): number {
    return this.bySource.size;
  }

  /** Undefined for a condition that cannot be shared. */
  acquire(expression: Expression): SharedVerdict | undefined {
    if (!isOfEventAlone(expression)) return undefined;
    const source = squeezeBlanks(expression.source);
    let verdict = this.bySource.get(source);
    if (verdict === undefined) {
      verdict = new SharedVerdict();
      this.bySource.set(source, verdict);
    }
    verdict.users++;
    return verdict;
  }

  release(expression: Expression): void {
    if (!isOfEventAlone(expression)) return;
    const source = squeezeBlanks(expression.source);
    const verdict = this.bySource.get(source);
    if (verdict !== undefined && --verdict.users === 0) this.bySource.delete(source);
  }
}

function isOfEventAlone({ stagesUsed, usesKey, usesParams }: Expression): boolean {
  return stagesUsed.size === 0 && !usesKey && !usesParams;
}
