/** What a rule counts, over all its versions. */
export interface RuleCounters {
  matches: number;
  timeouts: number;
  alerts: number;
  suppressed: number;
  conditionErrors: number;
  overflows: number;
  liveRuns: number;
  lastConditionError: { readonly code: string; readonly message: string; readonly event: string } | undefined;
}

export function createCounters(): RuleCounters {
  return {
    matches: 0,
    timeouts: 0,
    alerts: 0,
    suppressed: 0,
    conditionErrors: 0,
    overflows: 0,
    liveRuns: 0,
    lastConditionError: undefined,
  };
}
