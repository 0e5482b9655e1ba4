/** What a state holds, for people: from the entries of a store or of a savepoint, in one pass. */
import type { WeirDocument } from '../core/document/documents.js';
import type { KeyToken, KeyValue } from '../core/model/key.js';
import { keyOfToken } from '../core/model/key.js';
import type { EventRow, SavedKey, SavedRule } from '../core/shard/saved-key.js';
import type { StoredDocument } from './document-set.js';
import type { StoredRule } from './rule-registry.js';
import type { StoredCheckpoint } from './stored-state.js';
import { parseRecordKey } from './state-layout.js';

export type StateEntries = AsyncIterable<readonly [string, string]>;

export interface RuleSummary {
  readonly name: string;
  readonly generation: number;
  readonly versions: readonly { readonly version: number; readonly draining: boolean; readonly hash: string }[];
  readonly keys: number;
  readonly runs: number;
  /** Matches held back by a run that began earlier. */
  readonly waiting: number;
  /** Of its runs and paths as text; events, which rules share, are apart. */
  readonly characters: number;
}

export interface SourceSummary {
  readonly name: string;
  readonly input: string | null;
  readonly position: number;
  readonly replayFrom: number;
  /** ISO time; null for none yet, `end` once the source ended. */
  readonly watermark: string | null;
  readonly units: number;
}

export interface StateSummary {
  readonly format: number;
  readonly namespace: string;
  readonly revision: number;
  /** When the newest checkpoint was taken. */
  readonly at: string;
  readonly entries: number;
  readonly characters: number;
  readonly sources: readonly SourceSummary[];
  readonly documents: Readonly<Record<string, number>>;
  readonly rules: readonly RuleSummary[];
  readonly keys: { readonly count: number; readonly characters: number; readonly events: number };
  /** Generations that keys still hold something of although their rule is gone. */
  readonly goneRules: number;
  readonly outbox: { readonly waiting: number; readonly next: number; readonly since: number };
  readonly shadowAlerts: number;
  /** Deadlines of keys. */
  readonly timers: number;
  /** Entries of other kinds, by the first part of their key. */
  readonly other: Readonly<Record<string, number>>;
}

interface RuleTally {
  keys: number;
  runs: number;
  waiting: number;
  characters: number;
}

/** Adds up a state. */
export class StateTally {
  private entries = 0;
  private characters = 0;
  private checkpoint: StoredCheckpoint | undefined;
  private readonly documents: Record<string, number> = {};
  private readonly other: Record<string, number> = {};
  private readonly rules: StoredRule[] = [];
  private readonly tallies = new Map<number, RuleTally>();
  private readonly keys = { count: 0, characters: 0, events: 0 };
  private outbox = 0;
  private shadow = 0;
  private timers = 0;

  add(key: string, value: string): void {
    this.entries++;
    this.characters += key.length + value.length;
    const kind = key.slice(0, key.indexOf('/'));
    if (kind === 'k') this.addKey(value);
    else if (kind === 'c') this.checkpoint = JSON.parse(value) as StoredCheckpoint;
    else if (kind === 'd') this.addDocument(JSON.parse(value) as StoredDocument);
    else if (kind === 'r') this.rules.push(JSON.parse(value) as StoredRule);
    else if (kind === 'o') this.outbox++;
    else if (kind === 's') this.shadow++;
    else if (kind === 't') this.timers++;
    else this.other[kind] = (this.other[kind] ?? 0) + 1;
  }

  /** Undefined for a state that has no checkpoint yet. */
  summary(): StateSummary | undefined {
    const { checkpoint, entries, characters, documents, other, keys } = this;
    if (checkpoint === undefined) return undefined;
    const { format, namespace, revision, at } = checkpoint;
    const known = new Set(this.rules.map((rule) => rule.generation));
    const { next, since } = checkpoint.outbox;
    return {
      format,
      namespace,
      revision,
      at: new Date(at).toISOString(),
      entries,
      characters,
      sources: Object.entries(checkpoint.sources).map(([name, saved]) => ({
        name,
        input: saved.input ?? null,
        position: saved.position,
        replayFrom: saved.replayFrom,
        watermark: toTime(saved.timeline.watermark),
        units: saved.timeline.units.length,
      })),
      documents,
      rules: this.rules.map((rule) => this.ruleSummary(rule)).sort((a, b) => (a.name < b.name ? -1 : 1)),
      keys: { ...keys },
      goneRules: [...this.tallies.keys()].filter((generation) => !known.has(generation)).length,
      outbox: { waiting: this.outbox, next, since },
      shadowAlerts: this.shadow,
      timers: this.timers,
      other,
    };
  }

