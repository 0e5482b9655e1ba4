/** The process's side of one shard: calls with answers. */
import type { Wire } from '../../ports/wire.js';
import type { CallName, FromShard, ShardCalls, ToShard } from './shard-calls.js';
import { ShardError, readError, tellError } from './told-error.js';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class ShardLink {
  private readonly pending = new Map<number, Pending>();
  private next = 1;
  private lost: ShardError | undefined;

  constructor(
    readonly shard: number,
    private readonly wire: Wire<ToShard, FromShard>,
    private readonly onEnded: (error: ShardError) => void,
  ) {
    wire.receive((message) => this.take(message));
  }

  /** Rejects with the shard's error, or with `shard-lost` when its thread is gone. */
  call<Name extends CallName>(name: Name, given: ShardCalls[Name]['given']): Promise<ShardCalls[Name]['answer']> {
    if (this.lost !== undefined) return Promise.reject(this.lost);
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.wire.send({ kind: 'call', id, name, given });
    });
  }

  fail(error: unknown): void {
    if (this.lost === undefined) this.wire.send({ kind: 'fail', error: tellError(error) });
  }

  /** The thread ended; `expected`: it was told to. */
  lose(reason: string, expected: boolean): void {
    if (this.lost !== undefined) return;
    this.lost = new ShardError('shard-lost', `Shard ${this.shard} is gone: ${reason}`, { shard: this.shard });
    for (const { reject } of this.pending.values()) reject(this.lost);
    this.pending.clear();
    if (!expected) this.onEnded(this.lost);
  }

  private take(message: FromShard): void {
    if (message.kind === 'ended') return this.onEnded(readError(message.error));
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.kind === 'answer') pending?.resolve(message.value);
    else pending?.reject(readError(message.error));
  }
}
