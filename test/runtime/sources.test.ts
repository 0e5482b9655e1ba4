import { describe, expect, test } from 'vitest';
import type { SourceStatus } from '../../src/ports/control.js';
import type { Life } from './world.js';
import { World } from './world.js';

const T0 = Date.parse('2024-05-01T00:00:00Z');

const source = (name: string, more = 'start: all', watermark = ''): string => `
kind: source
name: ${name}
nats: { stream: ${name.toUpperCase()}, subjects: ["in.>"] }
${more}
event: { time: t, type: type, id: n }
watermark: { maxOutOfOrderness: 10s${watermark} }
`;
const each = (name: string, sources: string, type = 'x'): string => `
kind: rule
name: ${name}
source: ${sources}
pattern: { within: 1s, sequence: [{ begin: x, where: type = '${type}' }] }
`;
const absence = `
kind: rule
name: gone
source: a
key: k
pattern:
  sequence: [{ begin: x, where: type = 'x' }, { notFollowedBy: y, where: type = 'y', within: 30s }]
`;
const set = (...documents: string[]): string => documents.join('\n---');
const send = (world: World, stream: string, seconds: number, more: object = {}, arrival?: number): void =>
  world.in(stream).add({ t: T0 + seconds * 1_000, type: 'x', k: 'k1', ...more }, arrival);
const names = (world: World): string[] =>
  world.alerts.flatMap(({ data }) => data.stages.flatMap(({ events }) => events.map(({ id }) => id)));
