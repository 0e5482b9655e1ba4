import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SentEvent } from './restart-fixture.js';
import { MERGED, SINGLE, mergedEvents, paceOf, pieces, singleEvents, worldOf } from './restart-fixture.js';
import type { CommitFate, LifeOptions, World } from './world.js';

const settings = { checkpointIntervalMs: 30, alertDelayMaxMs: 5, batchMessagesMax: 8, publishBatchMax: 3 };

async function undisturbed(documents: string, events: readonly SentEvent[]): Promise<string[]> {
  const world = worldOf(documents, events);
  await (await world.live().run()).stop();
  return world.summary;
}

/** Where a life ends. */
const death = fc.record({
  commit: fc.integer({ min: 1, max: 12 }),
  fate: fc.constantFrom<CommitFate>('die-before', 'die-after'),
  /** Also at this publication, 0 for none: its acknowledgement is lost, or the message is. */
  publication: fc.nat(6),
  lost: fc.boolean(),
  /** 0: events flow between any two records of a checkpoint. */
  checkpointSliceMs: fc.constantFrom(0, 4),
  pieces,
});
type Death = typeof death extends fc.Arbitrary<infer T> ? T : never;

function fatal({ commit, fate, publication, lost, checkpointSliceMs, pieces: given }: Death): LifeOptions {
  let publications = 0;
  return {
    settings: { ...settings, checkpointSliceMs },
    pace: paceOf(given),
    commitFate: (number) => (number === commit ? fate : 'ok'),
    sinkFault: () => (++publications === publication ? (lost ? 'fail' : 'lose-ack') : 'none'),
  };
}

async function dieAndFinish(world: World, deaths: readonly Death[]): Promise<void> {
  for (const one of deaths) {
    const life = await world.live(fatal(one)).run();
    life.crash();
  }
  const last = await world.live({ settings }).run();
  await last.stop();
}

function lawOf(documents: string, events: fc.Arbitrary<SentEvent[]>, numRuns: number): Promise<void> {
  const deaths = fc.array(death, { minLength: 1, maxLength: 6 });
  return fc.assert(
    fc.asyncProperty(events, deaths, async (given, ends) => {
      const world = worldOf(documents, given);
      await dieAndFinish(world, ends);
      expect(world.summary).toEqual(await undisturbed(documents, given));
    }),
    { numRuns },
  );
}

describe('an engine that dies at any commit or publication and starts again says what an undisturbed one says, once', () => {
  test('with one source, events out of order and late', () => lawOf(SINGLE, singleEvents, 150), 120_000);
  test('with two sources that rules merge', () => lawOf(MERGED, mergedEvents, 150), 120_000);
});

test('however the sources are read, in pieces and with pauses, the same is said', () =>
  fc.assert(
    fc.asyncProperty(mergedEvents, pieces, async (given, cut) => {
      const world = worldOf(MERGED, given);
      await (await world.live({ settings, pace: paceOf(cut) }).run()).stop();
      expect(world.summary).toEqual(await undisturbed(MERGED, given));
    }),
    { numRuns: 100 },
  ));

test('dying at every commit in turn changes nothing', async () => {
  const [events] = fc.sample(mergedEvents, { seed: 7, numRuns: 1 });
  const expected = await undisturbed(MERGED, events as SentEvent[]);
  for (const fate of ['die-before', 'die-after'] as const) {
    const world = worldOf(MERGED, events as SentEvent[]);
    for (let commit = 1; ; commit++) {
      const life = world.live({ settings, pace: paceOf([3, 0, 2]), commitFate: (n) => (n === commit ? fate : 'ok') });
      await life.run();
      if (!life.dead) {
        await life.stop();
        break;
      }
    }
    expect(world.summary).toEqual(expected);
  }
});

test('an orderly stop leaves nothing in the outbox, and the next start publishes nothing again', async () => {
  const [events] = fc.sample(singleEvents, { seed: 3, numRuns: 1 });
  const world = worldOf(SINGLE, events as SentEvent[]);
  await (await world.live().run()).stop();
  expect(world.stored('o/')).toEqual([]);
  const before = world.summary;
  await (await world.live().run()).stop();
  expect(world.summary).toEqual(before);
});
