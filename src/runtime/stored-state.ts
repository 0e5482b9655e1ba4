/** What the store holds besides keys and outbox: the checkpoint, the documents that ran last, the rules with their versions. */
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
}

export interface StoredState {
  readonly checkpoint: StoredCheckpoint | undefined;
  readonly documents: readonly StoredDocument[];
  readonly rules: readonly StoredRule[];
}

/** Reads the state of a shard. Rejects with `EngineError` when it is of another format or another namespace. */
export async function readStoredState(
  store: StateStore,
  owner: { readonly namespace: string; readonly shard: number },
): Promise<StoredState> {
  const text = await store.get(checkpointKey(owner.shard));
  const checkpoint = text === undefined ? undefined : (JSON.parse(text) as StoredCheckpoint);
  if (checkpoint !== undefined) checkOwner(checkpoint, owner.namespace);
  return {
    checkpoint,
    documents: await readAll<StoredDocument>(store, 'd/'),
    rules: await readAll<StoredRule>(store, 'r/'),
  };
}

function checkOwner(checkpoint: StoredCheckpoint, namespace: string): void {
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
}

async function readAll<T>(store: StateStore, prefix: string): Promise<T[]> {
  const all: T[] = [];
  for await (const [, value] of store.entries(...rangeOf(prefix))) all.push(JSON.parse(value) as T);
  return all;
}
