/** The key of an event by one key plan. */
import type { KeyPlan } from '../document/plans.js';
import type { Scope } from '../expression/expression.js';
import { ExpressionError, NO_CONSTANTS } from '../expression/expression.js';
import type { StreamEvent } from '../model/event.js';
import type { KeyToken, KeyValue } from '../model/key.js';
import { GLOBAL_KEY_TOKEN, isKeyValue, keyToken } from '../model/key.js';

const NO_EVENTS: readonly unknown[] = [];

/** Holds scratch only. */
export class KeyReader {
  /** Of the event asked for last; undefined: none, or the one of all. */
  value: KeyValue | undefined;
  private readonly scope: Scope = {
    body: undefined,
    event: { time: 0, type: undefined, subject: '', headers: undefined },
    key: undefined,
    params: {},
    constants: NO_CONSTANTS,
    stageEvents: () => NO_EVENTS,
  };

  constructor(private readonly plan: KeyPlan) {}

  /** The event's key as a token; undefined if it has none. */
  tokenOf(event: StreamEvent): KeyToken | undefined {
    this.value = undefined;
    const { parts, composite } = this.plan;
    if (parts.length === 0) return GLOBAL_KEY_TOKEN;
    this.scope.body = event.body;
    this.scope.event = event;
    try {
      const value: unknown = composite
        ? parts.map((part) => part.evaluate(this.scope))
        : parts[0]?.evaluate(this.scope);
      if (!isKeyValue(value)) return undefined;
      this.value = value;
      return keyToken(value);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return undefined;
    }
  }
}