  private addDocument({ document }: StoredDocument): void {
    this.documents[document.kind] = (this.documents[document.kind] ?? 0) + 1;
  }

  private addKey(value: string): void {
    const saved = JSON.parse(value) as SavedKey;
    this.keys.count++;
    this.keys.characters += value.length;
    this.keys.events += saved.events.length;
    for (const rule of saved.rules) {
      const tally = this.tallies.get(rule.g) ?? { keys: 0, runs: 0, waiting: 0, characters: 0 };
      this.tallies.set(rule.g, tally);
      tally.keys++;
      tally.runs += rule.runs.length;
      tally.waiting += rule.finished.length;
      tally.characters += JSON.stringify(rule).length;
    }
  }

  private ruleSummary({ name, generation, versions }: StoredRule): RuleSummary {
    const tally = this.tallies.get(generation) ?? { keys: 0, runs: 0, waiting: 0, characters: 0 };
    return {
      name,
      generation,
      versions: versions.map(({ version, draining, hash }) => ({ version, draining, hash })),
      ...tally,
    };
  }
}

function toTime(watermark: number | null | 'end'): string | null {
  return typeof watermark === 'number' ? new Date(watermark).toISOString() : watermark;
}

/** Rejects with what reading rejects with. Undefined for a state without a checkpoint. */
export async function summarizeState(entries: StateEntries): Promise<StateSummary | undefined> {
  const tally = new StateTally();
  for await (const [key, value] of entries) tally.add(key, value);
  return tally.summary();
}

export interface RunView {
  readonly version: number;
  readonly state: number;
  /** The events taken so far, by stage (its number where its name is not known). */
  readonly taken: readonly { readonly stage: string; readonly event: string; readonly time: string }[];
}

export interface KeyView {
  readonly key: KeyValue | null;
  readonly group: string;
  readonly characters: number;
  readonly events: readonly { readonly id: string; readonly time: string; readonly body: unknown }[];
  readonly rules: readonly { readonly rule: string; readonly generation: number; readonly runs: readonly RunView[] }[];
}

/** Names of the stages of a version, by its documents; undefined if they do not compile. */
export type StageNames = (documents: readonly WeirDocument[]) => readonly string[] | undefined;

/** Every record of one key, written as text or as JSON. */
export async function viewKey(entries: StateEntries, wanted: string, stagesOf: StageNames): Promise<KeyView[]> {
  const rules = new Map<number, StoredRule>();
  const found: { token: KeyToken; group: string; value: string }[] = [];
  for await (const [key, value] of entries) {
    if (key.startsWith('r/')) {
      const rule = JSON.parse(value) as StoredRule;
      rules.set(rule.generation, rule);
    } else if (key.startsWith('k/')) {
      const { group, token } = parseRecordKey(key);
      if (isWritten(token, wanted)) found.push({ token, group, value });
    }
  }
  return found.map(({ token, group, value }) => {
    const saved = JSON.parse(value) as SavedKey;
    return {
      key: keyOfToken(token) ?? null,
      group,
      characters: value.length,
      events: saved.events.map((row) => ({ id: idOf(row), time: timeOf(row), body: row[11] })),
      rules: saved.rules.map((rule) => {
        const stored = rules.get(rule.g);
        return { rule: stored?.name ?? '(void)', generation: rule.g, runs: runsOf(saved, rule, stored, stagesOf) };
      }),
    };
  });
}

function isWritten(token: KeyToken, wanted: string): boolean {
  const value = keyOfToken(token) ?? null;
  return wanted === String(value) || wanted === JSON.stringify(value);
}

function idOf(row: EventRow): string {
  return row[7] ?? `${row[1]}/${row[2]}/${row[3]}`;
}

function timeOf(row: EventRow): string {
  return new Date(row[4]).toISOString();
}

function runsOf(saved: SavedKey, rule: SavedRule, stored: StoredRule | undefined, stagesOf: StageNames): RunView[] {
  const names = new Map(stored?.versions.map(({ version, documents }) => [version, stagesOf(documents)]));
  return rule.runs.map(([version, state, last]) => {
    const taken: { stage: string; event: string; time: string }[] = [];
    for (let at = last; at >= 0;) {
      const node = rule.nodes[at];
      if (node === undefined) break;
      const [parent, stage, event] = node;
      const row = saved.events[event] as EventRow;
      taken.unshift({ stage: names.get(version)?.[stage] ?? String(stage), event: idOf(row), time: timeOf(row) });
      at = parent;
    }
    return { version, state, taken };
  });
}
