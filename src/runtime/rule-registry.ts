/**
 * Which rules are in force, under which generation and version, and which old versions still drain. A rule that changes
 * gets a new version, one that is deleted and created again a new generation: old state is never seen by a new rule.
 */
import type { PlacedDocument, WeirDocument } from '../core/document/documents.js';
import type { RulePlan, RuleSet } from '../core/document/plans.js';
import { AUTOMATON_FORMAT, hasSameShape } from '../core/nfa/automaton.js';
import { groupIdOf } from '../core/shard/group-id.js';
import type { RuleAssignment } from '../core/shard/rule-versions.js';
import type { StoreChange } from '../ports/store.js';
import { ruleKey } from './state-layout.js';

/** A version as the store keeps it; `documents` recompile it after a restart while it drains. */
export interface StoredVersion {
  readonly version: number;
  readonly hash: string;
  readonly revision: number;
  readonly draining: boolean;
  /** Numbering of automaton states under which its runs were saved. */
  readonly automatonFormat: number;
  readonly documents: readonly WeirDocument[];
}

export interface StoredRule {
  readonly name: string;
  readonly generation: number;
  readonly versions: readonly StoredVersion[];
}

interface HeldVersion extends StoredVersion {
  readonly plan: RulePlan;
}

interface HeldRule {
  readonly name: string;
  readonly generation: number;
  versions: HeldVersion[];
  /** Highest version number ever given in this generation, lost versions included: none is given twice. */
  highestVersion: number;
}

/** Gives the plan of a stored version: of this rule, hash and documents; undefined if it no longer compiles. */
export type RecompileRule = (name: string, hash: string, documents: readonly WeirDocument[]) => RulePlan | undefined;

/** What applying a set of documents would change. */
export interface RuleChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export class RuleRegistry {
  private readonly rules = new Map<string, HeldRule>();
  private nextGeneration = 1;
  private changes: StoreChange[] = [];

  /** Takes over what the store holds. Draining versions that no longer compile are dropped and named. */
  load(stored: readonly StoredRule[], recompile: RecompileRule): readonly string[] {
    const lost: string[] = [];
    for (const { name, generation, versions } of stored) {
      const held = versions.flatMap((version): HeldVersion[] => {
        const readable = version.automatonFormat === AUTOMATON_FORMAT;
        const plan = readable ? recompile(name, version.hash, version.documents) : undefined;
        if (plan === undefined) lost.push(`${name} version ${version.version}`);
        return plan === undefined ? [] : [{ ...version, plan }];
      });
      const highestVersion = Math.max(0, ...versions.map((one) => one.version));
      this.rules.set(name, { name, generation, versions: held, highestVersion });
      this.nextGeneration = Math.max(this.nextGeneration, generation + 1);
    }
    return lost;
  }

  /** What `apply` would do. */
  compare(next: RuleSet): RuleChanges {
    const added: string[] = [];
    const changed: string[] = [];
    for (const [name, plan] of next.rules) {
      const held = this.rules.get(name);
      if (held === undefined) added.push(name);
      else if (currentOf(held)?.hash !== plan.hash) changed.push(name);
    }
    return { added, changed, removed: [...this.rules.keys()].filter((name) => !next.rules.has(name)) };
  }

  /** Sources that old versions still drain from once `next` is in force, as far as they are still defined. */
  drainSources(next: RuleSet): ReadonlySet<string> {
    const sources = [...this.rules.values()].flatMap((rule) => {
      const plan = next.rules.get(rule.name);
      const current = currentOf(rule);
      if (plan === undefined || (current?.hash !== plan.hash && plan.onUpdate === 'restart')) return [];
      const goesOn = ({ plan: old, draining, hash }: HeldVersion): boolean =>
        !draining && (hash === plan.hash || keepsRuns(old, plan));
      return rule.versions.filter((one) => !goesOn(one)).flatMap((one) => one.plan.sources);
    });
    return new Set(sources.filter((source) => next.sources.has(source)));
  }

  /** Puts a rule set in force. `documentsOf` gives what a rule needs to be compiled again. */
  apply(next: RuleSet, documentsOf: (rule: string) => readonly WeirDocument[]): RuleChanges {
    const changes = this.compare(next);
    for (const name of changes.removed) this.forget(name);
    for (const [name, plan] of next.rules) {
      const held = this.rules.get(name);
      const current = held === undefined ? undefined : currentOf(held);
      if (held !== undefined && current?.hash === plan.hash) {
        if (current.plan !== plan) this.renew(held, current, plan, documentsOf(name));
        continue;
      }
      if (held !== undefined && current !== undefined && keepsRuns(current.plan, plan)) {
        const { hash } = plan;
        const kept = { ...current, hash, plan, revision: next.revision, documents: documentsOf(name) };
        held.versions = held.versions.map((one) => (one === current ? kept : one));
        this.keep(held);
        continue;
      }
      this.addVersion(held, plan, next.revision, documentsOf(name));
    }
    for (const rule of this.rules.values()) this.dropUnread(rule, next);
    return changes;
  }

