import { describe, expect, test } from 'vitest';
import type { CommitFate } from './world.js';
import { World } from './world.js';

const T0 = Date.parse('2024-05-01T00:00:00Z');

const SOURCE = `
kind: source
name: s
nats: { stream: S, subjects: ["in.>"] }
start: all
event: { time: t, type: type, id: n }
`;
const pair = (more = '', name = 'pair', within = 'within: 1h'): string => `
kind: rule
name: ${name}
source: s
key: k
pattern:
  ${within}
  sequence:
    - begin: x
      where: type = 'x'
    - followedBy: y
      where: type = 'y'
${more}`;
const single = (name: string, where: string, more = ''): string => `
kind: rule
name: ${name}
source: s
pattern: { within: 1s, sequence: [{ begin: x, where: "${where}" }] }
${more}`;
const set = (...documents: string[]): string => documents.join('\n---');
const send = (world: World, seconds: number, type: string, more: object = {}): void =>
  world.in('S').add({ t: T0 + seconds * 1_000, type, k: 'k1', ...more });
/** Event time goes on, so that what was sent is final. */
const pass = (world: World, seconds: number): void => send(world, seconds, 'other', { k: 'nobody' });
const rulesOf = (world: World): string[] => world.alerts.map(({ data }) => data.rule);
const stagesOf = (world: World): string[] =>
  world.alerts.map(({ data }) => data.stages.map(({ events }) => events.map(({ id }) => id).join(',')).join(';'));

