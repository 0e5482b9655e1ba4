/**
 * A match of a rule, its stages read from the run's path when somebody asks for them: most of what a pattern of many
 * matches gives is counted, or thinned out by whoever listens, and never looked at.
 */
import type { KeyValue } from '../model/key.js';
import type { MatchKind, RuleMatch, StageEvents } from '../model/match.js';
import { stagesOfPath } from '../nfa/path.js';
import type { FinishedRun } from '../nfa/run.js';

/** Whose match it is, and what was held back before it. */
export interface MatchAbout {
  readonly rule: string;
  readonly generation: number;
  readonly key: KeyValue | undefined;
}

export class MatchOfRule implements RuleMatch {
  private read: readonly StageEvents[] | undefined = undefined;

  constructor(
    private readonly finished: FinishedRun,
    private readonly about: MatchAbout,
    readonly kind: MatchKind,
    readonly alreadyMatched: boolean,
    readonly suppressed: number,
  ) {}

  get stages(): readonly StageEvents[] {
    return (this.read ??= stagesOfPath(this.finished.node, this.finished.owner.automaton));
  }

  get time(): number {
    return this.finished.time;
  }

  get startTime(): number {
    return this.finished.startTime;
  }

  get version(): number {
    return this.finished.owner.version;
  }

  get rule(): string {
    return this.about.rule;
  }

  get generation(): number {
    return this.about.generation;
  }

  get key(): KeyValue | undefined {
    return this.about.key;
  }
}
