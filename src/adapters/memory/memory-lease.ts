/** A lease record in memory, shared by who is given it. */
import type { LeaseRecord, LeaseStore } from '../../ports/lease.js';

export class MemoryLease implements LeaseStore {
  private current: { readonly record: LeaseRecord; readonly revision: number } | undefined;

  read(): Promise<{ readonly record: LeaseRecord; readonly revision: number } | undefined> {
    return Promise.resolve(this.current);
  }

  write(record: LeaseRecord, revision: number): Promise<number | undefined> {
    if ((this.current?.revision ?? 0) !== revision) return Promise.resolve(undefined);
    this.current = { record, revision: revision + 1 };
    return Promise.resolve(this.current.revision);
  }
}
