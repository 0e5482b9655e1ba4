/** Keys that are not in memory: whatever the budget, the same is said, in the same order, and nothing is left behind. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EngineSettings } from '../../src/runtime/engine-options.js';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import type { SentEvent } from './restart-fixture.js';
import { MERGED, SINGLE, mergedEvents, paceOf, pieces, singleEvents, worldOf } from './restart-fixture.js';
import type { SourceMessage } from '../../src/ports/source.js';
import type { ScriptedStream } from './scripted-source.js';
import type { CommitFate, World } from './world.js';

/** No key stays in memory, and two are fetched at once. */
const NOTHING_STAYS: Partial<EngineSettings> = {
  stateMemoryBytesMax: 0,
  keysPerLoadMax: 2,
  checkpointIntervalMs: 30,
  alertDelayMaxMs: 5,
  batchMessagesMax: 8,
};
/** About two keys stay. */
const FEW_STAY: Partial<EngineSettings> = { ...NOTHING_STAYS, stateMemoryBytesMax: 5_000, keysPerLoadMax: 1 };
const budgets = fc.constantFrom(NOTHING_STAYS, FEW_STAY);

/** What each rule said, in order: the order between rules of different keys depends on how input was cut, as ever. */
function said(world: World): Record<string, string[]> {
  const byRule: Record<string, string[]> = {};
  for (const { id, type, subject, time, data } of world.alerts) {
    (byRule[data.rule] ??= []).push([id, type, subject, time, data.suppressed].join(' '));
  }
  return byRule;
}

async function livedThrough(world: World, settings: Partial<EngineSettings>, cut: readonly number[]): Promise<World> {
  const life = await world.live({ settings, pace: paceOf(cut), checksCommits: true }).run();
  expect(life.engine.failure).toBeUndefined();
  await life.stop();
  return world;
}

describe('with hardly a key in memory an engine says what one says that keeps all, in the same order', () => {
  test.each([
    ['one source', SINGLE, singleEvents],
    ['sources that rules merge', MERGED, mergedEvents],
  ] as const)(
    '%s',
    (_, documents, events) =>
      fc.assert(
        fc.asyncProperty(events, pieces, budgets, async (given, cut, budget) => {
          const kept = await livedThrough(worldOf(documents, given), { batchMessagesMax: 8 }, cut);
          const spilled = await livedThrough(worldOf(documents, given), budget, cut);
          expect(said(spilled)).toEqual(said(kept));
          expect(spilled.summary).toEqual(kept.summary);
          expect([...spilled.stored('k/'), ...spilled.stored('t/')]).toEqual([]);
        }),
        { numRuns: 40 },
      ),
    120_000,
  );
});

const deaths = fc.array(
  fc.record({ commit: fc.integer({ min: 1, max: 25 }), fate: fc.constantFrom<CommitFate>('die-before', 'die-after') }),
  { minLength: 1, maxLength: 5 },
);

test(
  'dying at any commit, between the steps of one input too, changes nothing',
  () =>
    fc.assert(
      fc.asyncProperty(mergedEvents, deaths, pieces, budgets, async (given, ends, cut, settings) => {
        const world = worldOf(MERGED, given);
        for (const { commit, fate } of ends) {
          const pace = paceOf(cut);
          const life = world.live({
            settings,
            pace,
            checksCommits: true,
            commitFate: (n) => (n === commit ? fate : 'ok'),
          });
          (await life.run()).crash();
        }
        await livedThrough(world, settings, [4]);
        const undisturbed = await livedThrough(worldOf(MERGED, given), {}, [4]);
        expect(world.summary).toEqual(undisturbed.summary);
        expect([...world.stored('k/'), ...world.stored('t/')]).toEqual([]);
      }),
      { numRuns: 60 },
    ),
  120_000,
);

