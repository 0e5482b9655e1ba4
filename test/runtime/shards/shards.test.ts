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
