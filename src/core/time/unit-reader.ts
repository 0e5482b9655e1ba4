/** The unit of an event, whose clock it moves: the text of what `watermark.by` gives. */
import type { Expression, Scope } from '../expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../expression/expression.js';
import type { StreamEvent } from '../model/event.js';

const NO_EVENTS: readonly unknown[] = [];

/** Holds scratch only. */
export class UnitReader {
  private readonly scope: Scope = {
    body: undefined,
    event: { time: 0, type: undefined, subject: '', headers: undefined },
    key: undefined,
    params: {},
    constants: NO_CONSTANTS,
    stageEvents: () => NO_EVENTS,
  };

  constructor(private readonly by: readonly Expression[]) {}

  unitOf(event: StreamEvent): string {
    const { by } = this;
    if (by.length === 0) return '';
    this.scope.body = event.body;
    this.scope.event = event;
    if (by.length === 1) return this.part(0);
    return by.map((_, part) => this.part(part)).join('\u0001');
  }

  private part(part: number): string {
    try {
      const value = this.by[part]?.evaluate(this.scope);
      return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return '';
    }
  }
}