  /** Forgets versions whose drain is over; true if there were any. */
  forgetVersions(drained: readonly { readonly generation: number; readonly version: number }[]): boolean {
    if (drained.length === 0) return false;
    const over = new Set(drained.map(({ generation, version }) => `${generation}/${version}`));
    let any = false;
    for (const rule of this.rules.values()) {
      const left = rule.versions.filter(({ version }) => !over.has(`${rule.generation}/${version}`));
      if (left.length === rule.versions.length) continue;
      rule.versions = left;
      this.keep(rule);
      any = true;
    }
    return any;
  }

  assignments(): RuleAssignment[] {
    return [...this.rules.values()].map(({ name, generation, versions }) => ({
      name,
      generation,
      versions: versions.map(({ version, plan, draining }) => ({ version, plan, draining })),
    }));
  }

  planOf(rule: string, generation: number, version: number): RulePlan | undefined {
    const held = this.rules.get(rule);
    if (held?.generation !== generation) return undefined;
    return held.versions.find((one) => one.version === version)?.plan;
  }

  revisionOf(rule: string, version: number): number {
    return this.rules.get(rule)?.versions.find((one) => one.version === version)?.revision ?? 0;
  }

  get(rule: string): { readonly generation: number; readonly versions: readonly HeldVersion[] } | undefined {
    return this.rules.get(rule);
  }

  /** Changes for the next checkpoint's batch. */
  takeChanges(): StoreChange[] {
    return this.changes.splice(0);
  }

  /** A version whose source is gone has nothing to drain from. */
  private dropUnread(rule: HeldRule, next: RuleSet): void {
    const read = rule.versions.filter(
      ({ draining, plan }) => !draining || plan.sources.every((source) => next.sources.has(source)),
    );
    if (read.length === rule.versions.length) return;
    rule.versions = read;
    this.keep(rule);
  }

  private addVersion(
    held: HeldRule | undefined,
    plan: RulePlan,
    revision: number,
    documents: readonly WeirDocument[],
  ): void {
    const restart = held !== undefined && plan.onUpdate === 'restart';
    if (held !== undefined && restart) this.forget(held.name);
    const rule: HeldRule =
      held === undefined || restart
        ? { name: plan.name, generation: this.nextGeneration++, versions: [], highestVersion: 0 }
        : held;
    const version = ++rule.highestVersion;
    rule.versions = rule.versions.map((one) => ({ ...one, draining: true }));
    rule.versions.push({
      version,
      hash: plan.hash,
      revision,
      draining: false,
      automatonFormat: AUTOMATON_FORMAT,
      documents,
      plan,
    });
    this.rules.set(plan.name, rule);
    this.keep(rule);
  }

  /** The same meaning, perhaps another title: the newest plan speaks. */
  private renew(rule: HeldRule, current: HeldVersion, plan: RulePlan, documents: readonly WeirDocument[]): void {
    const same = JSON.stringify(documents) === JSON.stringify(current.documents);
    rule.versions = rule.versions.map((one) => (one === current ? { ...one, plan, documents } : one));
    if (!same) this.keep(rule);
  }

  private forget(name: string): void {
    const rule = this.rules.get(name);
    if (rule === undefined) return;
    this.rules.delete(name);
    this.changes.push({ kind: 'del', key: ruleKey(rule.generation) });
  }

  private keep({ name, generation, versions }: HeldRule): void {
    const stored: StoredRule = {
      name,
      generation,
      versions: versions.map(({ version, hash, revision, draining, automatonFormat, documents }) => ({
        version,
        hash,
        revision,
        draining,
        automatonFormat,
        documents,
      })),
    };
    this.changes.push({ kind: 'put', key: ruleKey(generation), value: JSON.stringify(stored) });
  }
}

/** `onUpdate: keep`, and possible: the automaton's shape and the key are the same. Else the change drains. */
function keepsRuns(before: RulePlan, after: RulePlan): boolean {
  return (
    after.onUpdate === 'keep' &&
    hasSameShape(before.automaton, after.automaton) &&
    groupIdOf(before) === groupIdOf(after)
  );
}

function currentOf(rule: HeldRule): HeldVersion | undefined {
  return rule.versions.find((one) => !one.draining);
}

/** Gives the documents a rule's meaning depends on: itself, its pattern, its sources. */
export function dependenciesIn(documents: readonly PlacedDocument[]): (rule: string) => WeirDocument[] {
  const byId = new Map(documents.map(({ document }) => [`${document.kind}/${document.name}`, document]));
  const find = (id: string): WeirDocument[] => {
    const document = byId.get(id);
    return document === undefined ? [] : [document];
  };
  return (name) => {
    const [rule] = find(`rule/${name}`);
    if (rule?.kind !== 'rule') return [];
    const sources = typeof rule.source === 'string' ? [rule.source] : rule.source;
    const pattern = typeof rule.pattern === 'string' ? find(`pattern/${rule.pattern}`) : [];
    return [rule, ...pattern, ...sources.flatMap((source) => find(`source/${source}`))];
  };
}
