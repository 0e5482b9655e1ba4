/** Events that no rule has a use for stay in the shard that reads them: until a rule has. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SentEvent } from '../restart-fixture.js';
import { MERGED, SINGLE, paceOf, pieces, singleEvents, worldOf } from '../restart-fixture.js';
import type { CommitFate, World } from '../world.js';
import type { EngineStatus } from '../../../src/ports/control.js';
import { statusOf } from '../../../src/runtime/engine-status.js';
import { ShardedDisks, ShardedLife } from './sharded-life.js';

const settings = { checkpointIntervalMs: 30, alertDelayMaxMs: 5, batchMessagesMax: 8, publishBatchMax: 3 };

const SOURCE = SINGLE.slice(0, SINGLE.indexOf('---'));

/** A rule over what few events are: the others are noise. */
const rule = (name: string, sequence: string, more = '', within = '20s', pattern = ''): string => `---
kind: rule
name: ${name}
source: a
${/^key:/m.test(more) ? '' : 'key: k\n'}pattern:
  within: ${within}
${pattern}  sequence: ${sequence}
${more}`;

const PAIR = `[{ begin: x, where: "type = 'x' and v > 3" }, { followedByAny: y, where: "type = 'y' and v > 2" }]`;
const ABSENCE = `[{ begin: x, where: "type = 'x'" }, { notFollowedBy: y, where: "type = 'y' and v > 2" }]`;
const SKIP = '  skip: skipPastLastEvent\n';
const TOLD = 'onTimeout: { alert: { severity: low } }\n';

/** Several keys; most events concern none or one of them. */
const QUIET = [
  SOURCE,
  rule('pair', PAIR, TOLD),
  rule('absence', ABSENCE, '', '12s', SKIP),
  rule('by-value', `[{ begin: x, where: "type = 'x' and v = 5" }, { followedBy: y, where: "type = 'y'" }]`, 'key: v\n'),
].join('');

/** What is said when a condemned run's time is over depends on whether any event of its key came before. */
const MINDING = `${SOURCE}${rule(
  'absence',
  `[{ begin: x, where: "type = 'x'" }, { followedByAny: m, where: "type = 'x' and v > 2" }, { notFollowedBy: y, where: "type = 'y' and v > 2", within: 3s }]`,
  TOLD,
  '9s',
  SKIP,
)}`;

const death = fc.record({
  commit: fc.integer({ min: 1, max: 30 }),
  fate: fc.constantFrom<CommitFate>('die-before', 'die-after'),
  pieces,
});
type Death = (typeof death)['generate'] extends (...args: never[]) => { readonly value: infer T } ? T : never;

async function dieOnce(world: World, disks: ShardedDisks, { commit, fate, pieces: cut }: Death): Promise<void> {
  const life = await new ShardedLife(world, disks, {
    settings,
    pace: paceOf(cut),
    commitFate: (number) => (number === commit ? fate : 'ok'),
  }).run();
  life.crash();
}

describe('several shards say what one says where most events are noise', () => {
  const law = (documents: string): Promise<void> =>
    fc.assert(
      fc.asyncProperty(
        singleEvents,
        fc.integer({ min: 2, max: 4 }),
        fc.array(death, { maxLength: 3 }),
        async (events, shards, deaths) => {
          const world = worldOf(documents, events);
          const disks = new ShardedDisks(shards);
          for (const one of deaths) await dieOnce(world, disks, one);
          await (await new ShardedLife(world, disks, { settings }).run()).stop();
          const single = worldOf(documents, events);
          await (await single.live().run()).stop();
          expect(world.summary).toEqual(single.summary);
        },
      ),
      { numRuns: 40 },
    );

  test('by several keys', () => law(QUIET), 120_000);
  test('to units with clocks of their own', () => law(QUIET.replace('5s }', '5s, by: k }')), 120_000);
  test('and drops condemned runs all the same', () => law(MINDING), 120_000);
});

interface Changing {
  readonly control: { reload(): Promise<void> };
  settle(): Promise<unknown>;
  stop(): Promise<void>;
  crash(): void;
  whileTurning<T>(work: Promise<T>): Promise<T>;
}

type Begin = (world: World) => Promise<Changing>;

/** Half of the events, other documents, in the same life or in the next, the other half. */
async function change(
  events: readonly SentEvent[],
  documents: readonly [string, string],
  how: { readonly begin: Begin; readonly inNextLife: boolean },
): Promise<string[]> {
  const whole = worldOf(documents[0], events);
  const world = worldOf(documents[0], []);
  world.in('a').messages.length = 0;
  const messages = whole.in('a').messages.map(({ text = '', arrival }) => ({ text, arrival }));
  for (const { text, arrival } of messages.slice(0, messages.length >> 1)) world.in('a').add(text, arrival);
  let life = await how.begin(world);
  world.documents = documents[1];
  if (how.inNextLife) {
    life.crash();
    life = await how.begin(world);
  } else await life.whileTurning(life.control.reload());
  for (const { text, arrival } of messages.slice(messages.length >> 1)) world.in('a').add(text, arrival);
  await life.settle();
  await life.stop();
  return world.summary.map((line) => line.replace(/"ruleRevision":\d+/, ''));
}

