import type { StateBound } from './state-bound.js';
import type { Expression } from '../expression/expression.js';
import type { Automaton } from '../nfa/automaton.js';
import type { AlertDocument, RuleDocument, Severity, SourceDocument } from './documents.js';
import type { PatternDef } from './pattern-def.js';

/** How a payload becomes events. */
export interface DecodePlan {
  readonly body: Expression | undefined;
  readonly each: Expression | undefined;
  /** Undefined: `time: arrival`. */
  readonly time: Expression | undefined;
  readonly arrival: Expression | undefined;
  readonly id: Expression | undefined;
  readonly type: Expression | undefined;
  readonly order: Expression | undefined;
  /** Reasons why a payload fails the source's JSON Schema; undefined when it passes or there is none. */
  readonly schemaProblems: ((body: unknown) => string | undefined) | undefined;
  readonly maxFutureMs: number | undefined;
}

export interface WatermarkPlan {
  readonly maxOutOfOrdernessMs: number;
  readonly by: readonly Expression[];
  readonly idleAfterMs: number | undefined;
}

export interface SourcePlan {
  readonly name: string;
  readonly document: SourceDocument;
  /** Text hash of what the source's meaning depends on. */
  readonly hash: string;
  /** Where the file of a file source lies, relative to the working directory or absolute. */
  readonly filePath: string | undefined;
  readonly decode: DecodePlan;
  readonly watermark: WatermarkPlan;
  readonly late: 'drop' | 'sideOutput';
  /** Where a source without a checkpoint begins. */
  readonly start:
    { readonly kind: 'new' } | { readonly kind: 'all' } | { readonly kind: 'time'; readonly timeMs: number };
}

/** The key of a rule for one source: the expressions of its parts. Empty: the one global key. */
export interface KeyPlan {
  readonly parts: readonly Expression[];
  /** True when written as a list: then the key is a list even with one part. */
  readonly composite: boolean;
  /** Canonical text: rules with equal texts share a key group. */
  readonly text: string;
}

export interface AlertPlan {
  readonly severity: Severity;
  /** Subject below `<prefix>.<severity>.`. */
  readonly subject: string;
  readonly title: string | undefined;
  readonly payload: string | undefined;
  readonly throttleMs: number | undefined;
  readonly include: 'events' | 'ids';
  readonly document: AlertDocument;
}

/** A rule ready to run. */
export interface RulePlan {
  readonly name: string;
  readonly document: RuleDocument;
  /** Hash of everything its matches depend on (rule, pattern, parameters, sources' names). */
  readonly hash: string;
  readonly sources: readonly string[];
  readonly keys: ReadonlyMap<string, KeyPlan>;
  readonly where: Expression | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly pattern: PatternDef;
  readonly automaton: Automaton;
  readonly alert: AlertPlan;
  readonly onTimeout: { readonly alert: AlertPlan; readonly unmatchedOnly: boolean } | undefined;
  readonly emit: 'ordered' | 'eager';
  readonly mode: 'active' | 'shadow' | 'paused';
  readonly onUpdate: 'drain' | 'keep' | 'restart';
  readonly runsPerKeyMax: number;
  readonly overflow: 'dropOldest' | 'dropNewest';
  /** Worst-case state of one key. */
  readonly stateBound: StateBound;
}

/** One applied set of documents, compiled. */
export interface RuleSet {
  readonly revision: number;
  readonly sources: ReadonlyMap<string, SourcePlan>;
  readonly rules: ReadonlyMap<string, RulePlan>;
}
