import { expect, test } from 'vitest';
import { compileSchema } from '../../../src/adapters/json-schema/compile-schema.js';
import { parseDocuments } from '../../../src/adapters/document/parse-documents.js';
import { systemDigest } from '../../../src/adapters/system/system-digest.js';
import { compileRuleSet } from '../../../src/core/document/compile.js';
import { keyPlanOfText } from '../../../src/core/document/compile-key.js';
import type { SourcePlan } from '../../../src/core/document/plans.js';
import type { SourceStart } from '../../../src/ports/source.js';
import { readRouted } from '../../../src/runtime/shards/routed-batch.js';
import { routingLimits } from '../../../src/runtime/shards/routing.js';
import type { SessionReply, Subscriber } from '../../../src/runtime/shards/source-session.js';
import { SourceSession } from '../../../src/runtime/shards/source-session.js';
import { shardOfKey } from '../../../src/core/model/ownership.js';
import { ManualClock } from '../manual-clock.js';
import { ScriptedStream, scriptedOpener } from '../scripted-source.js';
import { expressions } from '../world.js';

const SOURCE = `
kind: source
name: a
nats: { stream: a, subjects: ["in.>"] }
start: all
event: { time: t }
`;

function planOf(): SourcePlan {
  const parsed = parseDocuments(SOURCE, { origin: 'file' });
  if (!parsed.ok) throw new Error('the source does not parse');
  const environment = { expressions, digest: systemDigest, schemaCheck: compileSchema, alertPrefix: 'x', revision: 1 };
  const compiled = compileRuleSet(parsed.value, environment);
  if (!compiled.ok) throw new Error('the source does not compile');
  return compiled.value.sources.get('a') as SourcePlan;
}

/** A source of this many messages, one to a batch, and two shards that may read it. */
class Place {
  readonly clock = new ManualClock();
  readonly stream = new ScriptedStream('a', this.clock);
  given = 0;
  emptied = 0;
  readonly session: SourceSession;

  /** `goneBefore`: the two messages before this sequence are gone. */
  constructor(messages: number, goneBefore?: number) {
    for (let at = 0; at < messages; at++) this.stream.add({ t: at, k: `k${at % 20}` });
    const scripted = scriptedOpener(new Map([['a', this.stream]]), { clock: this.clock, isDead: () => false });
    this.session = new SourceSession({
      plan: planOf(),
      opener: {
        open: async (source, start) => {
          const reader = await scripted.open(source, start);
          const next = reader.nextBatch.bind(reader);
          reader.nextBatch = async (max, waitMs) => {
            this.given++;
            let batch = await next(max, waitMs);
            const seqOf = (): number => batch.messages[0]?.seq ?? 0;
            if (goneBefore === undefined || seqOf() !== goneBefore - 2) return batch;
            while (seqOf() < goneBefore) batch = await next(max, waitMs);
            return { ...batch, gaps: [[goneBefore - 2, goneBefore - 1]] };
          };
          return reader;
        },
      },
      shards: 2,
      clock: this.clock,
      batchMessagesMax: 1,
      pollWaitMs: 250,
      starts: { get: () => undefined, put: () => Promise.resolve() },
      keyPlan: (text) => keyPlanOfText(text, expressions),
      onEmpty: () => this.emptied++,
      onFailure: (error) => {
        throw error;
      },
    });
  }

  join(shard: number, start: SourceStart = { kind: 'all' }): { replies: SessionReply[]; subscriber: Subscriber } {
    const replies: SessionReply[] = [];
    const subscriber = {
      shard,
      isLocal: shard === 0,
      start,
      keys: ['"k"'],
      send: (reply: SessionReply) => void replies.push(reply),
    };
    this.session.join(subscriber);
    return { replies, subscriber };
  }

  async turn(times = 400): Promise<void> {
    for (let i = 0; i < times; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.runNext();
    }
  }
}

const batches = (replies: readonly SessionReply[]) =>
  replies.flatMap((one) => (one.kind === 'batch' ? [one.batch] : []));
