/** The lease of a service: its state's identity, kept beside the state, and the record in a key-value bucket. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { KvLease } from '../adapters/nats/kv-lease.js';
import type { NatsLink } from '../adapters/nats/connection.js';
import { systemClock } from '../adapters/system/system-clock.js';
import type { Log } from '../ports/log.js';
import { Lease } from '../runtime/lease.js';
import type { ServeOptions } from './commands/serve-options.js';

/** Made at the first start. The lock on the state tells that no other process works with it. */
function holderOf(state: string): string {
  const file = join(state, 'instance');
  if (!existsSync(file)) writeFileSync(file, `${randomUUID()}\n`);
  return readFileSync(file, 'utf8').trim();
}

export interface LeaseParts {
  readonly leaseMs: number;
  readonly link: NatsLink;
  readonly log: Log;
  /** See `LeaseOptions.onHeld`. */
  readonly onHeld?: (forMs: number) => void;
}

/** Undefined with `--lease 0`. The state must be open when it is acquired: whoever starts over it anew is the same holder. */
export function serveLease(options: ServeOptions, { leaseMs, link, log, onHeld }: LeaseParts): Lease | undefined {
  if (leaseMs === 0) return undefined;
  const { state, standby, alertStream, namespace, leaseBucket: bucket } = options;
  return new Lease({
    store: new KvLease(link, { bucket, of: [alertStream, namespace] }),
    clock: systemClock,
    log,
    holder: holderOf(state),
    about: `process ${process.pid} on ${hostname()}`,
    leaseMs,
    standby: standby === true,
    ...(onHeld === undefined ? {} : { onHeld }),
  });
}
