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
describe('a source that is held back', () => {
  const heldAhead = async (documents: string): Promise<Life> => {
    const world = new World(documents, 'A', 'B');
    for (let second = 0; second < 50; second++) send(world, 'A', second, { n: `e${second}` });
    const life = world.live({ settings: { batchMessagesMax: 5 } });
    const { shard } = life.engine;
    const isTooFarAhead = shard.isTooFarAhead.bind(shard);
    const heldBackFor = shard.heldBackFor.bind(shard);
    shard.isTooFarAhead = (name) => isTooFarAhead(name, 5);
    shard.heldBackFor = (name) => heldBackFor(name, 5);
    await life.start();
    await life.turnUntil(() => shard.isTooFarAhead('a'));
    return life;
  };

  test('says so in the status, with the rules and the source that they wait for', async () => {
    const life = await heldAhead(set(source('a'), source('b'), each('both', '[a, b]'), each('r', 'a')));
    expect(statusOf(life, 'a')).toMatchObject({
      state: 'held-back',
      reason: { code: 'held-back', message: expect.stringContaining('wait for b (rules both)') as unknown },
    });
    expect(statusOf(life, 'b')?.state).not.toBe('held-back');
    await life.stop();
  });

  test('for its late events, which a restart could not tell from those that wait, says so, and loses none', async () => {
    const world = new World(set(source('a'), source('b'), each('both', '[a, b]')), 'A', 'B');
    send(world, 'B', -100, { n: 'b' });
    send(world, 'A', 100, { n: 'first' });
    for (let second = 0; second < 50; second++) send(world, 'A', second, { n: `late${second}` });
    const life = await world.live({ settings: { batchMessagesMax: 5, lateHeldMax: 7 } }).start();
    await life.turnUntil(() => statusOf(life, 'a').state === 'held-back');
    expect(statusOf(life, 'a')).toMatchObject({
      reason: { message: expect.stringContaining('until b (rules both) is past them') as unknown },
    });
    expect(statusOf(life, 'a').late).toBeLessThan(7 + 5);
    life.crash();
    const next = await world.live({ settings: { batchMessagesMax: 5, lateHeldMax: 7 } }).start();
    await next.turnUntil(() => statusOf(next, 'a').state === 'held-back');
    send(world, 'B', 200, { n: 'end' });
    send(world, 'A', 200, { n: 'end' });
    await next.settle();
    await next.stop();
    expect(names(world)).toEqual(['b', 'first']);
    expect(world.stream.messages.filter(({ subject }) => subject.includes('.late.'))).toHaveLength(50);
  });

  test('can be changed all the same', async () => {
    const documents = set(source('a'), source('b'), each('both', '[a, b]'));
    const life = await heldAhead(documents);
    life.world.documents = documents.replace('10s', '3s');
    await life.whileTurning(life.control.reload());
    expect(life.engine.revision).toBe(2);
    await life.stop();
  });

  test('goes on when the rule is gone for which it waited', async () => {
    const life = await heldAhead(set(source('a'), source('b'), each('both', '[a, b]'), each('r', 'a', 'z')));
    life.world.documents = set(source('a'), source('b'), each('r', 'a', 'z'));
    await life.whileTurning(life.control.reload());
    await life.turnUntil(() => statusOf(life, 'a').position === 50);
    await life.stop();
  });
});
