import type { RulePlan } from '../document/plans.js';

/** Canonical text of the sources and keys of a rule: rules with the same text share a key group. */
export function groupIdOf(plan: RulePlan): string {
  let id = groupIds.get(plan);
  if (id === undefined) {
    id = groupTextOf(plan);
    groupIds.set(plan, id);
  }
  return id;
}

const groupIds = new WeakMap<RulePlan, string>();

function groupTextOf(plan: RulePlan): string {
  const parts = plan.sources.map((source): [string, string] => [source, plan.keys.get(source)?.text ?? '']);
  return JSON.stringify(parts.sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}
