/** Versions of a rule: as the registry hands them to a shard, and as a key group uses them. */
import type { RulePlan } from '../document/plans.js';
import type { ActiveVersion } from '../nfa/active-version.js';
import type { SharedVerdict } from '../nfa/shared-verdicts.js';

/** One version of a rule as the registry numbers it. */
export interface VersionAssignment {
  readonly version: number;
  readonly plan: RulePlan;
  /** It starts no new runs any more. */
  readonly draining: boolean;
}

/** A rule as the registry hands it to a shard. `generation` is new for a rule that was deleted and created again. */
export interface RuleAssignment {
  readonly name: string;
  readonly generation: number;
  readonly versions: readonly VersionAssignment[];
}

/** A version in use in this group. */
export interface VersionInUse {
  readonly plan: RulePlan;
  readonly active: ActiveVersion;
  /** It starts no new runs any more. */
  readonly draining: boolean;
  /** Event time at which a draining version's remaining runs are dropped; Infinity while it is current. */
  drainUntil: number;
  /** What other rules know of its filter. */
  readonly filter: SharedVerdict | undefined;
}
