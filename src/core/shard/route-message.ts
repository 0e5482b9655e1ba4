/** Which shards of several a message concerns, by the keys of its events. */
import type { Decoded } from '../decode/decode-message.js';
import { MessageDecoder } from '../decode/decode-message.js';
import type { RawMessage } from '../decode/decode-message.js';
import type { KeyPlan, SourcePlan } from '../document/plans.js';
import type { StreamEvent } from '../model/event.js';
import { shardOfKey } from '../model/ownership.js';
import { UnitReader } from '../time/unit-reader.js';
import { KeyReader } from './key-reader.js';

/** Routes the messages of one source. Holds scratch only. */
export class MessageRoutes {
  /** The events of the message routed last. */
  readonly events: readonly StreamEvent[];
  private readonly decoder: MessageDecoder;
  private readonly decoded: Decoded = { events: [], dead: [] };
  private readonly units: UnitReader;
  private readonly keys: readonly KeyReader[];

  /** `keys`: all that rules read the source by. */
  constructor(
    plan: SourcePlan,
    keys: readonly KeyPlan[],
    private readonly shards: number,
  ) {
    // What nobody asks for here need not be computed.
    this.decoder = new MessageDecoder(plan.name, { ...plan.decode, id: undefined, order: undefined });
    this.units = new UnitReader(plan.watermark.by);
    this.keys = keys.map((key) => new KeyReader(key));
    this.events = this.decoded.events;
  }

  /** One bit for each shard that has a key of the message; 0 if it has none, or is no event. */
  route(message: RawMessage): number {
    const { decoded, keys, shards } = this;
    decoded.events.length = 0;
    decoded.dead.length = 0;
    this.decoder.decode(message, decoded);
    let mask = 0;
    for (const event of decoded.events) {
      for (const key of keys) {
        const token = key.tokenOf(event);
        if (token !== undefined) mask |= 1 << shardOfKey(token, shards);
      }
    }
    return mask;
  }

  /** What the message routed last says as a whole; undefined if it is not JSON. */
  get parsed(): unknown {
    return this.decoder.parsed;
  }

  unitOf(event: StreamEvent): string {
    return this.units.unitOf(event);
  }
}