/** Documents with the window of the first rule changed, under `onUpdate`, or without that rule. */
function changed(documents: string, how: 'keep' | 'drain' | 'restart' | 'gone' | 'as-was', withinS: number): string {
  const parts = documents.split('---\n');
  const at = parts.findIndex((part) => part.includes('name: pair') || part.includes('name: both'));
  const rule = parts[at] as string;
  if (how === 'gone') parts.splice(at, 1);
  else if (how !== 'as-was') parts[at] = `${rule.replace('within: 20s', `within: ${withinS}s`)}onUpdate: ${how}\n`;
  return parts.join('---\n');
}

const changes = fc.record({
  how: fc.constantFrom('keep' as const, 'drain' as const, 'restart' as const, 'gone' as const, 'as-was' as const),
  withinS: fc.integer({ min: 2, max: 40 }),
  /** Events before it. */
  at: fc.nat(40),
});

function send(stream: ScriptedStream, messages: readonly SourceMessage[]): void {
  stream.messages.push(...messages);
  stream.wake();
}

/** Sends, changes documents on the way, sends the rest. */
async function livedThroughChanges(
  documents: string,
  events: readonly SentEvent[],
  change: typeof changes extends fc.Arbitrary<infer T> ? readonly T[] : never,
  settings: Partial<EngineSettings>,
): Promise<World> {
  const world = worldOf(documents, events);
  const all = [...world.streams.values()].map((stream) => ({ stream, messages: stream.messages.splice(0) }));
  const life = await world.live({ settings, checksCommits: true }).start();
  let sent = 0;
  for (const { how, withinS, at } of [...change].sort((a, b) => a.at - b.at)) {
    for (; sent < at; sent++) for (const { stream, messages } of all) send(stream, messages.splice(0, 1));
    await life.settle();
    world.documents = changed(documents, how, withinS);
    expect(parseDocuments(world.documents, { origin: 'file', file: 'r' }).ok).toBe(true);
    await life.whileTurning(life.control.reload());
  }
  for (const { stream, messages } of all) send(stream, messages.splice(0));
  await life.settle();
  expect(life.engine.failure).toBeUndefined();
  await life.stop();
  return world;
}

describe('documents that change while hardly a key is in memory', () => {
  test.each([
    ['one source', SINGLE, singleEvents],
    ['merged sources', MERGED, mergedEvents],
  ] as const)(
    'what is said is the same: %s',
    (_, documents, events) =>
      fc.assert(
        fc.asyncProperty(events, fc.array(changes, { maxLength: 4 }), budgets, async (given, change, budget) => {
          const kept = await livedThroughChanges(documents, given, change, {});
          const spilled = await livedThroughChanges(documents, given, change, budget);
          expect(spilled.summary).toEqual(kept.summary);
          expect([...spilled.stored('k/'), ...spilled.stored('t/')]).toEqual([]);
        }),
        { numRuns: 40 },
      ),
    120_000,
  );

  test('a rule whose keys are others from now on has no live runs any more, though nobody looked at them yet', async () => {
    const event = { source: 'a', stepMs: 0, behindMs: 0, type: 'x', v: 5, broken: false } as const;
    const world = worldOf(
      SINGLE,
      ['k1', 'k2', 'k3'].map((k) => ({ ...event, k })),
    );
    // The events behind them, which pass every window, are not there.
    world.in('a').messages.splice(3);
    world.in('b').messages.splice(0);
    world.in('a').add({ t: Date.parse('2024-05-01T00:00:06Z'), type: 'z', k: 'k4', v: 0 });
    const before = await world.live({ settings: NOTHING_STAYS }).run();
    expect([...before.engine.shard.counters.values()].some(({ liveRuns }) => liveRuns > 0)).toBe(true);
    await before.stop();
    world.documents = SINGLE.replaceAll(/^(name|source): a$/gm, '$1: b').replace('stream: a', 'stream: b');
    const after = await world.live({ settings: NOTHING_STAYS }).run();
    await after.stop();
    expect(world.stored('k/')).toEqual([]);
    expect([...after.engine.shard.counters.values()].map(({ liveRuns }) => liveRuns)).toEqual([0, 0, 0]);
  });
});
