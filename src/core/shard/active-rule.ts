/** A rule at work in one key group: its versions with live runs, the newest of which starts new ones, and who steps them. */
import type { RulePlan } from '../document/plans.js';
import type { Expression } from '../expression/expression.js';
import { ExpressionError } from '../expression/expression.js';
import type { StreamEvent } from '../model/event.js';
import type { KeyValue } from '../model/key.js';
import type { MatchLimits } from '../nfa/match-runs.js';
import { ActiveVersion } from '../nfa/active-version.js';
import type { RunsOrPaths } from '../nfa/arena/arena-matcher.js';
import { ArenaMatcher, liveRunsOf, scatterPaths } from '../nfa/arena/arena-matcher.js';
import { DetAutomaton } from '../nfa/arena/det-automaton.js';
import type { SavedArena } from '../nfa/arena/save-arena.js';
import { loadArena } from '../nfa/arena/save-arena.js';
import type { ExecutorUse } from '../nfa/choose-executor.js';
import { chooseExecutor } from '../nfa/choose-executor.js';
import type { LoneBegin, LoneEnd } from '../nfa/lone-matcher.js';
import { LoneMatcher, WAITS } from '../nfa/lone-matcher.js';
import type { OneEventRun } from '../nfa/lone-run.js';
import { runSetOf } from '../nfa/lone-run.js';
import { RunMatcher } from '../nfa/match-runs.js';
import type { RunSet } from '../nfa/run-set.js';
import { createRunSet } from '../nfa/run-set.js';
import type { SavedEvent } from '../nfa/save-runs.js';
import type { SharedVerdict, SharedVerdicts } from '../nfa/shared-verdicts.js';
import type { MatchList } from './match-list.js';
import type { RuleCounters } from './rule-counters.js';
import type { KeyOfState, Throttles } from './rule-reports.js';
import { RuleReports } from './rule-reports.js';
import type { VersionAssignment, VersionInUse } from './rule-versions.js';

/** What one rule holds for one key, where that is more than a lone run. */
export interface RuleState extends RunsOrPaths, Throttles {
  readonly rule: ActiveRule;
}

/** What a rule is given besides its versions. */
export interface RuleUse extends ExecutorUse {
  /** What rules know together of the current event. */
  readonly verdicts?: SharedVerdicts;
}

/**
 * True if it may decide what such versions of a rule say whether any event of a key came, noise too: it drops condemned runs, whose
 * time-out is told otherwise.
 */
export function mindsEvery(versions: readonly RulePlan[]): boolean {
  return (
    versions.some(({ onTimeout }) => onTimeout !== undefined) &&
    versions.some(({ automaton }) => automaton.skip.kind !== 'noSkip')
  );
}

export class ActiveRule {
  versions: VersionInUse[] = [];
  /** See `mindsEvery`. */
  minds = false;
  /** How a run of the rule begins alone; undefined where that is for `starts` and `step`. */
  loneBegin: LoneBegin | undefined;
  /** How one that began so completes, where one condition decides that. */
  loneEnd: LoneEnd | undefined;
  private readonly reports: RuleReports;
  private matcher: RunMatcher;
  /** In front of the matcher, where the one version's runs may be kept as sets of paths. */
  private paths: ArenaMatcher | undefined;
  /** In front of the matcher, while a key holds one run. */
  private lone: LoneMatcher | undefined;
  private current: VersionInUse | undefined;
  /** What a stateless rule is stepped on. */
  private alone: RuleState | undefined;

  constructor(
    readonly name: string,
    readonly generation: number,
    readonly counters: RuleCounters,
    /** Where matches go now. */
    out: () => MatchList,
    private readonly use: RuleUse = {},
  ) {
    this.reports = new RuleReports({ name, generation, counters, out });
    this.matcher = new RunMatcher([], undefined, 'ordered', { runsMax: 0, overflow: 'dropOldest' }, this.reports);
  }

  get matchThrottleMs(): number | undefined {
    return this.reports.matchThrottleMs;
  }

