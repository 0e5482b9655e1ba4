import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/memory-store.js';
import {
  createDirectorySavepoint,
  openDirectorySavepoint,
} from '../../src/adapters/savepoint-files/directory-savepoint.js';
import { systemDigest } from '../../src/adapters/system/system-digest.js';
import type { SavepointReader, SavepointWriter } from '../../src/ports/savepoint.js';
import { SHARD } from '../../src/runtime/engine.js';
import { summarizeState, viewKey } from '../../src/runtime/inspect-state.js';
import { restoreSavepoint, savepointEntries, verifySavepoint, writeSavepoint } from '../../src/runtime/savepoint.js';
import type { SentEvent } from './restart-fixture.js';
import { MERGED, SINGLE, mergedEvents, singleEvents, worldOf } from './restart-fixture.js';
import { makeStateSample, sampleWorld, send } from './state-sample.js';
import type { World } from './world.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-savepoint-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const settings = { checkpointIntervalMs: 30, alertDelayMaxMs: 5, batchMessagesMax: 8, publishBatchMax: 3 };

async function save(entries: Readonly<Record<string, string>>, name: string): Promise<string> {
  const place = join(root, name);
  const store = new MemoryStore({ disk: new Map(Object.entries(entries)) });
  const subject = { name, store, shard: SHARD, digest: systemDigest, stopped: () => false };
  await writeSavepoint(subject, await createDirectorySavepoint(place));
  return place;
}

/** A place in memory: the world's time does not wait for a real disk. */
function memoryPlace(): { readonly writer: SavepointWriter; readonly reader: SavepointReader } {
  const texts = new Map<string, string>();
  const put = async (name: string, text: string): Promise<void> => void texts.set(name, text);
  const read = async (name: string): Promise<string> => texts.get(name) ?? '';
  return {
    writer: { place: 'memory', put, finish: (text) => put('manifest', text), abandon: async () => texts.clear() },
    reader: { place: 'memory', manifest: () => read('manifest'), read },
  };
}

/** Replaces what is on the world's disk by the savepoint. */
async function restore(world: World, reader: SavepointReader): Promise<void> {
  const manifest = await verifySavepoint(reader, systemDigest);
  world.disk.clear();
  const store = new MemoryStore({ disk: world.disk });
  await restoreSavepoint(reader, manifest, { store, shard: SHARD, digest: systemDigest });
}

async function undisturbed(documents: string, events: readonly SentEvent[]): Promise<string[]> {
  const world = worldOf(documents, events);
  await (await world.live().run()).stop();
  return world.summary;
}

/** A savepoint after so many turns; the first life ends after it, or goes on to the end; another one begins from the savepoint. */
async function withSavepointAfter(world: World, turns: number, goesOn: boolean): Promise<void> {
  const life = await world.live({ settings }).start();
  let turn = 0;
  await life.turnUntil(() => turn++ >= turns || life.engine.state !== 'running');
  const { writer, reader } = memoryPlace();
  world.savepoints = async () => writer;
  const result = await life.whileTurning(life.control.savepoint({ name: 'one' }));
  expect(result).toMatchObject({ ok: true });
  if (goesOn) await life.settle();
  life.crash();
  await restore(world, reader);
  // The life after it may end too: what is left out goes on being so.
  const second = await world.live({ settings }).start();
  turn = 0;
  await second.turnUntil(() => turn++ >= turns || second.engine.state !== 'running');
  second.crash();
  await (await world.live({ settings }).run()).stop();
}

describe('a service restored from a savepoint says what an undisturbed one says, each once', () => {
  const lawOf = (documents: string, events: fc.Arbitrary<SentEvent[]>): Promise<void> =>
    fc.assert(
      fc.asyncProperty(events, fc.nat(40), fc.boolean(), async (given, turns, goesOn) => {
        const world = worldOf(documents, given);
        await withSavepointAfter(world, turns, goesOn);
        expect(world.summary).toEqual(await undisturbed(documents, given));
      }),
      { numRuns: 60 },
    );
  test('with one source', () => lawOf(SINGLE, singleEvents), 120_000);
  test('with two sources that rules merge', () => lawOf(MERGED, mergedEvents), 120_000);
});

