/** A shard's side of routers: sources that are read for all shards, by one of their threads each. */
import { assert } from '../../core/assert.js';
import type { SourceDocument } from '../../core/document/documents.js';
import { shardOfKey } from '../../core/model/ownership.js';
import type { Clock } from '../../ports/clock.js';
import type {
  SourceBatch,
  SourceIdentity,
  SourceOpenOptions,
  SourceOpener,
  SourceReader,
  SourceStart,
} from '../../ports/source.js';
import { SourceError } from '../../ports/source.js';
import type { Wire } from '../../ports/wire.js';
import { readRouted } from './routed-batch.js';
import type { RouterReply, RouterRequest, WhatRulesAsk } from './routing.js';
import { routingLimits } from './routing.js';

/** How often a caller that waits for a source is asked whether it still does. */
const CANCEL_POLL_MS = 50;

export type RouterWire = Wire<RouterRequest, RouterReply>;

/** The shard whose thread reads a source for all: the same one at every start. */
export function homeOf(source: string, shards: number): number {
  return shardOfKey(source, shards);
}

/** Opens sources by way of the routers, of which there is one in the thread of each shard. */
export class RoutedSources implements SourceOpener {
  private readonly readers = new Map<number, RoutedReader>();
  private next = 1;

  /** `wires`: to the router of each shard's thread, of which that of `shard` is this one. */
  constructor(
    private readonly shard: number,
    private readonly wires: readonly RouterWire[],
    private readonly clock: Clock,
  ) {
    for (const wire of wires) wire.receive((reply) => this.readers.get(reply.id)?.take(reply));
  }

  async open(source: SourceDocument, start: SourceStart, options: SourceOpenOptions = {}): Promise<SourceReader> {
    const id = this.next++;
    const home = homeOf(source.name, this.wires.length);
    const wire = this.wires[home];
    assert(wire !== undefined, 'every source has a home');
    const { interest } = options;
    const asks = (): WhatRulesAsk => ({ keys: interest?.keys ?? [], versions: interest?.versions ?? [] });
    const reader = new RoutedReader({
      name: source.name,
      clock: this.clock,
      onWaiting: options.onWaiting,
      take: (batches) => wire.send({ kind: 'take', id, batches }),
      ask: () => wire.send({ kind: 'ask', id, asks: asks() }),
      onClose: () => {
        if (this.readers.delete(id)) wire.send({ kind: 'close', id });
      },
    });
    this.readers.set(id, reader);
    wire.send({
      kind: 'open',
      id,
      source,
      start,
      asks: asks(),
      ...(home === this.shard ? { interest } : {}),
    });
    try {
      await reader.opened(options.isCancelled);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }
}

interface RoutedReaderOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly onWaiting: SourceOpenOptions['onWaiting'];
  readonly take: (batches: number) => void;
  readonly ask: () => void;
  readonly onClose: () => void;
}

type Arrived = Extract<RouterReply, { kind: 'batch' | 'turn' }>;

class RoutedReader implements SourceReader {
  private current: SourceIdentity | undefined;
  private readonly arrived: Arrived[] = [];
  private failure: SourceError | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly options: RoutedReaderOptions) {}

  get identity(): SourceIdentity {
    return this.current as SourceIdentity;
  }

  take(reply: RouterReply): void {
    if (reply.kind === 'waiting') return this.options.onWaiting?.(reply);
    if (reply.kind === 'opened') {
      this.current = reply.identity;
      this.options.take(routingLimits.batchesAhead);
    } else if (reply.kind === 'failed') this.failure ??= new SourceError(reply.code, reply.message, reply.fields);
    else this.add(reply);
    this.wake?.();
  }

  /** Of looks at the source that found nothing, the last one counts. */
  private add(reply: Arrived): void {
    const last = this.arrived.length - 1;
    if (reply.kind === 'turn' && this.arrived[last]?.kind === 'turn') this.arrived[last] = reply;
    else this.arrived.push(reply);
  }

  async opened(isCancelled: (() => boolean) | undefined): Promise<void> {
    while (this.current === undefined) {
      if (this.failure !== undefined) throw this.failure;
      if (isCancelled?.() === true) throw new SourceError('cancelled', `Source ${this.options.name} is not wanted.`);
      await this.wait(CANCEL_POLL_MS);
    }
  }

  async nextBatch(_messagesMax: number, waitMsMax: number): Promise<SourceBatch> {
    if (this.arrived.length === 0 && this.failure === undefined) await this.wait(waitMsMax);
    const next = this.arrived.shift();
    if (next === undefined && this.failure !== undefined) throw this.failure;
    if (next?.kind !== 'batch') {
      // Without a word of the router nobody knows whether there is more.
      return { messages: [], gaps: [], ended: false, caughtUp: next?.caughtUp === true, pending: next?.pending };
    }
    this.options.take(1);
    const { messages, identity, ...rest } = next.batch;
    this.current = identity;
    return { ...rest, messages: readRouted(messages) };
  }

  interestChanged(): void {
    this.options.ask();
  }

  close(): Promise<void> {
    this.failure ??= new SourceError('closed', `The reader of source ${this.options.name} is closed.`);
    this.options.onClose();
    this.wake?.();
    return Promise.resolve();
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(ms, () => this.wake?.());
      this.wake = () => {
        this.wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}