  get timeoutThrottleMs(): number | undefined {
    return this.reports.timeoutThrottleMs;
  }

  /** The version that starts runs; undefined while only old ones drain here. */
  get starting(): VersionInUse | undefined {
    return this.current;
  }

  get paused(): boolean {
    return this.current?.plan.mode === 'paused';
  }

  /**
   * Puts versions to use: known ones go on with their runs, the one that does not drain starts new ones. True if a version
   * goes on under another automaton: then the deadlines of its runs must be computed again.
   */
  useVersions(assigned: readonly VersionAssignment[], drainFrom: number, drainMaxMs: number): boolean {
    if (this.usesAlready(assigned)) return false;
    let replaced = false;
    const before = new Map(this.versions.map((one) => [one.active.version, one]));
    this.versions = assigned.map(({ version, plan, draining }): VersionInUse => {
      const known = before.get(version);
      const active =
        known?.active ??
        new ActiveVersion(
          version,
          plan.automaton,
          (error, event) => this.reports.countFailure(error, event),
          this.use.verdicts,
        );
      if (known !== undefined && known.plan.hash !== plan.hash) {
        active.replaceAutomaton(plan.automaton);
        replaced = true;
      }
      const span = plan.automaton.withinMs === Infinity ? drainMaxMs : plan.automaton.withinMs;
      const drainUntil = draining ? Math.min(known?.drainUntil ?? Infinity, drainFrom + span) : Infinity;
      const filter = plan.where && this.use.verdicts?.acquire(plan.where);
      return { plan, active, draining, drainUntil, filter };
    });
    this.releaseVersions(before.values());
    this.current = this.versions.find((one) => !one.draining);
    const plan = (this.current ?? this.versions[this.versions.length - 1])?.plan;
    this.reports.use(this.versions, this.current);
    const timeoutsUntold = this.versions.every((one) => one.plan.onTimeout === undefined);
    const matchLimits: MatchLimits = {
      runsMax: plan?.runsPerKeyMax ?? 0,
      overflow: plan?.overflow ?? 'dropOldest',
      timeoutsUntold,
    };
    this.minds = mindsEvery(this.versions.map((one) => one.plan));
    const actives = this.versions.map((one) => one.active);
    this.matcher = new RunMatcher(actives, this.current?.active, plan?.emit ?? 'ordered', matchLimits, this.reports);
    this.paths = this.pathsMatcher(matchLimits);
    this.lone = this.loneMatcher(matchLimits);
    this.loneBegin = this.lone?.begin;
    this.loneEnd = this.lone?.end;
    return replaced;
  }

  /** Runs that others of the same rule and key may prune, or that go above the cap together, are kept as a set. */
  private loneMatcher({ runsMax }: MatchLimits): LoneMatcher | undefined {
    const [only, ...more] = this.versions;
    if (only === undefined || more.length > 0 || this.paths !== undefined || this.use.loneRuns === false)
      return undefined;
    if (only.active.automaton.skip.kind !== 'noSkip' || only.active.automaton.stateless || runsMax < 2)
      return undefined;
    return new LoneMatcher(only.active, !only.draining, this.reports);
  }

  /** The rule is not in force any more. */
  release(): void {
    const { versions } = this;
    this.versions = [];
    this.releaseVersions(versions);
  }

  /** Lets go what versions share with other rules, unless they are in use still. */
  private releaseVersions(versions: Iterable<VersionInUse>): void {
    for (const { active, plan } of versions) {
      if (plan.where !== undefined) this.use.verdicts?.release(plan.where);
      if (!this.versions.some((one) => one.active === active)) active.release();
    }
  }

  /** With a second version at work runs have to be told apart. */
  private pathsMatcher(matchLimits: MatchLimits): ArenaMatcher | undefined {
    const [only, ...more] = this.versions;
    if (only === undefined || more.length > 0) return undefined;
    const { plan, active, draining } = only;
    const { executor, fromRuns } = chooseExecutor(plan.automaton, plan.onTimeout !== undefined, this.use.pathsUse);
    if (executor !== 'arena') return undefined;
    return new ArenaMatcher(active, this.matcher, { ...matchLimits, fromRuns, starting: !draining }, this.reports);
  }

