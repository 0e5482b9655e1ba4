/** What a set of rules assigns to key groups, and which versions it assigns no more. */
import type { ActiveRule } from './active-rule.js';
import type { RuleAssignment, VersionAssignment } from './rule-versions.js';
import { groupIdOf } from './group-id.js';

/** Nearly every rule has one version: that costs no map. */
export function versionsByGroup({
  versions,
}: RuleAssignment): Iterable<readonly [string, readonly VersionAssignment[]]> {
  const [only] = versions;
  if (only !== undefined && versions.length === 1) return [[groupIdOf(only.plan), versions]];
  const byGroup = new Map<string, VersionAssignment[]>();
  for (const version of versions) {
    const id = groupIdOf(version.plan);
    const list = byGroup.get(id);
    if (list === undefined) byGroup.set(id, [version]);
    else list.push(version);
  }
  return byGroup;
}

/** Versions that rules have in use and are not assigned any more. */
export function versionsOver(
  assigned: readonly RuleAssignment[],
  inUse: ReadonlyMap<number, ActiveRule>,
): ReadonlyMap<ActiveRule, ReadonlySet<number>> {
  const over = new Map<ActiveRule, ReadonlySet<number>>();
  for (const { generation, versions } of assigned) {
    const rule = inUse.get(generation);
    if (rule === undefined || rule.usesAlready(versions)) continue;
    const kept = new Set(versions.map((one) => one.version));
    const gone = rule.versions.map((one) => one.active.version).filter((version) => !kept.has(version));
    if (gone.length > 0) over.set(rule, new Set(gone));
  }
  return over;
}