const [sourceA = '', sourceB = ''] = MERGED.split('---');

const CHANGES: readonly (readonly [string, string, string])[] = [
  [
    'a rule by a key that others had',
    QUIET,
    QUIET + rule('third', `[{ begin: z, where: "type = 'z'" }, { followedByAny: x, where: "type = 'x'" }]`),
  ],
  [
    'a strict rule, to which every event matters',
    QUIET,
    QUIET + rule('strict', `[{ begin: x, where: "type = 'x'" }, { next: y, where: "type = 'y'" }]`),
  ],
  ['other constants, while the old runs drain', QUIET, QUIET.replaceAll('v > 2', 'v > 0')],
  [
    'other constants under kept runs',
    QUIET,
    QUIET.replaceAll('v > 2', 'v > 0').replaceAll('key:', 'onUpdate: keep\nkey:'),
  ],
  ['time-outs of pruned runs', MINDING.replace(TOLD, ''), MINDING],
  [
    'a second source for one of the rules',
    `${sourceA}---${sourceB}${rule('pair', PAIR)}`,
    `${sourceA}---${sourceB}${rule('pair', PAIR).replace('source: a', 'source: [a, b]')}`,
  ],
  ['fewer rules, which then are more again', QUIET, QUIET.slice(0, QUIET.lastIndexOf('---'))],
];

describe.each(CHANGES)('a revision that brings %s', (_, before, after) => {
  const law = (documents: readonly [string, string], inNextLife: boolean): Promise<void> =>
    fc.assert(
      fc.asyncProperty(singleEvents, fc.integer({ min: 2, max: 4 }), async (events, shards) => {
        const disks = new ShardedDisks(shards);
        const several = await change(events, documents, {
          begin: (world) => new ShardedLife(world, disks, { settings }).run(),
          inNextLife,
        });
        const one = await change(events, documents, { begin: (world) => world.live({ settings }).run(), inNextLife });
        expect(several).toEqual(one);
      }),
      { numRuns: 20 },
    );

  test('finds what waited for event time', () => law([before, after], false), 60_000);
  test('finds it when the service was down', () => law([before, after], true), 60_000);
  test('and the other way about', () => law([after, before], false), 60_000);
});

/** What is late or dead does not depend on the rules. */
const asides = (summary: readonly string[]): string[] => summary.filter((line) => /^\S*\.(late|dead)\./.test(line));

test(
  'what is late or dead is told once, whatever rules come at whatever moment, and wherever the service dies',
  () =>
    fc.assert(
      fc.asyncProperty(
        singleEvents,
        fc.integer({ min: 2, max: 4 }),
        fc.array(fc.record({ death, turns: fc.nat(40), revision: fc.nat(CHANGES.length - 2) }), { maxLength: 4 }),
        async (events, shards, steps) => {
          const world = worldOf(QUIET, events);
          const disks = new ShardedDisks(shards);
          for (const { death: how, turns, revision } of steps) {
            const life = new ShardedLife(world, disks, {
              settings,
              pace: paceOf(how.pieces),
              commitFate: (number) => (number === how.commit ? how.fate : 'ok'),
            });
            let left = turns;
            await life.start();
            await life.turnUntil(() => left-- <= 0);
            world.documents = CHANGES.filter(([name]) => !name.includes('second source'))[revision]?.[2] ?? QUIET;
            let over = false;
            if (!life.dead)
              void life.control.reload().then(
                () => (over = true),
                () => (over = true),
              );
            await life.turnUntil(() => over);
            await life.settle();
            life.crash();
          }
          await (await new ShardedLife(world, disks, { settings }).run()).stop();
          const single = worldOf(QUIET, events);
          await (await single.live().run()).stop();
          expect(asides(world.summary)).toEqual(asides(single.summary));
        },
      ),
      { numRuns: 60 },
    ),
  120_000,
);

test('events without a key are counted as by one shard, noise not at all', async () => {
  const worlds = [0, 1].map(() => worldOf(QUIET, []));
  for (const world of worlds) {
    world.in('a').messages.length = 0;
    for (const at of [0, 1, 2]) {
      world.in('a').add({ t: 1_000 * at, type: 'x', v: 5 });
      world.in('a').add({ t: 1_000 * at, type: 'x', k: 'k1' });
      world.in('a').add({ t: 1_000 * at, type: 'z' });
    }
    world.in('a').add({ t: 3_600_000, type: 'over' });
  }
  const [many, one] = worlds as [World, World];
  const several = await new ShardedLife(many, new ShardedDisks(3), { settings }).run();
  const single = await one.live({ settings }).run();
  const expected = [
    ['pair', 3],
    ['absence', 3],
    ['by-value', 0],
  ];
  const countsOf = ({ rules }: EngineStatus): unknown => rules.map(({ name, keyMissing }) => [name, keyMissing]);
  expect(countsOf(await several.whileTurning(several.control.status()))).toEqual(expected);
  expect(countsOf(statusOf(single.engine))).toEqual(expected);
  await several.stop();
  await single.stop();
});