describe('a savepoint', () => {
  test('holds every entry, and a manifest that says what they are', async () => {
    const sample = await makeStateSample();
    const reader = openDirectorySavepoint(await save(sample, 'one'));
    const manifest = await verifySavepoint(reader, systemDigest);
    const held: Record<string, string> = {};
    for await (const [key, value] of savepointEntries(reader, manifest, systemDigest)) held[key] = value;
    expect(held).toEqual(sample);
    expect(manifest).toMatchObject({ product: 'weir', namespace: 'default', entries: Object.keys(sample).length });
    expect(Object.values(manifest.counts).reduce((sum, one) => sum + one, 0)).toBe(manifest.entries);
  });

  test('of which any byte is wrong is refused, and nothing is restored', async () => {
    const place = await save(await makeStateSample(), 'one');
    const reader = openDirectorySavepoint(place);
    for (const file of readdirSync(place)) {
      const bytes = readFileSync(join(place, file));
      for (let at = 3; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] as number) ^ 1;
        writeFileSync(join(place, file), broken);
        await expect(verifySavepoint(reader, systemDigest)).rejects.toMatchObject({ code: /^savepoint-/ });
      }
      writeFileSync(join(place, file), bytes);
    }
    await expect(verifySavepoint(reader, systemDigest)).resolves.toBeDefined();
  });

  test('without a part, or without its manifest, is none', async () => {
    const place = await save(await makeStateSample(), 'one');
    const [part = ''] = readdirSync(place).filter((name) => name.startsWith('part-'));
    rmSync(join(place, part));
    const reader = openDirectorySavepoint(place);
    await expect(verifySavepoint(reader, systemDigest)).rejects.toMatchObject({ code: 'savepoint-damaged' });
    rmSync(join(place, 'savepoint.json'));
    await expect(verifySavepoint(reader, systemDigest)).rejects.toMatchObject({ code: 'savepoint-missing' });
  });

  test('is not there before it is complete, and what a failure left is no obstacle', async () => {
    const place = join(root, 'one');
    const writer = await createDirectorySavepoint(place);
    const failing: SavepointWriter = { ...writer, finish: () => Promise.reject(new Error('the disk is full')) };
    const store = new MemoryStore({ disk: new Map(Object.entries(await makeStateSample())) });
    const subject = { name: 'one', store, shard: SHARD, digest: systemDigest, stopped: () => false };
    await expect(writeSavepoint(subject, failing)).rejects.toThrow('the disk is full');
    expect(readdirSync(root)).toEqual([]);
    // As a kill would leave it.
    await (await createDirectorySavepoint(place)).put('part-000001.ndjson', 'half');
    expect(readdirSync(root)).toEqual(['.one.partial']);
    await writeSavepoint(subject, await createDirectorySavepoint(place));
    expect(readdirSync(root)).toEqual(['one']);
    await expect(createDirectorySavepoint(place)).rejects.toMatchObject({ code: 'savepoint-exists' });
  });

  test('that the engine does not outlive is none', async () => {
    const store = new MemoryStore({ disk: new Map(Object.entries(await makeStateSample())) });
    const subject = { name: 'one', store, shard: SHARD, digest: systemDigest, stopped: () => true };
    const written = writeSavepoint(subject, await createDirectorySavepoint(join(root, 'one')));
    await expect(written).rejects.toMatchObject({ code: 'savepoint-cut-short' });
    expect(readdirSync(root)).toEqual([]);
  });

  test('of a newer format is refused', async () => {
    const place = await save(await makeStateSample(), 'one');
    const file = join(place, 'savepoint.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"format": 1', '"format": 2'));
    const reader = openDirectorySavepoint(place);
    await expect(verifySavepoint(reader, systemDigest)).rejects.toMatchObject({ code: 'savepoint-format' });
  });
});

describe('an inspected state', () => {
  test('shows its rules with versions, keys and runs, sources with their positions', async () => {
    const sample = await makeStateSample();
    const store = new MemoryStore({ disk: new Map(Object.entries(sample)) });
    const summary = await summarizeState(store.entries('', '\u007f'));
    expect(summary).toMatchObject({ format: 2, namespace: 'default', entries: Object.keys(sample).length });
    const world = sampleWorld(sample);
    const life = await world.live().start();
    for (const { name, liveRuns, versions } of life.engine.ruleSet.rules.size > 0 ? life.control.status().rules : []) {
      const shown = summary?.rules.find((one) => one.name === name);
      expect([shown?.runs, shown?.versions.length]).toEqual([liveRuns, versions.length]);
    }
    await life.stop();
  });

  test('shows the runs of one key with their events, by stage', async () => {
    const sample = await makeStateSample();
    const store = new MemoryStore({ disk: new Map(Object.entries(sample)) });
    const stored = Object.keys(sample).find((key) => key.startsWith('k/') && key.endsWith('"')) ?? '';
    const key = JSON.parse(stored.slice(stored.lastIndexOf('/') + 1)) as string;
    const views = await viewKey(store.entries('', '\u007f'), key, () => undefined);
    expect(views.length).toBeGreaterThan(0);
    const runs = views.flatMap((view) => view.rules.flatMap((rule) => rule.runs));
    expect(runs.length).toBeGreaterThan(0);
    const known = new Set(views.flatMap((view) => view.events.map((event) => event.id)));
    for (const { taken } of runs) for (const { event } of taken) expect(known.has(event)).toBe(true);
  });
});

/** Written by the first version with the format (test/data/savepoint-format-1), from the sample of state format 2. */
test('a savepoint of format 1 is restored, and goes on to alert as its state would have', async () => {
  const reader = openDirectorySavepoint(fileURLToPath(new URL('../data/savepoint-format-1', import.meta.url)));
  const manifest = await verifySavepoint(reader, systemDigest);
  const held: Record<string, string> = {};
  for await (const [key, value] of savepointEntries(reader, manifest, systemDigest)) held[key] = value;
  const sample = readFileSync(new URL('../data/state-format-2.json', import.meta.url), 'utf8');
  expect(held).toEqual(JSON.parse(sample));
  const [restored, original] = [sampleWorld({}), sampleWorld(held)];
  await restore(restored, reader);
  for (const world of [restored, original]) {
    send(world, 50, { type: 'y', n: 'y1', k: 'k1', v: 15 });
    send(world, 3_700, { type: 'other', n: 'o3', k: 'nobody' });
    await (await world.live().run()).stop();
  }
  expect(restored.summary).toEqual(original.summary);
  expect(restored.alerts.length).toBeGreaterThan(1);
});

test('a savepoint whose checkpoint cannot be written is none, and stops the engine as any failed checkpoint does', async () => {
  const world = worldOf(SINGLE, []);
  const { writer } = memoryPlace();
  let abandoned = 0;
  world.savepoints = async () => ({ ...writer, abandon: async () => void abandoned++ });
  const life = await world.live({ commitFate: (number) => (number > 1 ? 'fail' : 'ok') }).start();
  expect(await life.whileTurning(life.control.savepoint({ name: 'one' }))).toMatchObject({ ok: false });
  expect([abandoned, life.engine.state]).toEqual([1, 'failed']);
});