  /** What matches the state, once paths of an automaton that is no longer in use are runs again. */
  private pathsFor(state: RuleState): ArenaMatcher | undefined {
    const { paths } = this;
    if (state.arena !== undefined && state.arena.automaton !== paths?.automaton) scatterPaths(state);
    return paths;
  }

  usesAlready(assigned: readonly VersionAssignment[]): boolean {
    if (assigned.length !== this.versions.length || assigned.length === 0) return false;
    return assigned.every(({ version, plan, draining }, at) => {
      const used = this.versions[at];
      return used?.active.version === version && used.plan === plan && used.draining === draining;
    });
  }

  createState(set: RunSet = createRunSet()): RuleState {
    return { rule: this, set, arena: undefined, matchThrottle: undefined, timeoutThrottle: undefined };
  }

  /** What a key holds of the rule, as a state. */
  stateOf(lone: OneEventRun): RuleState {
    return this.createState(runSetOf(lone));
  }

  /** False where a key's only run is kept as one of many. */
  get keepsLone(): boolean {
    return this.lone !== undefined;
  }

  /** True if the admitted event begins a lone run; see `loneBegin`. */
  beginsAlone(event: StreamEvent, key: KeyValue | undefined): boolean {
    return this.lone?.begins(event, key) === true;
  }

  /**
   * Steps a lone run: what it did (see lone-matcher.ts); undefined, with nothing done, where that is for `step`. A run that begins
   * is not made here.
   */
  stepAlone(key: KeyOfState, lone: OneEventRun, event: StreamEvent, ordinal: number): number | undefined {
    if (this.lone === undefined || this.matchThrottleMs !== undefined) return undefined;
    this.reports.enter(key, undefined);
    const done = this.lone.step(lone, event, ordinal, key.key);
    if (done !== undefined && (done & WAITS) === 0) this.counters.liveRuns--;
    return done;
  }

  /** As `stepAlone`, on an event of which is known what it does. */
  stepKnown(
    key: KeyOfState,
    lone: OneEventRun,
    known: { readonly begins: boolean; readonly ends: boolean },
    at: { readonly event: StreamEvent; readonly ordinal: number },
  ): number | undefined {
    const { lone: matcher, loneBegin } = this;
    if (matcher === undefined || this.loneEnd === undefined || this.matchThrottleMs !== undefined) return undefined;
    if (lone.state !== loneBegin?.state || lone.owner !== this.current?.active) return undefined;
    this.reports.enter(key, undefined);
    const done = matcher.stepKnown(lone, known, at);
    if ((done & WAITS) === 0) this.counters.liveRuns--;
    return done;
  }

  /** The deadline of a lone run has passed; false, with nothing done, where that is for `advance`. */
  endAlone(key: KeyOfState, lone: OneEventRun, due: number): boolean {
    const { loneBegin } = this;
    if (lone.state === loneBegin?.state && loneBegin.ends === 'timeout' && this.reports.timeoutUntold(lone.owner)) {
      this.counters.liveRuns--;
      return true;
    }
    if (this.lone === undefined || this.matchThrottleMs !== undefined || this.timeoutThrottleMs !== undefined)
      return false;
    this.reports.enter(key, undefined);
    if (!this.lone.passDeadline(lone, due)) return false;
    this.counters.liveRuns--;
    return true;
  }

  /** Puts saved paths in place: as paths, or as runs where they are no longer kept as paths. */
  loadPaths(state: RuleState, saved: SavedArena, of: { events: readonly SavedEvent[]; owner: ActiveVersion }): void {
    const { paths } = this;
    if (paths?.version === of.owner) state.arena = loadArena(saved, of.events, paths.automaton);
    if (state.arena !== undefined) return;
    state.arena = loadArena(saved, of.events, new DetAutomaton(of.owner, Infinity));
    scatterPaths(state);
  }