describe('a rule that changes', () => {
  const wider = pair().replace("'y'", "'y' or type = 'late-y'");

  test('lets its old runs finish as they began, and starts new ones as it is now', async () => {
    const world = new World(set(SOURCE, pair()), 'S');
    send(world, 0, 'x', { n: 'x1' });
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, wider);
    await life.whileTurning(life.control.reload());
    expect(life.control.status().rules[0]?.versions.map(({ draining }) => draining)).toEqual([true, false]);
    send(world, 1, 'x', { n: 'x2' });
    send(world, 2, 'late-y', { n: 'y1' });
    pass(world, 3);
    await life.settle();
    expect(stagesOf(world)).toEqual(['x2;y1']);
    send(world, 3, 'y', { n: 'y2' });
    pass(world, 4);
    await life.settle();
    await life.stop();
    expect(stagesOf(world)).toEqual(['x2;y1', 'x1;y2']);
    expect(world.alerts.map(({ data }) => data.ruleRevision)).toEqual([2, 1]);
  });

  test('does so over a restart, too', async () => {
    const world = new World(set(SOURCE, pair()), 'S');
    send(world, 0, 'x', { n: 'x1' });
    pass(world, 1);
    const first = await world.live().run();
    world.documents = set(SOURCE, wider);
    await first.whileTurning(first.control.reload());
    first.crash();
    send(world, 2, 'late-y', { n: 'y1' });
    send(world, 3, 'y', { n: 'y2' });
    pass(world, 4);
    const second = await world.live().run();
    await second.stop();
    expect(stagesOf(world)).toEqual(['x1;y2']);
  });

  test('while the service is down, is taken up at the next start in the same way', async () => {
    const world = new World(set(SOURCE, pair()), 'S');
    send(world, 0, 'x', { n: 'x1' });
    pass(world, 1);
    await (await world.live().run()).stop();
    world.documents = set(SOURCE, wider);
    send(world, 1, 'x', { n: 'x2' });
    send(world, 2, 'late-y', { n: 'y1' });
    send(world, 3, 'y', { n: 'y2' });
    pass(world, 4);
    await (await world.live().run()).stop();
    expect(stagesOf(world).sort()).toEqual(['x1;y2', 'x2;y1']);
  });

  test('keeps no old version when its window has passed', async () => {
    const world = new World(set(SOURCE, pair()), 'S');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, wider);
    await life.whileTurning(life.control.reload());
    send(world, 3_700, 'other');
    send(world, 3_701, 'other');
    await life.settle();
    expect(life.control.status().rules[0]?.versions).toHaveLength(1);
    expect(life.control.status().shards[0]).toMatchObject({ keys: 0, liveRuns: 0, timers: 0 });
    await life.stop();
    expect(world.stored('k/')).toEqual([]);
  });

  test('without a window drains for a day of event time, whenever the checkpoints are', async () => {
    const unbounded = (where: string): string => pair('limits: { runsPerKey: 10 }', 'pair', '').replace("'y'", where);
    const hours = (n: number): number => n * 3_600;
    for (const checkpointIntervalMs of [1, 100_000]) {
      const world = new World(set(SOURCE, unbounded("'y'")), 'S');
      const life = await world.live({ settings: { checkpointIntervalMs } }).start();
      send(world, 0, 'x', { n: 'x1' });
      send(world, 1, 'x', { k: 'k2' });
      pass(world, 2);
      await life.turnUntil(() => life.engine.shard.keyCount === 2);
      world.documents = set(SOURCE, unbounded("'y2'"));
      await life.whileTurning(life.control.reload());
      send(world, hours(23), 'y', { n: 'y1' });
      send(world, hours(25), 'other');
      await life.settle();
      send(world, hours(26), 'y', { k: 'k2' });
      pass(world, hours(27));
      await life.settle();
      expect(life.engine.failure).toBeUndefined();
      await life.stop();
      expect(stagesOf(world)).toEqual(['x1;y1']);
    }
  });

  test('and says `onUpdate: restart` drops its old runs', async () => {
    const world = new World(set(SOURCE, pair('onUpdate: restart')), 'S');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, wider.replace('pattern:', 'onUpdate: restart\npattern:'));
    await life.whileTurning(life.control.reload());
    send(world, 3, 'y');
    pass(world, 4);
    await life.settle();
    await life.stop();
    expect(world.alerts).toEqual([]);
    expect(life.control.status().rules[0]?.versions).toHaveLength(1);
  });

  test('by its title only goes on with its runs, and speaks as it is now', async () => {
    const world = new World(set(SOURCE, pair('alert: { title: "\'old\'" }')), 'S');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, pair('alert: { title: "\'new\'" }'));
    await life.whileTurning(life.control.reload());
    send(world, 3, 'y');
    pass(world, 4);
    await life.settle();
    await life.stop();
    expect(world.alerts.map(({ data }) => data.title)).toEqual(['new']);
  });

  test.each([true, false])('in its source lets old runs finish under the old source (restart: %s)', async (restart) => {
    const other = SOURCE.replace('name: s', 'name: s2').replace('stream: S', 'stream: S2');
    const world = new World(set(SOURCE, other, pair()), 'S', 'S2');
    send(world, 0, 'x', { n: 'x1' });
    pass(world, 1);
    let life = await world.live().run();
    world.documents = set(SOURCE, other, pair().replace('source: s', 'source: s2'));
    await life.whileTurning(life.control.reload());
    if (restart) {
      life.crash();
      life = await world.live().run();
    }
    world.in('S2').add({ t: T0, type: 'x', k: 'k1', n: 'x2' });
    world.in('S2').add({ t: T0 + 1_000, type: 'y', k: 'k1', n: 'y2' });
    world.in('S2').add({ t: T0 + 9_000, type: 'other' });
    send(world, 2, 'x', { n: 'x3' });
    send(world, 3, 'y', { n: 'y3' });
    pass(world, 4_000);
    pass(world, 4_001);
    await life.settle();
    expect(stagesOf(world).sort()).toEqual(['x1;y3', 'x2;y2']);
    expect(life.control.status().rules[0]?.versions).toHaveLength(1);
    await life.stop();
    expect(world.stored('k/')).toEqual([]);
  });

  test('together with its source, which goes, has nothing to drain from: its old runs go, too', async () => {
    const other = SOURCE.replace('name: s', 'name: s2').replace('stream: S', 'stream: S2');
    const world = new World(set(SOURCE, pair()), 'S', 'S2');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(other, pair().replace('source: s', 'source: s2'));
    await life.whileTurning(life.control.reload());
    expect(life.control.status().rules[0]).toMatchObject({ liveRuns: 0, versions: [{ version: 2 }] });
    await life.stop();
    expect(world.stored('k/')).toEqual([]);
  });

  test('in its key lets old runs finish under the old key', async () => {
    const world = new World(set(SOURCE, pair()), 'S');
    send(world, 0, 'x', { k: 'k1', other: 'o' });
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, pair().replace('key: k', 'key: other'));
    await life.whileTurning(life.control.reload());
    send(world, 1, 'x', { k: 'k2', other: 'o2' });
    send(world, 2, 'y', { k: 'k1', other: 'o2' });
    pass(world, 3);
    await life.settle();
    life.crash();
    const next = await world.live().run();
    await next.stop();
    expect(world.alerts.map(({ data }) => data.key).sort()).toEqual(['k1', 'o2']);
  });
});

