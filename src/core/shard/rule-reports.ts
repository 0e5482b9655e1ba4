/** What becomes of a rule's matches and time-outs: counted, held back by a throttle, given out. */
import { assert } from '../assert.js';
import type { ExpressionError } from '../expression/expression.js';
import type { StreamEvent } from '../model/event.js';
import { eventIdentity } from '../model/event.js';
import type { KeyValue } from '../model/key.js';
import type { MatchReceiver } from '../nfa/match-runs.js';
import type { MatchRows } from '../nfa/match-rows.js';
import type { FinishedRun, RuleVersion } from '../nfa/run.js';
import type { MatchList } from './match-list.js';
import { RowsOfRule } from './match-list.js';
import type { MatchAbout } from './match-of-rule.js';
import { MatchOfRule } from './match-of-rule.js';
import type { RuleCounters } from './rule-counters.js';
import type { VersionInUse } from './rule-versions.js';
import type { Throttle } from './throttle.js';
import { passThrottle } from './throttle.js';

/** The part of a key's state that its rules look at. */
export interface KeyOfState {
  readonly key: KeyValue | undefined;
}

/** What is held back for a key: alerts on matches, and on time-outs. */
export interface Throttles {
  matchThrottle: Throttle | undefined;
  timeoutThrottle: Throttle | undefined;
}

/** Whose matches these are. */
interface RuleOfMatches {
  readonly name: string;
  readonly generation: number;
  readonly counters: RuleCounters;
  /** Where matches go now. */
  readonly out: () => MatchList;
}

export class RuleReports implements MatchReceiver {
  matchThrottleMs: number | undefined;
  timeoutThrottleMs: number | undefined;
  private versions: readonly VersionInUse[] = [];
  private paused = false;
  /** The version that begins runs, if nobody is told of its time-outs. */
  private silent: RuleVersion | undefined;
  /** What the matches of one key share. */
  private about: MatchAbout | undefined;
  /** Of the key that is being worked on; a lone run has no throttles. */
  private key: KeyOfState | undefined;
  private throttles: Throttles | undefined;

  constructor(private readonly rule: RuleOfMatches) {}

  /** The versions from here on, and which of them begins runs. */
  use(versions: readonly VersionInUse[], current: VersionInUse | undefined): void {
    this.versions = versions;
    const plan = (current ?? versions[versions.length - 1])?.plan;
    this.matchThrottleMs = plan?.alert.throttleMs;
    this.timeoutThrottleMs = plan?.onTimeout?.alert.throttleMs;
    this.paused = current?.plan.mode === 'paused';
    this.silent = current?.plan.onTimeout === undefined ? current?.active : undefined;
  }

  /** What comes next is of this key. */
  enter(key: KeyOfState, throttles: Throttles | undefined): void {
    this.key = key;
    this.throttles = throttles;
  }

  match(finished: FinishedRun): void {
    this.rule.counters.matches++;
    this.report(finished, 'match', false);
  }

  timeout(finished: FinishedRun, alreadyMatched: boolean): void {
    this.rule.counters.timeouts++;
    const onTimeout = this.versionOf(finished)?.plan.onTimeout;
    if (onTimeout === undefined || (alreadyMatched && onTimeout.unmatchedOnly)) return;
    this.report(finished, 'timeout', alreadyMatched);
  }

  timeoutUntold(owner: RuleVersion): boolean {
    if (owner !== this.silent) return false;
    this.rule.counters.timeouts++;
    return true;
  }

  overflow(dropped: number): void {
    this.rule.counters.overflows += dropped;
  }

  startsOver(count: number): void {
    this.rule.counters.timeouts += count;
  }

  /** Of rows no more are made than a listener looks at: a throttle lets one pass and counts the rest. */
  matchRows(rows: MatchRows): void {
    const { key, throttles } = this;
    const { count } = rows;
    const drainUntil = this.versions.find((one) => one.active === rows.owner)?.drainUntil ?? Infinity;
    if (this.paused || rows.time > drainUntil) {
      this.rule.counters.matches += count;
      return;
    }
    if (this.matchThrottleMs === undefined) {
      this.rule.counters.matches += count;
      this.rule.counters.alerts += count;
      this.rule.out().addRows(new RowsOfRule(rows, this.aboutOf(key?.key)));
      return;
    }
    this.match(rows.first());
    this.rule.counters.matches += count - 1;
    this.rule.counters.suppressed += count - 1;
    (throttles?.matchThrottle as Throttle).suppressed += count - 1;
  }

  private aboutOf(key: KeyValue | undefined): MatchAbout {
    if (this.about === undefined || this.about.key !== key) {
      const { name, generation } = this.rule;
      this.about = { rule: name, generation, key };
    }
    return this.about;
  }

  private versionOf(finished: FinishedRun): VersionInUse | undefined {
    return this.versions.find((one) => one.active === finished.owner);
  }

  private report(finished: FinishedRun, kind: 'match' | 'timeout', alreadyMatched: boolean): void {
    const { key, throttles } = this;
    // A drain ends at its time, whenever the drained version is dropped.
    if (this.paused || finished.time > (this.versionOf(finished)?.drainUntil ?? Infinity)) return;
    const spanMs = kind === 'match' ? this.matchThrottleMs : this.timeoutThrottleMs;
    let suppressed = 0;
    if (spanMs !== undefined) {
      assert(throttles !== undefined, 'a rule with a throttle has no lone run at work');
      const which = kind === 'match' ? 'matchThrottle' : 'timeoutThrottle';
      const passed = passThrottle(throttles[which], finished.time, spanMs);
      throttles[which] = passed.throttle;
      if (!passed.pass) {
        this.rule.counters.suppressed++;
        return;
      }
      suppressed = passed.suppressed;
    }
    this.rule.counters.alerts++;
    this.rule.out().add(new MatchOfRule(finished, this.aboutOf(key?.key), kind, alreadyMatched, suppressed));
  }

  countFailure(error: ExpressionError, event: StreamEvent): void {
    this.rule.counters.conditionErrors++;
    this.rule.counters.lastConditionError = { code: error.code, message: error.message, event: eventIdentity(event) };
  }
}