  /** Lets the versions look at the event; false if none of them wants it (`where`) or the rule is paused. */
  admit(event: StreamEvent, key: KeyValue | undefined): boolean {
    if (this.paused) return false;
    let any = false;
    for (const { plan, active, drainUntil, filter } of this.versions) {
      active.sees =
        event.time < drainUntil && (plan.where === undefined || this.passes(active, plan.where, filter, event, key));
      any ||= active.sees;
    }
    return any;
  }

  /** True if the event can change nothing here, except drop runs that are condemned already. */
  isNoise(event: StreamEvent, key: KeyValue | undefined): boolean {
    return this.matcher.isNoise(event, key);
  }

  /** True if the admitted event would start a run. */
  starts(event: StreamEvent, key: KeyValue | undefined): boolean {
    return this.matcher.starts(event, key);
  }

  /** True if the rule holds nothing for any key: what an event starts it also ends, and no throttle remembers it. */
  get isStateless(): boolean {
    const [only, ...more] = this.versions;
    return more.length === 0 && only?.active.automaton.stateless === true && this.matchThrottleMs === undefined;
  }

  /** One event of a key of which a stateless rule holds nothing, and goes on holding nothing. */
  stepStateless(key: KeyValue | undefined, event: StreamEvent, ordinal: number): void {
    this.alone ??= this.createState();
    this.step({ key }, this.alone, event, ordinal);
  }

  /** Steps the key's runs of this rule; true if anything changed. */
  step(key: KeyOfState, state: RuleState, event: StreamEvent, ordinal: number): boolean {
    this.reports.enter(key, state);
    const before = liveRunsOf(state);
    const paths = this.pathsFor(state);
    const changed =
      paths === undefined
        ? this.matcher.step(state.set, event, ordinal, key.key)
        : paths.step(state, event, ordinal, key.key);
    this.counters.liveRuns += liveRunsOf(state) - before;
    return changed;
  }

  /** Passes time for the key's runs of this rule. */
  advance(key: KeyOfState, state: RuleState, time: number): void {
    this.reports.enter(key, state);
    const before = liveRunsOf(state);
    const paths = this.pathsFor(state);
    if (paths === undefined) this.matcher.advance(state.set, time);
    else paths.advance(state, time);
    this.counters.liveRuns += liveRunsOf(state) - before;
  }

  /** Drops the key's runs of these versions, and lets go the matches that waited for them; gives the number of live runs dropped. */
  dropVersions(key: KeyOfState, state: RuleState, versions: ReadonlySet<number>): number {
    this.reports.enter(key, state);
    const before = liveRunsOf(state);
    scatterPaths(state);
    const dropped = state.set.dropVersions(versions);
    this.matcher.releaseWaiting(state.set);
    this.counters.liveRuns += state.set.size - before;
    return dropped;
  }

  /** Computes the deadlines of the key's runs again, after their automata were replaced. */
  renewDeadlines(state: RuleState): void {
    const before = liveRunsOf(state);
    scatterPaths(state);
    state.set.renewDeadlines();
    this.counters.liveRuns += state.set.size - before;
  }

  /** Versions of the key's runs were left out when it was loaded: matches that waited for them leave. */
  releaseWaiting(key: KeyOfState, state: RuleState): void {
    this.reports.enter(key, state);
    const before = state.set.size;
    this.matcher.releaseWaiting(state.set);
    this.counters.liveRuns += state.set.size - before;
  }

  private passes(
    active: ActiveVersion,
    where: Expression,
    filter: SharedVerdict | undefined,
    event: StreamEvent,
    key: KeyValue | undefined,
  ): boolean {
    active.conditions.enterEvent(event, key);
    try {
      const isShared = filter !== undefined && filter.users > 1;
      return isShared ? filter.test(where, active.conditions, event) : where.test(active.conditions);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.reports.countFailure(error, event);
      return false;
    }
  }
}
