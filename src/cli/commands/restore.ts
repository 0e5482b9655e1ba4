/** `weir restore FROM`: a savepoint becomes the state of a service that has none. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createPinoLog } from '../../adapters/log-pino/pino-log.js';
import { openLevelStore } from '../../adapters/level/open-level-store.js';
import { systemDigest } from '../../adapters/system/system-digest.js';
import type { SavepointReader } from '../../ports/savepoint.js';
import { SavepointError } from '../../ports/savepoint.js';
import { SHARD } from '../../runtime/engine.js';
import type { SavepointManifest } from '../../runtime/savepoint.js';
import { restoreSavepoint, verifySavepoint } from '../../runtime/savepoint.js';
import type { NatsFlags } from '../nats-options.js';
import { withSavepoint } from '../savepoint-places.js';
import { exitCodes, say } from '../terminal.js';

export interface RestoreOptions extends NatsFlags {
  readonly state: string;
}

function requireEmpty(state: string): void {
  for (const held of [join(state, 'db'), join(state, 'retained')]) {
    if (!existsSync(held) || readdirSync(held).length === 0) continue;
    throw new SavepointError(
      'state-not-empty',
      `${held} holds a state already: restore into an empty directory (--state), or move it away first.`,
      { state },
    );
  }
}

/** Built beside its place and renamed: a restore that is stopped leaves no state. */
async function restoreInto(state: string, reader: SavepointReader, manifest: SavepointManifest): Promise<void> {
  const building = join(state, '.db.restoring');
  mkdirSync(state, { recursive: true });
  await rm(building, { recursive: true, force: true });
  try {
    const store = await openLevelStore({ directory: building });
    try {
      await restoreSavepoint(reader, manifest, { store, shard: SHARD, digest: systemDigest });
    } finally {
      await store.close();
    }
    await rename(building, join(state, 'db'));
    const directory = await open(state, 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
}

export async function restore(from: string, options: RestoreOptions): Promise<number> {
  const log = createPinoLog({ level: 'warn', to: 'stderr' });
  return withSavepoint(from, options, log, async (reader) => {
    requireEmpty(options.state);
    const manifest = await verifySavepoint(reader, systemDigest);
    await restoreInto(options.state, reader, manifest);
    const { name, namespace, revision, at, entries } = manifest;
    say(
      `restored ${name} into ${options.state}: namespace ${namespace}, revision ${revision}, ${entries} entries of ${at}`,
    );
    return exitCodes.ok;
  });
}
