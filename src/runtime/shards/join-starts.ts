/** Where a source begins that several shards read, each from a place of its own. */
import type { SourcePlan } from '../../core/document/plans.js';
import type { SourceIdentity, SourceStart } from '../../ports/source.js';

/** Where a source without positions began, kept so that a shard that had none yet when the process died begins there, too. */
export interface KnownStart {
  readonly afterSeq: number;
  readonly identity: SourceIdentity;
}

export interface StartBook {
  get(plan: SourcePlan): KnownStart | undefined;
  /** Durable when it resolves. */
  put(plan: SourcePlan, start: KnownStart): Promise<void>;
}

export interface JoinedStart {
  /** How to open the source. */
  readonly open: SourceStart;
  /** It gives everything after this sequence; undefined: known with its first batch. */
  readonly afterSeq: number | undefined;
  /** Where shards without a position begin, and what they are told that the source is; undefined: as it is once it is open. */
  readonly unplaced: KnownStart | undefined;
}

interface Place {
  readonly start: SourceStart;
  /** It was given everything up to here. */
  readonly sentTo: number | undefined;
}

type Position = Extract<SourceStart, { kind: 'position' }>;

/**
 * The start that serves all of them. `began`: where the source began for those without a position, when it is being read already. A
 * source that cannot be read again (core NATS) begins where the foremost of them is.
 */
export function joinStarts(of: {
  readonly plan: SourcePlan;
  readonly places: readonly Place[];
  readonly book: StartBook;
  readonly began: KnownStart | undefined;
}): JoinedStart {
  const { plan, places, book, began } = of;
  const positions = places.flatMap(({ start }) => (start.kind === 'position' ? [start] : []));
  const newest = positions.reduce<Position | undefined>(
    (best, one) => (best === undefined || readToOf(one) > readToOf(best) ? one : best),
    undefined,
  );
  const identity = newest?.identity ?? began?.identity;
  if (identity === undefined) return { open: plan.start, afterSeq: undefined, unplaced: undefined };
  const unplacedSeq = began?.afterSeq ?? book.get(plan)?.afterSeq ?? beginningOf(plan, identity, positions);
  const seqs = places.map(({ start, sentTo }) => sentTo ?? (start.kind === 'position' ? start.afterSeq : unplacedSeq));
  const afterSeq = identity.kind === 'core' ? Math.max(...seqs) : Math.min(...seqs);
  const readTo = Math.max(afterSeq, ...positions.map(readToOf), ...places.map(({ sentTo }) => sentTo ?? 0));
  return {
    open: { kind: 'position', afterSeq, readTo, identity },
    afterSeq,
    unplaced: { afterSeq: unplacedSeq, identity: { ...identity, lastSeq: unplacedSeq } },
  };
}

function readToOf({ readTo, afterSeq }: Position): number {
  return readTo ?? afterSeq;
}

/** For a shard that has no position where others have one, and nothing is known: what the document says, else where they are. */
function beginningOf({ start }: SourcePlan, { firstSeq }: SourceIdentity, positions: readonly Position[]): number {
  if (start.kind === 'all') return Math.max(0, firstSeq - 1);
  return Math.min(...positions.map(({ afterSeq }) => afterSeq));
}
