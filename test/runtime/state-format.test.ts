/** State written by the first version with a format is loaded by this one, and goes on as if nothing had happened. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AUTOMATON_FORMAT } from '../../src/core/nfa/automaton.js';
import type { SavedKey } from '../../src/core/shard/saved-key.js';
import type { StoredRule } from '../../src/runtime/rule-registry.js';
import { STATE_FORMAT } from '../../src/runtime/state-layout.js';
import { makeStateSample, sampleWorld, send } from './state-sample.js';
import type { Alert, World } from './world.js';

const formats = Array.from({ length: STATE_FORMAT }, (_, i) => i + 1);

function readSample(format: number): Record<string, string> {
  const file = new URL(`../data/state-format-${format}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}

function valuesOf<T>(entries: Readonly<Record<string, string>>, prefix: string): T[] {
  return Object.entries(entries).flatMap(([key, value]) => (key.startsWith(prefix) ? [JSON.parse(value) as T] : []));
}

const said = ({ data, time, type }: Alert): string => {
  const events = data.stages.map(({ events }) => events.map(({ id }) => id).join(',')).join(' ');
  const kind = type.split('.')[2] ?? '';
  return `${time.slice(11, 19)} ${data.rule} ${kind} ${events} revision ${data.ruleRevision} suppressed ${data.suppressed}`;
};

/** What comes after the sample: both runs of k1 go on under their own versions, the throttle ends, the run of kø/2 times out. */
function goOn(world: World): void {
  send(world, 50, { type: 'y', n: 'y1', k: 'k1', v: 15 });
  send(world, 55, { type: 'y', n: 'y2', k: 'k1', v: 25 });
  send(world, 90, { type: 'b', n: 'b4', k: 'k1' });
  send(world, 3_700, { type: 'other', n: 'o3', k: 'nobody' });
}

describe.each(formats)('the sample of format %d', (format) => {
  const sample = readSample(format);

  test('holds what can be got wrong: live runs, a throttle, a draining version, an alert not yet published', () => {
    expect(valuesOf<{ format: number }>(sample, 'c/')).toMatchObject([{ format }]);
    const rules = valuesOf<StoredRule>(sample, 'r/');
    expect(rules.map(({ name, versions }) => [name, versions.map(({ draining }) => draining)])).toEqual([
      ['pair', [true, false]],
      ['burst', [false]],
    ]);
    const held = valuesOf<SavedKey>(sample, 'k/').flatMap(({ rules: ofKey }) => ofKey);
    expect(held.flatMap(({ runs }) => runs.map(([version]) => version)).sort()).toEqual([1, 1, 2]);
    expect(held.flatMap(({ throttles }) => throttles.filter((one) => one !== null))).toHaveLength(1);
    expect(valuesOf(sample, 'o/')).toHaveLength(1);
  });

  test('loads: nothing is dropped, both versions are there, and the alert that was left behind is published', async () => {
    const world = sampleWorld(sample);
    const life = await world.live().run();
    expect(life.log.filter(({ said: line }) => line.includes('dropped'))).toEqual([]);
    expect(life.log.find(({ said: line }) => line === 'state restored')).toMatchObject({ keys: 3 });
    const { rules, shards, revision } = life.control.status();
    expect(rules.find(({ name }) => name === 'pair')?.versions).toHaveLength(2);
    expect([revision, shards[0]]).toMatchObject([2, { keys: 3, liveRuns: 3 }]);
    await life.stop();
    expect(world.alerts.map(said)).toEqual(['00:00:22 burst match b1 revision 1 suppressed 0']);
  });

  test('goes on to alert as it would have', async () => {
    const world = sampleWorld(sample);
    goOn(world);
    await (await world.live().run()).stop();
    expect(world.alerts.map(said)).toEqual([
      '00:00:22 burst match b1 revision 1 suppressed 0',
      '00:00:50 pair match x1 y1 revision 1 suppressed 0',
      '00:00:55 pair match x3 y2 revision 2 suppressed 0',
      '00:01:30 burst match b4 revision 1 suppressed 2',
      '01:00:01 pair timeout x2 revision 1 suppressed 0',
    ]);
  });
});

test('this version, after the same history, goes on like its sample', async () => {
  const made = await makeStateSample();
  expect(Object.keys(made)).toEqual(Object.keys(readSample(STATE_FORMAT)));
  const [fresh, stored] = [made, readSample(STATE_FORMAT)].map(sampleWorld);
  for (const world of [fresh, stored]) {
    goOn(world as World);
    await (await (world as World).live().run()).stop();
  }
  expect(fresh?.summary).toEqual(stored?.summary);
});

test('a state of a newer format is refused and left as it is', async () => {
  const sample = readSample(STATE_FORMAT);
  const newer = { ...sample, 'c/0': (sample['c/0'] as string).replace(/"format":\d+/, `"format":${STATE_FORMAT + 1}`) };
  const world = sampleWorld(newer);
  await expect(world.live().start()).rejects.toMatchObject({ code: 'state-format' });
  expect(Object.fromEntries(world.disk)).toEqual(newer);
});

test('a version whose states were numbered otherwise is dropped and named, not misread', async () => {
  const sample = readSample(STATE_FORMAT);
  const renumbered = (sample['r/0000000000000001'] as string).replace(
    `"automatonFormat":${AUTOMATON_FORMAT}`,
    `"automatonFormat":${AUTOMATON_FORMAT + 1}`,
  );
  const world = sampleWorld({ ...sample, 'r/0000000000000001': renumbered });
  goOn(world);
  const life = await world.live().run();
  await life.stop();
  expect(life.log.filter(({ version }) => version !== undefined)).toMatchObject([{ version: 'pair version 1' }]);
  expect(world.alerts.map(said).filter((line) => line.includes('pair'))).toEqual([
    '00:00:55 pair match x3 y2 revision 2 suppressed 0',
  ]);
});
