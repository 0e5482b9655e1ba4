/**
 * A bare pattern over ordered events of one key: what `weir match` and the vectors use. The same matcher as the service's.
 */
import { limits } from '../limits.js';
import type { StreamEvent } from '../model/event.js';
import type { KeyValue } from '../model/key.js';
import type { Match } from '../model/match.js';
import type { Automaton } from './automaton.js';
import type { ConditionFailure } from './condition-cache.js';
import { ActiveVersion } from './active-version.js';
import { RunMatcher } from './match-runs.js';
import { stagesOfPath } from './path.js';
import type { FinishedRun } from './run.js';
import type { RunSet } from './run-set.js';
import { createRunSet } from './run-set.js';
import type { SavedRunSet } from './save-runs.js';
import { loadRunSet, saveRunSet } from './save-runs.js';

/** A bare pattern met the limit on live runs; the message says how to mend it. */
export class RunLimitError extends Error {
  override readonly name = 'RunLimitError';
  readonly code = 'too-many-runs';
}

/** A match as plain data. */
export function toMatch(finished: FinishedRun, kind: Match['kind'], alreadyMatched: boolean): Match {
  const { owner, node, time, startTime } = finished;
  return { kind, stages: stagesOfPath(node, owner.automaton), time, startTime, alreadyMatched };
}

export interface PatternMatchOptions {
  readonly key?: KeyValue;
  readonly emit?: 'ordered' | 'eager';
  readonly runsMax?: number;
  readonly onConditionFailure?: ConditionFailure;
}

/** One key of one pattern. Throws `RunLimitError` when the live runs exceed the limit. */
export class PatternMatcher {
  private set: RunSet = createRunSet();
  private ordinal = 0;
  private readonly version: ActiveVersion;
  private readonly matcher: RunMatcher;
  private readonly out: Match[] = [];

  constructor(
    automaton: Automaton,
    private readonly options: PatternMatchOptions = {},
  ) {
    const runsMax = options.runsMax ?? limits.runsPerPatternMax;
    this.version = new ActiveVersion(1, automaton, options.onConditionFailure ?? (() => undefined));
    this.matcher = new RunMatcher(
      [this.version],
      this.version,
      options.emit ?? 'ordered',
      { runsMax, overflow: 'dropNewest' },
      {
        match: (finished) => this.out.push(toMatch(finished, 'match', false)),
        timeout: (finished, alreadyMatched) => this.out.push(toMatch(finished, 'timeout', alreadyMatched)),
        overflow: () => {
          throw new RunLimitError(
            `More than ${runsMax} live runs: give the pattern a \`within\`, a stricter condition, or fewer \`followedByAny\`.`,
          );
        },
      },
    );
  }

  get liveRuns(): number {
    return this.set.size;
  }

  /** The next event, in order. */
  accept(event: StreamEvent): void {
    this.matcher.advance(this.set, event.time);
    this.matcher.step(this.set, event, ++this.ordinal, this.options.key);
  }

  /** No event at or before `time` is expected any more. */
  advance(time: number): void {
    this.matcher.advance(this.set, time);
  }

  /** Matches and time-outs since the last call, in order. */
  take(): Match[] {
    return this.out.splice(0);
  }

  save(): SavedRunSet & { readonly ordinal: number } {
    return { ...saveRunSet(this.set), ordinal: this.ordinal };
  }

  load(saved: SavedRunSet & { readonly ordinal: number }): void {
    this.set = loadRunSet(saved, () => this.version);
    this.ordinal = saved.ordinal;
  }
}
