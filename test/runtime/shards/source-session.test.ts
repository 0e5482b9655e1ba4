import { describe, expect, test } from 'vitest';
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
import { Shard, advanceShard } from '../../../src/core/shard/shard.js';
import { SourceInterest } from '../../../src/core/shard/source-interest.js';
import type { WhatRulesAsk } from '../../../src/runtime/shards/routing.js';
import { assignmentsOf, ruleSetOf } from '../../core/shard/shard-fixture.js';
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
    for (let at = 0; at < messages; at++) this.stream.add({ t: at, k: `k${at % 20}`, type: at % 3 === 0 ? 'x' : 'n' });
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

  /** `rules`: those in force in the shard. */
  join(
    shard: number,
    start: SourceStart = { kind: 'all' },
    rules?: Shard,
  ): { replies: SessionReply[]; subscriber: Subscriber } {
    const replies: SessionReply[] = [];
    const interest = rules === undefined ? undefined : new SourceInterest(rules, 'a');
    const subscriber = {
      shard,
      isLocal: shard === 0,
      start,
      asks: asksOf(interest),
      interest: shard === 0 ? interest : undefined,
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

function asksOf(interest: SourceInterest | undefined): WhatRulesAsk {
  return { keys: ['"k"'], versions: interest?.versions ?? ['one nobody else has'] };
}

/** A shard with a rule over events of the types. */
function shardWith(...types: string[]): Shard {
  const rules = types.map(
    (type) => `---
kind: rule
name: of-${type}
source: a
key: k
pattern: { within: 1h, sequence: [{ begin: one, where: "type = '${type}'" }] }
`,
  );
  const shard = new Shard();
  advanceShard(shard, { kind: 'rules', rules: assignmentsOf(ruleSetOf([SOURCE, ...rules].join(''))) });
  return shard;
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

test('each message goes to the shard of its key; of the others event time moves, and the home shard tells all that is late', async () => {
  const place = new Place(60);
  const readers = [0, 1].map((shard) => place.join(shard));
  for (const { subscriber } of readers) place.session.allow(subscriber, 1_000);
  await place.turn();
  const [home, other] = readers.map(({ replies }) => replies) as [SessionReply[], SessionReply[]];
  const seqs = [home, other].map((replies) => messagesOf(replies).map(({ seq }) => seq));
  expect(seqs.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  seqs.forEach((list, shard) => {
    for (const seq of list) expect(shardOfKey(`k${(seq - 1) % 20}`, 2)).toBe(shard);
  });
  expect(new Set(messagesOf(home).map(({ isToldElsewhere }) => isToldElsewhere))).toEqual(new Set([false]));
  expect(new Set(messagesOf(other).map(({ isToldElsewhere }) => isToldElsewhere))).toEqual(new Set([true]));
  expect(batches(home).flatMap(({ told = [] }) => told.map(({ seq }) => seq))).toEqual(seqs[1]);
  expect(batches(other).flatMap(({ elsewhere }) => [...(elsewhere?.seqs ?? [])])).toEqual(seqs[0]);
  for (const { subscriber } of readers) place.session.leave(subscriber);
});

describe('what no rule can use', () => {
  /** The sequences of the messages that each of the two shards was given. */
  async function given(home: Shard, other: Shard, change?: (place: Place, there: Subscriber) => void) {
    const place = new Place(60);
    const readers = [home, other].map((rules, shard) => place.join(shard, undefined, rules));
    for (const { subscriber } of readers) place.session.allow(subscriber, 20);
    await place.turn();
    change?.(place, readers[1]?.subscriber as Subscriber);
    for (const { subscriber } of readers) place.session.allow(subscriber, 1_000);
    await place.turn();
    for (const { subscriber } of readers) place.session.leave(subscriber);
    return readers.map(({ replies }) => messagesOf(replies).map(({ seq }) => seq)) as [number[], number[]];
  }
  const ofShard = (shard: number, which: (seq: number) => boolean): number[] =>
    Array.from({ length: 60 }, (_, at) => at + 1).filter(
      (seq) => shardOfKey(`k${(seq - 1) % 20}`, 2) === shard && which(seq),
    );
  const isX = (seq: number): boolean => (seq - 1) % 3 === 0;

  test('stays where it is read', async () => {
    expect(await given(shardWith('x'), shardWith('x'))).toEqual([ofShard(0, isX), ofShard(1, isX)]);
  });

  test('is what the home shard has no rule for, too: of more rules there, each shard gets what any asks for', async () => {
    expect(await given(shardWith('x', 'n'), shardWith('x'))).toEqual([ofShard(0, () => true), ofShard(1, () => true)]);
  });

  test('goes to a shard that has a rule the home shard does not have yet', async () => {
    expect(await given(shardWith('x'), shardWith('x', 'n'))).toEqual([ofShard(0, isX), ofShard(1, () => true)]);
  });

  test('is another from the moment on that the home shard has other rules, or the shard says that it has', async () => {
    // What waits to be taken was routed before: 20 batches that were allowed, and those that wait.
    const routed = 20 + routingLimits.batchesWaitingMax;
    const less = shardWith('x', 'n');
    const [, kept] = await given(less, shardWith('x', 'n'), () => {
      advanceShard(less, { kind: 'rules', rules: [] });
    });
    expect(kept).toEqual(ofShard(1, () => true));
    const [, spared] = await given(shardWith('x'), shardWith('x', 'n'), (place, there) =>
      place.session.ask(there, asksOf(new SourceInterest(shardWith('x'), 'a'))),
    );
    expect(spared).toEqual(ofShard(1, (seq) => seq <= routed || isX(seq)));
  });
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
