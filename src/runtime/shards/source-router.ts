/** The sources that one thread reads for all shards of a service: each once, and what concerns a shard goes there. */
import { compileRuleSet } from '../../core/document/compile.js';
import type { CompileEnvironment } from '../../core/document/compile.js';
import { keyPlanOfText } from '../../core/document/compile-key.js';
import type { SourceDocument } from '../../core/document/documents.js';
import type { SourcePlan } from '../../core/document/plans.js';
import { assert } from '../../core/assert.js';
import type { Clock } from '../../ports/clock.js';
import type { SourceOpener } from '../../ports/source.js';
import type { Wire } from '../../ports/wire.js';
import type { StartBook } from './join-starts.js';
import type { RouterReply, RouterRequest } from './routing.js';
import type { Subscriber } from './source-session.js';
import { SourceSession } from './source-session.js';

export interface RouterOptions {
  readonly openers: { readonly nats?: SourceOpener; readonly file?: SourceOpener };
  readonly environment: CompileEnvironment;
  readonly clock: Clock;
  readonly shards: number;
  readonly batchMessagesMax: number;
  readonly pollWaitMs: number;
  readonly starts: StartBook;
  readonly onFailure: (error: unknown) => void;
}

interface Subscription {
  readonly session: SourceSession;
  readonly subscriber: Subscriber;
}

export class SourceRouter {
  /** By the whole document: a source that changed is another one. */
  private readonly sessions = new Map<string, SourceSession>();
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(private readonly options: RouterOptions) {}

  /** Serves a shard; `isLocal`: one in this thread. */
  serve(shard: number, wire: Wire<RouterReply, RouterRequest>, isLocal: boolean): void {
    wire.receive((request) => {
      const place = `${shard}/${request.id}`;
      if (request.kind === 'open') this.open({ shard, isLocal }, wire, request);
      else if (request.kind === 'take') {
        const found = this.subscriptions.get(place);
        found?.session.allow(found.subscriber, request.batches);
      } else if (request.kind === 'ask') {
        const found = this.subscriptions.get(place);
        found?.session.ask(found.subscriber, request.asks);
      } else this.close(place);
    });
  }

  private open(
    { shard, isLocal }: Pick<Subscriber, 'shard' | 'isLocal'>,
    wire: Wire<RouterReply, RouterRequest>,
    { id, source, start, asks, interest }: Extract<RouterRequest, { kind: 'open' }>,
  ): void {
    const subscriber: Subscriber = {
      shard,
      isLocal,
      start,
      asks,
      interest,
      send: (reply) => wire.send({ ...reply, id } as RouterReply),
    };
    const session = this.sessionOf(source);
    this.subscriptions.set(`${shard}/${id}`, { session, subscriber });
    session.join(subscriber);
  }

  private close(place: string): void {
    const found = this.subscriptions.get(place);
    this.subscriptions.delete(place);
    found?.session.leave(found.subscriber);
  }

  private sessionOf(source: SourceDocument): SourceSession {
    const name = JSON.stringify(source);
    const known = this.sessions.get(name);
    if (known !== undefined) return known;
    const { openers, clock, shards, batchMessagesMax, pollWaitMs, starts, environment, onFailure } = this.options;
    const opener = source.nats === undefined ? openers.file : openers.nats;
    assert(opener !== undefined, 'a shard asks for sources of kinds that can be opened');
    const session: SourceSession = new SourceSession({
      plan: this.planOf(source),
      opener,
      clock,
      shards,
      batchMessagesMax,
      pollWaitMs,
      starts,
      keyPlan: (text) => keyPlanOfText(text, environment.expressions),
      onEmpty: () => {
        if (this.sessions.get(name) === session) this.sessions.delete(name);
      },
      onFailure,
    });
    this.sessions.set(name, session);
    return session;
  }

  private planOf(document: SourceDocument): SourcePlan {
    const placed = { document, origin: 'file' as const, locate: () => undefined };
    const compiled = compileRuleSet([placed], this.options.environment);
    const plan = compiled.ok ? compiled.value.sources.get(document.name) : undefined;
    assert(plan !== undefined, 'a shard asks for sources that compile');
    return plan;
  }
}
