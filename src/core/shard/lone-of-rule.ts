/** What one rule holds for one key, while that is one run of one event (nfa/lone-run.ts). */
import { assert } from '../assert.js';
import type { StreamEvent } from '../model/event.js';
import type { ActiveVersion } from '../nfa/active-version.js';
import type { LoneBegin } from '../nfa/lone-matcher.js';
import type { OneEventRun } from '../nfa/lone-run.js';
import type { ActiveRule } from './active-rule.js';

export class LoneOfRule implements OneEventRun {
  constructor(
    readonly rule: ActiveRule,
    readonly owner: ActiveVersion,
    readonly state: number,
    readonly stage: number,
    readonly event: StreamEvent,
    readonly ordinal: number,
  ) {}
}

/** A lone run of the rule's version that begins runs; it is counted. */
export function beginLone(
  rule: ActiveRule,
  { state, stage }: LoneBegin,
  event: StreamEvent,
  ordinal: number,
): LoneOfRule {
  assert(rule.starting !== undefined, 'who begins runs has a version for it');
  rule.counters.liveRuns++;
  return new LoneOfRule(rule, rule.starting.active, state, stage, event, ordinal);
}
