/** Which shards of several a message concerns, by the keys of its events. */
import type { Decoded } from '../decode/decode-message.js';
import { MessageDecoder } from '../decode/decode-message.js';
import type { RawMessage } from '../decode/decode-message.js';
import type { SourceDocument } from '../document/documents.js';
import type { KeyPlan, SourcePlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import { shardOfKey } from '../model/ownership.js';
import { UnitReader } from '../time/unit-reader.js';
import { KeyReader } from './key-reader.js';

/** A key that rules read the source by, and which events may concern them; absent: any. */
export interface RoutedKey {
  readonly plan: KeyPlan;
  readonly concerns?: ((event: StreamEvent) => boolean) | undefined;
}

/**
 * True of a source of which every shard gets all events of its keys, noise too: one that cannot be read again (core NATS) when rules
 * to come ask for more, and one whose subjects each shard reads for itself.
 */
export function isGivenWhole({ nats }: SourceDocument): boolean {
  return nats !== undefined && (nats.stream === undefined || nats.partitioned === true);
}

/** The first shard counts events without a key, of those rules are found for (`EventSteps.keyMissing`). */
const COUNTS_KEYLESS = 1;

/** Routes the messages of one source. Holds scratch only, and what it found out about the message routed last. */
export class MessageRoutes {
  readonly events: readonly StreamEvent[];
  /** One bit for each shard that has a key of the message, or counts that it has none; 0 if it is no event. What nobody asks for is left out. */
  all = 0;
  /** The same of the events that are more than noise to the rules that read by the key. */
  concerned = 0;
  private readonly decoder: MessageDecoder;
  private readonly decoded: Decoded = { events: [], dead: [] };
  private readonly units: UnitReader;
  private readonly readers: readonly KeyReader[];

  /** `keys`: all that rules read the source by. `wantsAll`: somebody asks for `all`. */
  constructor(
    plan: SourcePlan,
    private readonly keys: readonly RoutedKey[],
    private readonly options: { readonly shards: number; readonly wantsAll: boolean },
  ) {
    // What nobody asks for here need not be computed.
    this.decoder = new MessageDecoder(plan.name, { ...plan.decode, id: undefined, order: undefined });
    this.units = new UnitReader(plan.watermark.by);
    this.readers = keys.map((key) => new KeyReader(key.plan));
    this.events = this.decoded.events;
  }

  route(message: RawMessage): void {
    const { decoded } = this;
    const { events } = decoded;
    events.length = 0;
    decoded.dead.length = 0;
    this.all = 0;
    this.concerned = 0;
    this.decoder.decode(message, decoded);
    for (let i = 0; i < events.length; i++) this.routeEvent(events[i] as StreamEvent);
  }

  private routeEvent(event: StreamEvent): void {
    const { keys, readers } = this;
    const { shards, wantsAll } = this.options;
    for (let i = 0; i < keys.length; i++) {
      const isConcerned = (keys[i] as RoutedKey).concerns?.(event) !== false;
      if (!isConcerned && !wantsAll) continue;
      const token = (readers[i] as KeyReader).tokenOf(event);
      const bit = token === undefined ? COUNTS_KEYLESS : 1 << shardOfKey(token, shards);
      this.all |= bit;
      if (isConcerned) this.concerned |= bit;
    }
  }

  /** Something of the message is no event. */
  get hasDead(): boolean {
    return this.decoded.dead.length > 0;
  }

  /** What the message says as a whole; undefined if it is not JSON. */
  get parsed(): unknown {
    return this.decoder.parsed;
  }

  unitOf(event: StreamEvent): string {
    return this.units.unitOf(event);
  }
}
