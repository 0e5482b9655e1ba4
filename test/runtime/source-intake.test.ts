import { expect, test } from 'vitest';
import { StoreError } from '../../src/ports/store.js';
import type { SourcePlan } from '../../src/core/document/plans.js';
import { SourceInterest } from '../../src/core/shard/source-interest.js';
import type { IntakeReceiver } from '../../src/runtime/source-intake.js';
import { SourceIntake } from '../../src/runtime/source-intake.js';
import { SINGLE, worldOf } from './restart-fixture.js';
import { scriptedOpener } from './scripted-source.js';

const nothing = (): void => undefined;

function receiverOf(deliver: IntakeReceiver['deliver']): IntakeReceiver {
  const ready = (): Promise<void> => Promise.resolve();
  return {
    deliver,
    ready,
    refeed: nothing,
    replayed: nothing,
    late: nothing,
    dead: nothing,
    gap: nothing,
    batchDone: nothing,
  };
}

test('what fails behind a source while it is being stopped is told, for it is not the end that was asked for', async () => {
  const world = worldOf(SINGLE, []);
  const life = await world.live().run();
  let fail: ((error: Error) => void) | undefined;
  const intake = new SourceIntake({
    plan: life.engine.intakes.planOf('a') as SourcePlan,
    opener: scriptedOpener(world.streams, { clock: world.clock, isDead: () => false }),
    interest: new SourceInterest(life.engine.shard, 'a'),
    saved: undefined,
    refeeds: false,
    receiver: receiverOf(() => new Promise((_, reject) => (fail = reject))),
    clock: world.clock,
    batchMessagesMax: 8,
    pollWaitMs: 50,
    shardLowestSeq: () => undefined,
    shardWatermark: () => -Infinity,
    shardWaiting: () => [],
  });
  const done = intake.run();
  await life.turnUntil(() => fail !== undefined);
  const stopped = intake.stop();
  fail?.(new StoreError('io', 'The disk is broken.'));
  await expect(done).rejects.toMatchObject({ code: 'io' });
  await stopped;
});