const statusOf = (life: Life, name: string): SourceStatus => {
  const found = life.control.status().sources.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no source ${name}`);
  return found;
};
const others = (world: World): string[] =>
  world.published.filter(({ contentType }) => contentType === 'application/json').map(({ subject }) => subject);

describe('a source', () => {
  test('gives again after a restart what was not final yet, and only that', async () => {
    const world = new World(set(source('a'), each('r', 'a')), 'A');
    send(world, 'A', 0, { n: 'e1' });
    send(world, 'A', 15, { n: 'e2' });
    send(world, 'A', 8, { n: 'e3' });
    const first = await world.live().run();
    expect(statusOf(first, 'a')).toMatchObject({ position: 3, buffered: 2, events: 3 });
    expect(names(world)).toEqual(['e1']);
    first.crash();
    const second = await world.live().run();
    expect(statusOf(second, 'a')).toMatchObject({ position: 3, buffered: 2, events: 0 });
    send(world, 'A', 100);
    send(world, 'A', 200);
    await second.settle();
    await second.stop();
    expect(names(world).slice(0, 3)).toEqual(['e1', 'e3', 'e2']);
  });

  test('reports a late event once, and does not let it in after a restart', async () => {
    const world = new World(set(source('a'), source('b'), each('r', 'a'), each('both', '[a, b]')), 'A', 'B');
    send(world, 'B', 0, { n: 'b1' });
    send(world, 'A', 100, { n: 'a1' });
    send(world, 'A', 20, { n: 'late' });
    send(world, 'A', 95, { n: 'a2' });
    const first = await world.live().run();
    expect(statusOf(first, 'a')).toMatchObject({ late: 1 });
    expect(others(world)).toEqual(['weir.alerts.late.a']);
    for (let restarts = 0; restarts < 3; restarts++) {
      first.crash();
      const again = await world.live().run();
      expect(statusOf(again, 'a')).toMatchObject({ late: 0, position: 3 });
      again.crash();
    }
    for (const stream of ['A', 'B']) {
      send(world, stream, 1_000, { type: 'over' });
      send(world, stream, 2_000, { type: 'over' });
    }
    await (await world.live().run()).stop();
    expect(others(world)).toEqual(['weir.alerts.late.a']);
    expect(names(world).sort()).toEqual(['a1', 'a1', 'a2', 'a2', 'b1']);
  });

  test('that begins with new messages does not skip what comes while the service is down', async () => {
    const world = new World(set(source('a', 'start: new'), each('r', 'a')), 'A');
    send(world, 'A', 0, { n: 'before' });
    (await world.live().run()).crash();
    send(world, 'A', 10, { n: 'while down' });
    send(world, 'A', 1_000, { type: 'over' });
    await (await world.live().run()).stop();
    expect(names(world)).toEqual(['while down']);
  });

  test('that begins at a time does not begin earlier when the process dies before the first message', async () => {
    const start = 'start: { time: 2024-06-01T00:00:00Z }';
    const world = new World(set(source('a', start), each('r', 'a')), 'A');
    const june = Date.parse('2024-06-01T00:00:00Z');
    send(world, 'A', 0, { n: 'before' }, june - 1);
    send(world, 'A', 1, { n: 'after' }, june);
    send(world, 'A', 1_000, { type: 'over' }, june);
    for (let commits = 1; commits < 8; commits++) {
      const dies = world.live({
        settings: { checkpointIntervalMs: 1 },
        pace: (turn) => (turn < 4 ? 0 : 8),
        commitFate: (number) => (number === commits ? 'die-after' : 'ok'),
      });
      await dies.start();
      dies.engine.checkpoints.changed();
      await dies.settle();
      dies.crash();
    }
    await (await world.live().run()).stop();
    expect(names(world)).toEqual(['after']);
  });

  test('that changes its watermark goes on from its position with what it held', async () => {
    const world = new World(set(source('a'), each('r', 'a')), 'A');
    send(world, 'A', 0, { n: 'e1' });
    send(world, 'A', 5, { n: 'e2' });
    const life = await world.live().run();
    world.documents = set(source('a', 'start: all\nlate: drop'), each('r', 'a')).replace('10s', '3s');
    await life.whileTurning(life.control.reload());
    send(world, 'A', 9, { n: 'e3' });
    send(world, 'A', 1_000, { type: 'over' });
    await life.settle();
    expect(statusOf(life, 'a')).toMatchObject({ position: 4 });
    await life.stop();
    expect(names(world)).toEqual(['e1', 'e2', 'e3']);
  });

  test('that changes while it waits for another one loses nothing and doubles nothing', async () => {
    const documents = set(source('a'), source('b'), each('both', '[a, b]'));
    const world = new World(documents, 'A', 'B');
    send(world, 'A', 0, { n: 'a1' });
    send(world, 'A', 100, { n: 'a2' });
    send(world, 'B', 5, { n: 'b1' });
    const life = await world.live().run();
    world.documents = documents.replace('10s', '9s');
    await life.whileTurning(life.control.reload());
    await life.settle();
    life.crash();
    for (const stream of ['A', 'B']) {
      send(world, stream, 1_000, { type: 'over' });
      send(world, stream, 2_000, { type: 'over' });
    }
    await (await world.live().run()).stop();
    expect(names(world)).toEqual(['a1', 'b1', 'a2']);
  });

  test('that changes while it is still being read again after a restart loses nothing and doubles nothing', async () => {
    const documents = set(source('a'), source('b'), each('both', '[a, b]'));
    const count = 30;
    for (let turns = 1; turns < count; turns += 4) {
      const world = new World(documents, 'A', 'B');
      send(world, 'B', 5, { n: 'b1' });
      for (let at = 0; at < count; at++) send(world, 'A', 20 + at, { n: `a${at}` });
      (await world.live().run()).crash();
      const life = await world.live({ pace: () => 1, settings: { batchMessagesMax: 1 } }).start();
      await life.turnUntil(() => life.engine.shard.waitingEvents('a').length >= turns - 10);
      world.documents = documents.replace('10s', '9s');
      await life.whileTurning(life.control.reload());
      for (const stream of ['A', 'B']) {
        send(world, stream, 1_000, { type: 'over' });
        send(world, stream, 2_000, { type: 'over' });
      }
      await life.settle();
      await life.stop();
      expect(names(world)).toEqual(['b1', ...Array.from({ length: count }, (_, at) => `a${at}`)]);
    }
  });

  test('that turns to another stream while it is still being read again does not hold back the ones it is merged with', async () => {
    const documents = set(source('a'), source('b'), each('both', '[a, b]'));
    const world = new World(documents, 'A', 'B', 'C');
    send(world, 'B', 5, { n: 'b1' });
    for (let at = 0; at < 30; at++) send(world, 'A', 20 + at, { n: `a${at}` });
    (await world.live().run()).crash();
    const life = await world.live({ pace: () => 1, settings: { batchMessagesMax: 1 } }).start();
    await life.turnUntil(() => life.engine.shard.waitingEvents('a').length >= 3);
    world.documents = documents.replace('stream: A', 'stream: C');
    await life.whileTurning(life.control.reload());
    send(world, 'C', 10, { n: 'c1' });
    for (const stream of ['C', 'B']) {
      send(world, stream, 1_000, { type: 'over' });
      send(world, stream, 2_000, { type: 'over' });
    }
    await life.settle();
    await life.stop();
    expect(names(world)).toEqual(['b1', 'c1']);
  });

  test('that turns to another stream begins there with a clock of its own', async () => {
    const world = new World(set(source('a'), absence), 'A', 'C');
    send(world, 'A', 10_000, { k: 'k0' });
    send(world, 'A', 20_000, { type: 'over' });
    const life = await world.live().run();
    expect(world.alerts).toHaveLength(1);
    world.documents = set(source('a'), absence).replace('stream: A', 'stream: C');
    await life.whileTurning(life.control.reload());
    send(world, 'C', 0, { k: 'k1' });
    send(world, 'C', 12, { type: 'other' });
    await life.settle();
    send(world, 'C', 13, { k: 'k1', type: 'y' });
    send(world, 'C', 100, { type: 'over' });
    await life.settle();
    await life.stop();
    // The login at 0 s was followed by its logout at 13 s: nothing is absent.
    expect(world.alerts.map(({ data }) => data.key)).toEqual(['k0']);
  });

  test('that was turned to another stream while the service was down begins there, too', async () => {
    const documents = set(source('a'), source('b'), absence, each('both', '[a, b]'));
    const world = new World(documents, 'A', 'B', 'C');
    send(world, 'A', 10_000, { k: 'k0' });
    send(world, 'A', 20_000, { type: 'over' });
    send(world, 'B', 15_000, { type: 'over' });
    await (await world.live().run()).stop();
    world.documents = documents.replace('stream: A', 'stream: C');
    send(world, 'C', 0, { k: 'k1' });
    send(world, 'C', 12, { type: 'other' });
    const life = await world.live().run();
    expect(statusOf(life, 'a')).toMatchObject({ position: 2, events: 2 });
    send(world, 'C', 13, { k: 'k1', type: 'y' });
    send(world, 'C', 100, { type: 'over' });
    await life.settle();
    await life.stop();
    expect(world.alerts.filter(({ data }) => data.rule === 'gone').map(({ data }) => data.key)).toEqual(['k0']);
  });

  test('that no rule uses is not read, and its position is forgotten', async () => {
    const world = new World(set(source('a'), source('b'), each('r', 'a')), 'A', 'B');
    send(world, 'B', 0);
    const life = await world.live().run();
    expect(statusOf(life, 'b')).toMatchObject({ state: 'unused', position: 0 });
    await life.stop();
  });

  test('that is refused leaves the others at work, and the status says why', async () => {
    const world = new World(set(source('a'), source('missing'), each('r', 'a'), each('m', 'missing')), 'A');
    send(world, 'A', 0, { n: 'e1' });
    send(world, 'A', 100, { type: 'over' });
    const life = await world.live().run();
    expect(statusOf(life, 'missing')).toMatchObject({ state: 'refused', reason: { code: 'stream-not-found' } });
    expect(names(world)).toEqual(['e1']);
    expect(life.log.some(({ said }) => said === 'a source is refused')).toBe(true);
    await life.stop();
  });

  test('that ends fires every deadline, and a restart after its end says nothing more', async () => {
    const world = new World(set(source('a'), absence), 'A');
    world.in('A').ends = true;
    send(world, 'A', 0);
    await (await world.live().run()).stop();
    expect(world.alerts.map(({ time }) => time)).toEqual(['2024-05-01T00:00:30.000Z']);
    const again = await world.live().run();
    expect(again.control.status().rules[0]?.versions).toHaveLength(1);
    await again.stop();
    expect(world.alerts).toHaveLength(1);
  });

  test('that gives what is no event puts it aside with its reason, once', async () => {
    const world = new World(set(source('a', 'start: all', ', maxFuture: 1h'), each('r', 'a')), 'A');
    world.in('A').add('{"t":');
    world.in('A').add({ type: 'x' });
    world.in('A').add({ t: 'soon', type: 'x' });
    world.in('A').add({ t: T0 + 1e9, type: 'x' }, T0);
    world.in('A').add([1, 2]);
    send(world, 'A', 0, { n: 'e1' });
    send(world, 'A', 100, { type: 'over' });
    (await world.live().run()).crash();
    await (await world.live().run()).stop();
    const reasons = world.published
      .filter(({ subject }) => subject === 'weir.alerts.dead.a')
      .map(({ body }) => (JSON.parse(body) as { reason: string }).reason);
    expect(reasons).toEqual(['json', 'time', 'time', 'future', 'time']);
    expect(names(world)).toEqual(['e1']);
  });

  test('that is silent and caught up lets time pass by its arrival clock, over a restart too', async () => {
    const world = new World(set(source('a', 'start: all', ', idleAfter: 5s'), absence), 'A');
    world.in('A').add({ t: world.clock.now(), type: 'x', k: 'k1' });
    const first = await world.live().start();
    await first.turnUntil(() => world.clock.monotonic() > 20_000);
    first.crash();
    expect(world.alerts).toEqual([]);
    const second = await world.live().start();
    await second.turnUntil(() => world.alerts.length > 0);
    second.crash();
    const third = await world.live().start();
    await third.turnUntil(() => world.clock.monotonic() > 100_000);
    await third.stop();
    expect(world.alerts).toHaveLength(1);
    expect(world.alerts[0]?.time).toBe('2024-05-01T00:00:30.000Z');
  });
});

describe('a match that waits for a run of an old version', () => {
  test('leaves when the drain of that version is over', async () => {
    const rule = (v: number): string => `
kind: rule
name: held
source: a
key: k
limits: { runsPerKey: 10 }
pattern:
  skip: skipPastLastEvent
  sequence: [{ begin: x, where: type = 'x' }, { followedBy: y, where: type = 'y' and v = ${v} }]
`;
    const world = new World(set(source('a'), rule(1)), 'A');
    send(world, 'A', 0, { n: 'x1' });
    send(world, 'A', 20, { type: 'over' });
    const life = await world.live().run();
    world.documents = set(source('a'), rule(2));
    await life.whileTurning(life.control.reload());
    send(world, 'A', 30, { n: 'x2' });
    send(world, 'A', 31, { n: 'y2', type: 'y', v: 2 });
    const day = 86_400;
    send(world, 'A', day / 2, { type: 'over', k: 'k2' });
    await life.settle();
    expect(names(world)).toEqual([]);
    send(world, 'A', 2 * day, { type: 'over', k: 'k2' });
    await life.settle();
    await life.stop();
    expect(names(world)).toEqual(['x2', 'y2']);
  });
});

describe('a full outbox', () => {
  test('holds the sources back, and they go on when there is room', async () => {
    const world = new World(set(source('a'), each('r', 'a')), 'A');
    for (let second = 0; second < 200; second++) send(world, 'A', second, { n: `e${second}` });
    send(world, 'A', 10_000, { type: 'over' });
    let most = 0;
    const life = world.live({
      settings: { outboxWaitingMax: 5, batchMessagesMax: 10, publishBatchMax: 2 },
      sinkFault: () => {
        most = Math.max(most, life.engine.outbox.waiting);
        return 'none';
      },
    });
    await life.run();
    await life.stop();
    expect(names(world)).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(15);
  });
});

describe('a store that fails', () => {
  test('stops the engine: nothing that is not durable is published, and the next start says it', async () => {
    const world = new World(set(source('a'), each('r', 'a')), 'A');
    const life = await world.live({ commitFate: (number) => (number > 1 ? 'fail' : 'ok') }).run();
    send(world, 'A', 0, { n: 'e1' });
    send(world, 'A', 100, { type: 'over' });
    await life.settle();
    expect(life.engine.state).toBe('failed');
    expect(life.control.status().failure).toMatchObject({ code: 'io' });
    expect(world.published).toEqual([]);
    const put = await life.whileTurning(life.control.put('rule', 'other', each('other', 'a')));
    expect(put).toMatchObject({ ok: false, reason: 'unavailable' });
    await life.stop();
    await (await world.live().run()).stop();
    expect(names(world)).toEqual(['e1']);
  });
});
