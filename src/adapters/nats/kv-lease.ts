/** A lease record in a JetStream key-value bucket, created if absent. */
import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { LeaseRecord, LeaseStore } from '../../ports/lease.js';
import type { NatsLink } from './connection.js';
import { natsLimits } from './limits.js';

/** JetStream's code for a last sequence that is not the expected one. */
const WRONG_LAST_SEQUENCE = 10_071;

export interface KvLeasePlace {
  readonly bucket: string;
  /** What the lease is of: any texts. */
  readonly of: readonly string[];
}

/** Characters a key cannot have as `=` and two hexadecimal digits of each byte. */
export function leaseKey(of: readonly string[]): string {
  const plain = (text: string): string =>
    encodeURIComponent(text).replaceAll(/[^\w-]/g, (one) => `=${one.charCodeAt(0).toString(16)}`);
  return of.map(plain).join('.');
}

export class KvLease implements LeaseStore {
  private opened: { readonly connection: NatsConnection; readonly bucket: KV } | undefined;
  private readonly key: string;

  constructor(
    private readonly link: NatsLink,
    private readonly place: KvLeasePlace,
  ) {
    this.key = leaseKey(place.of);
  }

  async read(): Promise<{ readonly record: LeaseRecord; readonly revision: number } | undefined> {
    const entry = await (await this.open()).get(this.key);
    if (entry === null) return undefined;
    // Deleted by hand: nobody has it, and what was written before counts all the same.
    if (entry.operation !== 'PUT') return { record: { holder: '', epoch: 0, about: '' }, revision: entry.revision };
    return { record: entry.json<LeaseRecord>(), revision: entry.revision };
  }

  async write(record: LeaseRecord, revision: number): Promise<number | undefined> {
    try {
      const bucket = await this.open();
      const text = JSON.stringify(record);
      return await (revision === 0 ? bucket.create(this.key, text) : bucket.update(this.key, text, revision));
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return undefined;
      throw error;
    }
  }

  private async open(): Promise<KV> {
    const connection = this.link.current();
    if (connection === undefined) throw new Error('NATS is not connected');
    if (this.opened?.connection !== connection) {
      const client = jetstream(connection, { checkAPI: false, timeout: natsLimits.leaseTimeoutMs });
      const bucket = await new Kvm(client).create(this.place.bucket, {
        history: 1,
        description: 'Who is at work: Weir',
      });
      this.opened = { connection, bucket };
    }
    return this.opened.bucket;
  }
}
