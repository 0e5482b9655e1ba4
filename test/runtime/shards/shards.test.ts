import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SentEvent } from '../restart-fixture.js';
import { MERGED, SINGLE, mergedEvents, paceOf, pieces, singleEvents, worldOf } from '../restart-fixture.js';
import type { CommitFate } from '../world.js';
import { storeFaults } from '../stored-consistency.js';
import { ShardedDisks, ShardedLife } from './sharded-life.js';

const settings = { checkpointIntervalMs: 30, alertDelayMaxMs: 5, batchMessagesMax: 8, publishBatchMax: 3 };

/** By units, of which some are silent, and with a key the events of which lie in several shards. */
const UNITS = `${SINGLE.replace('maxOutOfOrderness: 5s }', 'maxOutOfOrderness: 5s, by: k }')}---
kind: rule
name: everything
source: a
pattern:
  within: 5s
  sequence: [{ begin: x, where: v > 3 }, { followedBy: y, where: v > 3 }]
`;

async function byOne(documents: string, events: readonly SentEvent[]): Promise<string[]> {
  const world = worldOf(documents, events);
  await (await world.live().run()).stop();
  return world.summary;
}

const death = fc.record({
  commit: fc.integer({ min: 1, max: 30 }),
  fate: fc.constantFrom<CommitFate>('die-before', 'die-after'),
  publication: fc.nat(6),
  lost: fc.boolean(),
  pieces,
});

describe('several shards say what one says, each thing once, wherever they die', () => {
  const law = (documents: string, events: fc.Arbitrary<SentEvent[]>): Promise<void> =>
    fc.assert(
      fc.asyncProperty(
        events,
        fc.integer({ min: 2, max: 4 }),
        fc.array(death, { maxLength: 4 }),
        async (given, shards, deaths) => {
          const world = worldOf(documents, given);
          const disks = new ShardedDisks(shards);
          for (const { commit, fate, publication, lost, pieces: cut } of deaths) {
            let publications = 0;
            const life = await new ShardedLife(world, disks, {
              settings,
              pace: paceOf(cut),
              commitFate: (number) => (number === commit ? fate : 'ok'),
              sinkFault: () => (++publications === publication ? (lost ? 'fail' : 'lose-ack') : 'none'),
            }).run();
            life.crash();
          }
          const last = await new ShardedLife(world, disks, { settings }).run();
          await last.stop();
          expect(world.summary).toEqual(await byOne(documents, given));
          expect(disks.disks.flatMap((disk) => storeFaults(disk))).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );

  test('of one source, with events out of order and late', () => law(SINGLE, singleEvents), 120_000);
  test('of two sources that rules merge', () => law(MERGED, mergedEvents), 120_000);
  test('of a source whose units have clocks of their own', () => law(UNITS, singleEvents), 120_000);
});

const BY_VALUE = `---
kind: rule
name: by-value
source: a
key: v
pattern:
  within: 20s
  sequence: [{ begin: x, where: type = 'x' }, { followedByAny: y, where: type = 'y' }]
`;

interface Changing {
  readonly control: { reload(): Promise<void> };
  settle(): Promise<unknown>;
  stop(): Promise<void>;
  whileTurning<T>(work: Promise<T>): Promise<T>;
}

describe('a revision', () => {
  /** Half of the events, a rule whose key no rule had before, the other half. */
  async function change(
    events: readonly SentEvent[],
    live: (world: ReturnType<typeof worldOf>) => Promise<Changing>,
  ): Promise<string[]> {
    const whole = worldOf(SINGLE, events);
    const world = worldOf(SINGLE, []);
    world.in('a').messages.length = 0;
    const messages = whole.in('a').messages.map(({ text = '', arrival }) => ({ text, arrival }));
    for (const { text, arrival } of messages.slice(0, messages.length >> 1)) world.in('a').add(text, arrival);
    const life = await live(world);
    world.documents += BY_VALUE;
    await life.whileTurning(life.control.reload());
    for (const { text, arrival } of messages.slice(messages.length >> 1)) world.in('a').add(text, arrival);
    await life.settle();
    await life.stop();
    return world.summary.map((line) => line.replace(/"ruleRevision":\d+/, ''));
  }

  test('with a key that no rule had sees what waited when it came, as with one shard', () =>
    fc.assert(
      fc.asyncProperty(singleEvents, fc.integer({ min: 2, max: 4 }), async (events, shards) => {
        const several = await change(events, (world) =>
          new ShardedLife(world, new ShardedDisks(shards), { settings }).run(),
        );
        expect(several).toEqual(await change(events, (world) => world.live({ settings }).run()));
      }),
      { numRuns: 60 },
    ));

  test('that one shard cannot make durable stops all of them, and is in force everywhere after the next start', async () => {
    const [events] = fc.sample(singleEvents, { seed: 5, numRuns: 1 });
    const world = worldOf(SINGLE, events as SentEvent[]);
    const disks = new ShardedDisks(3);
    let refusing = false;
    const life = await new ShardedLife(world, disks, {
      settings,
      commitFate: (_, shard) => (refusing && shard === 1 ? 'fail' : 'ok'),
    }).run();
    refusing = true;
    world.documents += BY_VALUE;
    await life.whileTurning(life.control.reload());
    expect(life.set.failure).toMatchObject({ code: 'io' });
    expect(life.set.state).toBe('failed');
    life.crash();
    const next = await new ShardedLife(world, disks, { settings }).run();
    expect(next.engines.map(({ revision }) => revision)).toEqual([2, 2, 2]);
    expect((await next.whileTurning(next.control.status())).rules.map(({ name }) => name)).toContain('by-value');
    await next.stop();
  });
});

test('a shard whose state is of another number of shards is refused', async () => {
  const world = worldOf(SINGLE, []);
  const disks = new ShardedDisks(2);
  await (await new ShardedLife(world, disks, { settings }).run()).stop();
  const more = new ShardedDisks(3);
  disks.disks.forEach((disk, at) => disk.forEach((value, key) => more.disks[at]?.set(key, value)));
  await expect(new ShardedLife(world, more, { settings }).run()).rejects.toMatchObject({ code: 'state-shards' });
});
