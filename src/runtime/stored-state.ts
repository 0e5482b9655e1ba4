/** What the store holds besides keys and outbox: the checkpoint, the documents that ran last, the rules with their versions. */
import type { Ownership } from '../core/model/ownership.js';
import type { SavedShard } from '../core/shard/shard.js';
import type { StateStore } from '../ports/store.js';
import type { StoredDocument } from './document-set.js';
import { EngineError } from './engine-options.js';
import type { OutboxCheckpoint } from './outbox.js';
import type { StoredRule } from './rule-registry.js';
import type { SavedSource } from './source-intake.js';
import { STATE_FORMAT, checkpointKey, rangeOf } from './state-layout.js';

export interface StoredCheckpoint {
  readonly format: number;
  readonly namespace: string;
  readonly at: number;
  readonly revision: number;
  readonly shard: SavedShard;
  readonly sources: Readonly<Record<string, SavedSource>>;
  readonly outbox: OutboxCheckpoint;
  /** Of the lease under which it was written, if there was one. */
  readonly epoch?: number;
  /** Which shard of how many wrote it; absent: the only one. */
  readonly place?: Ownership;
}

/** Who reads a state. */
export interface StateOwner {
  readonly namespace: string;
  /** Under which the checkpoint stands in the store. */
  readonly shard: number;
  /** Which shard it is, of how many; absent: whichever wrote it. */
  readonly place?: Ownership;
}

export interface StoredState {
  readonly checkpoint: StoredCheckpoint | undefined;
  readonly documents: readonly StoredDocument[];
  readonly rules: readonly StoredRule[];
}

/** Reads the state of a shard. Rejects with `EngineError` when it is of another format, another namespace or another shard. */
export async function readStoredState(store: StateStore, owner: StateOwner): Promise<StoredState> {
  const text = await store.get(checkpointKey(owner.shard));
  const checkpoint = text === undefined ? undefined : (JSON.parse(text) as StoredCheckpoint);
  if (checkpoint !== undefined) checkOwner(checkpoint, owner);
  return {
    checkpoint,
    documents: await readAll<StoredDocument>(store, 'd/'),
    rules: await readAll<StoredRule>(store, 'r/'),
  };
}

function checkOwner(checkpoint: StoredCheckpoint, { namespace, place }: StateOwner): void {
  if (checkpoint.format > STATE_FORMAT) {
    throw new EngineError(
      'state-format',
      `The state is of format ${checkpoint.format}, this version reads up to ${STATE_FORMAT}: run the version that wrote it.`,
    );
  }
  if (checkpoint.namespace !== namespace) {
    throw new EngineError(
      'state-namespace',
      `The state belongs to the namespace \`${checkpoint.namespace}\`, not \`${namespace}\`: use another state directory.`,
    );
  }
  const { shard, of } = checkpoint.place ?? { shard: 0, of: 1 };
  if (place !== undefined && (place.shard !== shard || place.of !== of)) {
    throw new EngineError(
      'state-shards',
      `The state was written by shard ${shard} of ${of}, and this is shard ${place.shard} of ${place.of}: keys do not move between shards. Start with \`--shards ${of}\`, or with another state directory, where the rules begin anew.`,
    );
  }
}

async function readAll<T>(store: StateStore, prefix: string): Promise<T[]> {
  const all: T[] = [];
  for await (const [, value] of store.entries(...rangeOf(prefix))) all.push(JSON.parse(value) as T);
  return all;
}
