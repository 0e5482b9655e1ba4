/** The state as it is to go on with, read once the lease is taken. */
import type { EngineDependencies } from './engine-options.js';
import { markGoneBack } from './savepoint.js';
import type { StateOwner, StoredState } from './stored-state.js';
import { readStoredState } from './stored-state.js';

export interface StateUnderLease {
  readonly stored: StoredState;
  /** Of the lease, or of the last one. */
  readonly epoch: number | undefined;
  /** Another state was at work since this one was: what it finds may be published already. */
  readonly others: boolean;
}

/** Waits for the lease. Rejects with `LeaseError`, and as `readStoredState` does. */
export async function readStateUnderLease(
  { store, lease, log }: Pick<EngineDependencies, 'store' | 'lease' | 'log'>,
  owner: StateOwner,
): Promise<StateUnderLease> {
  const stored = await readStoredState(store, owner);
  const last = stored.checkpoint?.epoch;
  if (lease === undefined) return { stored, epoch: last, others: false };
  const { epoch, previous } = await lease.acquire(last ?? 0);
  const others = previous > 0 && previous !== last;
  if (!others || stored.checkpoint === undefined) return { stored, epoch, others };
  log.warn('another state was at work since this one was: alerts it published are looked up', { epoch, previous });
  await markGoneBack(store, owner.shard);
  return { stored: await readStoredState(store, owner), epoch, others };
}
