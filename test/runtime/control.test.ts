import { describe, expect, test } from 'vitest';
import type { ChangeResult } from '../../src/ports/control.js';
import type { DocumentKind } from '../../src/core/document/documents.js';
import type { CommitFate, Life } from './world.js';
import { World } from './world.js';

const T0 = Date.parse('2024-05-01T00:00:00Z');
const SOURCE = `
kind: source
name: s
nats: { stream: S, subjects: ["in.>"] }
start: all
event: { time: t, type: type }
`;
const rule = (name: string, type = 'x', more = ''): string => `
kind: rule
name: ${name}
source: s
pattern: { within: 1s, sequence: [{ begin: x, where: type = '${type}' }] }
${more}
`;
const TEST = `
tests:
  - name: an x
    events: [{ at: 0s, type: x }]
    expect: [{ at: 0s }]
`;
const set = (...documents: string[]): string => documents.join('\n---');
const send = (world: World, seconds: number, type = 'x'): void => world.in('S').add({ t: T0 + seconds * 1_000, type });
const put = (life: Life, kind: DocumentKind, name: string, text: string): Promise<ChangeResult> =>
  life.whileTurning(life.control.put(kind, name, text));
const remove = (life: Life, kind: DocumentKind, name: string): Promise<ChangeResult> =>
  life.whileTurning(life.control.remove(kind, name));
const reload = (life: Life): Promise<void> => life.whileTurning(life.control.reload());
const codes = (result: ChangeResult): string[] => (result.ok ? [] : result.diagnostics.map(({ code }) => code));
const rules = (world: World): string[] => world.alerts.map(({ data }) => data.rule);

describe('a document sent to the service', () => {
  test('is in force when the answer comes, and after a restart', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    expect(await put(life, 'rule', 'sent', rule('sent'))).toMatchObject({ ok: true, outcome: 'created', revision: 2 });
    expect(await put(life, 'rule', 'sent', rule('sent'))).toMatchObject({ outcome: 'unchanged', revision: 2 });
    life.crash();
    send(world, 0);
    send(world, 10, 'over');
    const next = await world.live().run();
    expect(next.control.document('rule', 'sent')).toMatchObject({ origin: 'api', revision: 2 });
    await next.stop();
    expect(rules(world).sort()).toEqual(['mine', 'sent']);
  });

  test.each<CommitFate>(['die-before', 'die-after'])(
    'is there as a whole or not at all when the process dies at its commit (%s)',
    async (fate) => {
      const world = new World(set(SOURCE, rule('mine')), 'S');
      await (await world.live().run()).stop();
      const dies = world.live({
        commitFate: (_, changes) => (changes.some(({ key }) => key === 'd/rule/sent') ? fate : 'ok'),
      });
      await dies.run();
      void dies.control.put('rule', 'sent', rule('sent'));
      await dies.turnUntil(() => false);
      expect(dies.dead).toBe(true);
      send(world, 0);
      send(world, 10, 'over');
      const next = await world.live().run();
      const there = next.control.document('rule', 'sent') !== undefined;
      await next.stop();
      expect(there).toBe(fate === 'die-after');
      expect(rules(world).sort()).toEqual(there ? ['mine', 'sent'] : ['mine']);
      expect(world.stored('r/')).toHaveLength(there ? 2 : 1);
    },
  );

  test('that is removed is gone, and stays gone', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    await put(life, 'rule', 'sent', rule('sent'));
    expect(await remove(life, 'rule', 'sent')).toMatchObject({ ok: true, outcome: 'deleted' });
    expect(await remove(life, 'rule', 'sent')).toMatchObject({ ok: false, reason: 'not-found' });
    life.crash();
    const next = await world.live().run();
    expect(next.control.documents('rule').map(({ name }) => name)).toEqual(['mine']);
    await next.stop();
  });

  test('is refused with its reasons, and what runs goes on', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    const answers = {
      broken: await put(life, 'rule', 'r', 'kind: rule\n\tname: r'),
      shape: await put(life, 'rule', 'r', 'kind: rule\nname: r\nsauce: s\n'),
      source: await put(life, 'rule', 'r', rule('r').replace('source: s', 'source: nowhere')),
      pattern: await put(life, 'rule', 'r', 'kind: rule\nname: r\nsource: s\npattern: nowhere\n'),
      unbounded: await put(
        life,
        'rule',
        'r',
        rule('r').replace('within: 1s, ', '').replace('}]', '}, { followedBy: y, where: type = 1 }]'),
      ),
      name: await put(life, 'rule', 'r', rule('other')),
      two: await put(life, 'rule', 'r', set(rule('r'), rule('r2'))),
      file: await put(
        life,
        'source',
        'f',
        'kind: source\nname: f\nfile: { path: ../../etc/passwd.csv }\nevent: { time: t }\n',
      ),
      absolute: await put(
        life,
        'source',
        'f',
        'kind: source\nname: f\nfile: { path: /etc/passwd.csv }\nevent: { time: t }\n',
      ),
      testFails: await put(life, 'rule', 'r', rule('r', 'y', TEST)),
    };
    expect(
      Object.fromEntries(Object.entries(answers).map(([name, one]) => [name, [one.ok || one.reason, ...codes(one)]])),
    ).toEqual({
      broken: ['malformed', expect.stringContaining('yaml') as string],
      shape: ['invalid', expect.anything() as string, expect.anything() as string, expect.anything() as string],
      source: ['invalid', 'unknown-source'],
      pattern: ['invalid', 'unknown-pattern'],
      unbounded: ['invalid', 'unbounded'],
      name: ['invalid', 'name-mismatch'],
      two: ['malformed'],
      file: ['invalid', expect.stringContaining('path') as string],
      absolute: ['invalid', expect.stringContaining('path') as string],
      testFails: ['invalid', 'test-failed'],
    });
    expect(life.engine.revision).toBe(1);
    send(world, 0);
    send(world, 10, 'over');
    await life.settle();
    await life.stop();
    expect(rules(world)).toEqual(['mine']);
    expect(world.stored('d/')).toEqual(['d/rule/mine', 'd/source/s']);
  });

  test('that a rule still uses, or that a file owns, is not removed', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    await put(life, 'pattern', 'p', 'kind: pattern\nname: p\nwithin: 1s\nsequence: [{ begin: x, where: type = 1 }]\n');
    await put(life, 'rule', 'r', 'kind: rule\nname: r\nsource: s\npattern: p\n');
    const answer = await remove(life, 'pattern', 'p');
    expect(answer).toMatchObject({ ok: false, reason: 'conflict', detail: 'The pattern `p` is still used.' });
    expect(codes(answer)).toEqual(['unknown-pattern']);
    expect(await remove(life, 'rule', 'mine')).toMatchObject({ reason: 'conflict' });
    expect(await put(life, 'rule', 'mine', rule('mine'))).toMatchObject({ reason: 'conflict' });
    expect(await remove(life, 'rule', 'r')).toMatchObject({ ok: true });
    expect(await remove(life, 'pattern', 'p')).toMatchObject({ ok: true });
    await life.stop();
  });

  test('comes one at a time: of many at once each is judged by what was there before it', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    const answers = await life.whileTurning(
      Promise.all([
        life.control.put('rule', 'r', 'kind: rule\nname: r\nsource: s\npattern: p\n'),
        life.control.put('pattern', 'p', 'kind: pattern\nname: p\nwithin: 1s\nsequence: [{ begin: x }]\n'),
        life.control.put('rule', 'r', 'kind: rule\nname: r\nsource: s\npattern: p\n'),
        life.control.remove('pattern', 'p'),
      ]),
    );
    expect(answers.map(({ ok }) => ok)).toEqual([false, true, true, false]);
    await life.stop();
  });
});