describe('a rule that goes', () => {
  test('and comes again sees nothing of what it held', async () => {
    const world = new World(set(SOURCE, pair(), single('other', "type = 'o'")), 'S');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, single('other', "type = 'o'"));
    await life.whileTurning(life.control.reload());
    expect(world.stored('k/')).toEqual([]);
    world.documents = set(SOURCE, pair(), single('other', "type = 'o'"));
    await life.whileTurning(life.control.reload());
    send(world, 1, 'y');
    pass(world, 2);
    await life.settle();
    await life.stop();
    expect(world.alerts).toEqual([]);
  });

  test.each<CommitFate>(['ok', 'die-before', 'die-after'])(
    'and comes again while the process dies (%s): the same',
    async (fate) => {
      const world = new World(set(SOURCE, pair(), single('other', "type = 'o'")), 'S');
      send(world, 0, 'x');
      pass(world, 1);
      await (await world.live().run()).stop();
      world.documents = set(SOURCE, single('other', "type = 'o'"));
      await world.live({ commitFate: (number) => (number === 1 ? fate : 'ok') }).run();
      const without = await world.live().run();
      without.crash();
      world.documents = set(SOURCE, pair(), single('other', "type = 'o'"));
      send(world, 1, 'y');
      pass(world, 2);
      await (await world.live().run()).stop();
      expect(world.alerts).toEqual([]);
      expect(world.stored('k/')).toEqual([]);
    },
  );

  test('takes what it recorded as a shadow with it', async () => {
    const shadow = single('quiet', "type = 'x'", 'mode: shadow');
    const world = new World(set(SOURCE, shadow), 'S');
    send(world, 0, 'x');
    send(world, 10, 'over');
    const life = await world.live().run();
    expect(life.engine.shadowAlerts('quiet')).toHaveLength(1);
    world.documents = set(SOURCE, pair());
    await life.whileTurning(life.control.reload());
    expect(life.engine.shadowAlerts('quiet')).toEqual([]);
    await life.stop();
    expect(world.stored('s/')).toEqual([]);
  });
});

describe('modes', () => {
  test('a shadow rule is recorded and not published, over a restart too', async () => {
    const world = new World(
      set(SOURCE, single('quiet', "type = 'x'", 'mode: shadow'), single('loud', "type = 'x'")),
      'S',
    );
    for (const second of [0, 5, 10]) send(world, second, 'x');
    send(world, 60, 'over');
    const life = await world.live().run();
    life.crash();
    const next = await world.live().run();
    expect(next.engine.shadowAlerts('quiet').map((text) => (JSON.parse(text) as { time: string }).time)).toEqual([
      '2024-05-01T00:00:00.000Z',
      '2024-05-01T00:00:05.000Z',
      '2024-05-01T00:00:10.000Z',
    ]);
    await next.stop();
    expect(rulesOf(world)).toEqual(['loud', 'loud', 'loud']);
  });

  test('a paused rule starts nothing and says nothing; its deadlines pass in silence', async () => {
    const absence = (mode: string): string => `
kind: rule
name: gone
source: s
key: k
mode: ${mode}
pattern:
  sequence: [{ begin: x, where: type = 'x' }, { notFollowedBy: y, where: type = 'y', within: 10s }]
`;
    const world = new World(set(SOURCE, absence('active')), 'S');
    send(world, 0, 'x');
    pass(world, 1);
    const life = await world.live().run();
    world.documents = set(SOURCE, absence('paused'));
    await life.whileTurning(life.control.reload());
    send(world, 5, 'x', { k: 'k2' });
    send(world, 60, 'other');
    await life.settle();
    world.documents = set(SOURCE, absence('active'));
    await life.whileTurning(life.control.reload());
    send(world, 70, 'x', { k: 'k3' });
    send(world, 100, 'other');
    send(world, 101, 'other');
    await life.settle();
    await life.stop();
    expect(world.alerts.map(({ data }) => data.key)).toEqual(['k3']);
  });
});

describe('a throttle', () => {
  test('counts what it held back, across restarts, and tells the next alert of the key', async () => {
    const world = new World(
      set(SOURCE, single('x', "type = 'x'", 'alert: { throttle: 1m }').replace('pattern', 'key: k\npattern')),
      'S',
    );
    for (const second of [0, 10, 20, 59]) {
      send(world, second, 'x');
      send(world, second, 'x', { k: 'k2' });
      (await world.live().run()).crash();
    }
    send(world, 60, 'x');
    send(world, 600, 'x', { k: 'k2' });
    send(world, 601, 'x', { k: 'k2' });
    send(world, 2_000, 'over');
    await (await world.live().run()).stop();
    expect(world.alerts.map(({ data, time }) => [data.key, time.slice(11, 19), data.suppressed])).toEqual([
      ['k1', '00:00:00', 0],
      ['k2', '00:00:00', 0],
      ['k1', '00:01:00', 3],
      ['k2', '00:10:00', 3],
    ]);
  });
});
