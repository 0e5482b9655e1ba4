/**
 * What the rules of a shard ask of one source, so that who routes the source can tell which events no rule has a use for. Asked anew
 * with every event: it is always that of the rules in force.
 */
import type { RulePlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import type { ActiveRule } from './active-rule.js';
import { mindsEvery } from './active-rule.js';
import type { KeyGroup } from './key-group.js';
import type { Shard } from './shard.js';

export class SourceInterest {
  constructor(
    private readonly shard: Shard,
    private readonly source: string,
  ) {}

  /** Another number, other rules. */
  get epoch(): number {
    return this.shard.rulesEpoch;
  }

  /** Canonical texts of the keys that the rules read the source by. */
  get keys(): string[] {
    return this.groups.map((group) => this.keyOf(group));
  }

  /** Every version of a rule that reads the source, by what makes an event noise to it. */
  get versions(): string[] {
    return this.groups.flatMap(({ rules }) =>
      rules.flatMap(({ name, minds, versions }) =>
        versions.map(({ plan }) => `${name} ${plan.hash}${minds ? ' minds' : ''}`),
      ),
    );
  }

  /** Tells of plans whether nothing is more than noise to them that is not so already to a version here, draining or not. */
  covers(): (plan: RulePlan) => boolean {
    const byName = new Map<string, ActiveRule[]>();
    for (const rule of this.groups.flatMap(({ rules }) => rules)) {
      const same = byName.get(rule.name);
      if (same === undefined) byName.set(rule.name, [rule]);
      else same.push(rule);
    }
    return (plan) => (byName.get(plan.name) ?? []).some((rule) => coversPlan(rule, plan));
  }

  /** Asks the groups of a key whether an event may concern them; of a key without any it may. */
  concernsOf(key: string): (event: StreamEvent) => boolean {
    const groups = this.groups.filter((group) => this.keyOf(group) === key);
    if (groups.length === 0) return () => true;
    const [only, ...more] = groups;
    if (only !== undefined && more.length === 0) return (event) => only.mayConcern(event);
    return (event) => groups.some((group) => group.mayConcern(event));
  }

  private get groups(): readonly KeyGroup[] {
    return this.shard.groupsOf(this.source);
  }

  private keyOf({ plans }: KeyGroup): string {
    return plans.get(this.source)?.text ?? '';
  }
}

function coversPlan({ minds, versions }: ActiveRule, plan: RulePlan): boolean {
  if (!versions.some((one) => one.plan.hash === plan.hash)) return false;
  return minds || !mindsEvery([plan, ...versions.map((one) => one.plan)]);
}