const messagesOf = (replies: readonly SessionReply[]) =>
  batches(replies).flatMap(({ messages }) => readRouted(structuredClone(messages)));

test('a source is read no further than its slowest shard allows', async () => {
  const place = new Place(200);
  const slow = place.join(0);
  const quick = place.join(1);
  place.session.allow(quick.subscriber, 1_000);
  place.session.allow(slow.subscriber, routingLimits.batchesAhead);
  await place.turn();
  expect(batches(slow.replies)).toHaveLength(routingLimits.batchesAhead);
  expect(batches(quick.replies)).toHaveLength(routingLimits.batchesAhead + routingLimits.batchesWaitingMax);
  place.session.allow(slow.subscriber, 1_000);
  await place.turn();
  expect(batches(slow.replies)).toHaveLength(200);
  expect(batches(quick.replies)).toHaveLength(200);
  place.session.leave(slow.subscriber);
  place.session.leave(quick.subscriber);
  expect(place.emptied).toBe(1);
});

test('each message goes to the shard of its key, told by one of them; of the others event time moves', async () => {
  const place = new Place(60);
  const readers = [0, 1].map((shard) => place.join(shard));
  for (const { subscriber } of readers) place.session.allow(subscriber, 1_000);
  await place.turn();
  const seqs = readers.map(({ replies }) => messagesOf(replies).map(({ seq }) => seq));
  expect(seqs.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  seqs.forEach((list, shard) => {
    for (const seq of list) expect(shardOfKey(`k${(seq - 1) % 20}`, 2)).toBe(shard);
  });
  for (const { replies } of readers) {
    expect(messagesOf(replies).every(({ isToldElsewhere }) => isToldElsewhere === false)).toBe(true);
    const times = batches(replies).flatMap(({ elsewhere }) => [...(elsewhere?.times ?? [])]);
    expect(times.length + messagesOf(replies).length).toBe(60);
  }
  for (const { subscriber } of readers) place.session.leave(subscriber);
});

test('a shard that begins before what was read gets all of it, the others nothing again', async () => {
  const place = new Place(40);
  const identity = { kind: 'jetstream', id: 'a', firstSeq: 1, lastSeq: 40 } as const;
  const first = place.join(0, { kind: 'position', afterSeq: 30, readTo: 30, identity });
  place.session.allow(first.subscriber, 1_000);
  await place.turn();
  const early = place.join(1, { kind: 'position', afterSeq: 10, readTo: 30, identity });
  place.session.allow(early.subscriber, 1_000);
  await place.turn();
  const scanned = ({ replies }: { replies: readonly SessionReply[] }) =>
    batches(replies).map(({ scannedTo }) => scannedTo);
  expect(scanned(first)).toEqual(Array.from({ length: 10 }, (_, at) => 31 + at));
  expect(scanned(early)).toEqual(Array.from({ length: 30 }, (_, at) => 11 + at));
  place.session.leave(first.subscriber);
  place.session.leave(early.subscriber);
});

test('a gap is told by one of the shards that have not passed it, the first one or not', async () => {
  const identity = { kind: 'jetstream', id: 'a', firstSeq: 1, lastSeq: 40 } as const;
  const gapsOf = ({ replies }: { replies: readonly SessionReply[] }) => batches(replies).flatMap(({ gaps }) => gaps);
  for (const [afterFirst, told] of [
    [0, [1, 0]],
    [30, [0, 1]],
  ] as const) {
    const place = new Place(40, 15);
    const readers = [afterFirst, 10].map((afterSeq, shard) =>
      place.join(shard, { kind: 'position', afterSeq, readTo: 30, identity }),
    );
    for (const { subscriber } of readers) place.session.allow(subscriber, 1_000);
    await place.turn();
    expect(readers.map((reader) => gapsOf(reader).length)).toEqual(told);
    for (const { subscriber } of readers) place.session.leave(subscriber);
  }
});
