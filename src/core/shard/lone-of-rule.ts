/** What one rule holds for one key, while that is one run of one event (nfa/lone-run.ts). */
import type { StreamEvent } from '../model/event.js';
import type { ActiveVersion } from '../nfa/active-version.js';
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
