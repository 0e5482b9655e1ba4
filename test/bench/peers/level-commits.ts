/** Commits of a shard's changes to a LevelDB store of its own, durable, as the service's checkpoints make them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore } from '../../../src/adapters/level/open-level-store.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import type { Shard } from '../../../src/core/shard/shard.js';
import { ShardState } from '../../../src/runtime/shard-state.js';

export interface LevelCommits {
  readonly commit: (shard: Shard) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A new store in a temporary directory, deleted with `close`. One shard only. */
export async function openLevelCommits(): Promise<LevelCommits> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const store = await openLevelStore({ directory: join(directory, 'db') });
  let state: ShardState | undefined;
  return {
    commit: async (shard) => {
      state ??= new ShardState(shard, store, systemDigest);
      const changes = [...state.cut().changes];
      if (changes.length > 0) await store.commit(changes, { sync: true });
    },
    close: async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