describe('files that change', () => {
  test('and are wrong keep the set that runs, and the status says why until they are right', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    const life = await world.live().run();
    world.documents = set(SOURCE, rule('mine').replace('source: s', 'source: nowhere'));
    await reload(life);
    expect(life.control.status()).toMatchObject({ revision: 1, refusedDocuments: [{ code: 'unknown-source' }] });
    world.documents = set(SOURCE, rule('mine'), rule('mine'));
    await reload(life);
    expect(life.control.status().refusedDocuments.map(({ code }) => code)).toContain('duplicate-name');
    world.documents = set(SOURCE, rule('mine', 'y', TEST));
    await reload(life);
    expect(life.control.status()).toMatchObject({ revision: 1, refusedDocuments: [{ code: 'test-failed' }] });
    world.documents = set(SOURCE, rule('mine', 'y'));
    await reload(life);
    expect(life.control.status()).toMatchObject({ revision: 2, refusedDocuments: [] });
    await life.stop();
  });

  test('and are wrong at a start leave the set that ran last at work', async () => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    await (await world.live().run()).stop();
    world.documents = 'kind: rule';
    const life = await world.live().run();
    expect(life.control.status().refusedDocuments.length).toBeGreaterThan(0);
    send(world, 0);
    send(world, 10, 'over');
    await life.settle();
    await life.stop();
    expect(rules(world)).toEqual(['mine']);
  });

  test('and are wrong at the first start are a refusal to start', async () => {
    const world = new World('kind: rule', 'S');
    await expect(world.live().run()).rejects.toMatchObject({ code: 'documents-invalid' });
  });

  test('back and forth while the process dies at every commit: the last set is in force', async () => {
    const world = new World(set(SOURCE, rule('one')), 'S');
    for (let commit = 1; commit < 8; commit++) {
      for (const name of ['one', 'two']) {
        world.documents = set(SOURCE, rule(name));
        const life = await world.live({ commitFate: (n) => (n === commit ? 'die-before' : 'ok') }).run();
        life.crash();
      }
    }
    send(world, 0);
    send(world, 10, 'over');
    await (await world.live().run()).stop();
    expect(rules(world)).toEqual(['two']);
    expect(world.stored('d/')).toEqual(['d/rule/two', 'd/source/s']);
    expect(world.stored('r/')).toHaveLength(1);
  });
});

describe('a state directory', () => {
  const changed = async (change: (checkpoint: Record<string, unknown>) => void): Promise<World> => {
    const world = new World(set(SOURCE, rule('mine')), 'S');
    await (await world.live().run()).stop();
    const checkpoint = JSON.parse(world.disk.get('c/0') ?? '') as Record<string, unknown>;
    change(checkpoint);
    world.disk.set('c/0', JSON.stringify(checkpoint));
    return world;
  };

  test('of a newer format is refused, and left as it is', async () => {
    const world = await changed((checkpoint) => (checkpoint['format'] = 99));
    const before = new Map(world.disk);
    await expect(world.live().run()).rejects.toMatchObject({ code: 'state-format' });
    expect(world.disk).toEqual(before);
  });

  test('of another namespace is refused, and left as it is', async () => {
    const world = await changed(() => undefined);
    const before = new Map(world.disk);
    await expect(world.live({ settings: { namespace: 'other' } }).run()).rejects.toMatchObject({
      code: 'state-namespace',
    });
    expect(world.disk).toEqual(before);
  });
});
