/**
 * The least a service can do with a stream: a pull consumer of the client's own library that acknowledges nothing, and JSON.parse of every
 * payload. No order, no key, no state, nothing checked: what a machine gives at most.
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

export interface BareReading {
  readonly events: number;
  readonly ms: number;
  readonly cpuMicros: number;
  /** Something of each payload, so that none of the work can be left out; equal for equal streams. */
  readonly sum: number;
}

/** Messages one request of the consumer asks for: as many as the source adapter does. */
const MESSAGES_PER_PULL = 4_096;

/** Reads a stream to its end over a connection of its own. */
export async function readBare(url: string, stream: string, events: number): Promise<BareReading> {
  const nc = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(nc);
    const { name } = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      mem_storage: true,
      inactive_threshold: 60_000_000_000,
    });
    const consumer = await jetstream(nc).consumers.get(stream, name);
    const decoder = new TextDecoder();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    let count = 0;
    let sum = 0;
    const messages = await consumer.consume({ max_messages: MESSAGES_PER_PULL });
    for await (const message of messages) {
      sum += (JSON.parse(decoder.decode(message.data)) as { amount: number }).amount;
      if (++count === events) break;
    }
    const ms = performance.now() - begun;
    const used = process.cpuUsage(cpu);
    return { events: count, ms, cpuMicros: used.user + used.system, sum };
  } finally {
    await nc.close();
  }
}
