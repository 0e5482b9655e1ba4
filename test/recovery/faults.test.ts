/**
 * Faults from outside, on the real server, store and program, against a service left alone: the server killed and started again, a
 * disk that is full, the power gone. The same alerts, dead letters and late events, with the same bodies.
 */
import { execFile } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FaultPlace, SLOW } from './fault-place.js';
import { seededRandom } from './kill-events.js';
import { RUNNING, finish, start, twiceIn } from './kill-run.js';
import type { Settings } from './kill-run.js';
import type { CliProcess } from './service-process.js';
import type { Published } from './stream-tools.js';

const MESSAGES = 12_000;
const OUTAGES = 2;
const OUTAGE_MS_MAX = 300;
/** The first is met by the journal, the second by the database itself. */
const FULL = [
  { fileKibMax: 60, args: [] },
  { fileKibMax: 250, args: ['--retained', '0'] },
];
const IMAGES = Number(process.env['WEIR_FAULT_IMAGES'] ?? 3);
/** Images are taken before the run has published more than this share. */
const IMAGE_SHARE_MAX = 0.7;
const TEST_MS_MAX = 120_000;

const seed = Number(process.env['WEIR_FAULT_SEED'] ?? Math.floor(Math.random() * 1e9));
const named = `WEIR_FAULT_SEED=${seed}`;
const random = seededRandom(seed);

let at: FaultPlace;
beforeAll(async () => {
  at = await FaultPlace.open(seed, MESSAGES);
}, TEST_MS_MAX);
afterAll(() => at.dispose());

const started: CliProcess[] = [];
function begin(run: string, settings: Settings): CliProcess {
  const service = start(at.place, run, settings);
  started.push(service);
  return service;
}
afterEach(async () => {
  for (const service of started.splice(0)) await service.kill();
});

async function expectEachOnce(run: string): Promise<void> {
  const all = await finish(at.place, at.tools, run);
  expect(at.differences(all, run), named).toEqual({ missing: [], extra: [] });
  expect(twiceIn(all), named).toEqual([]);
}

describe('a NATS server killed and started again while the service works through a backlog', () => {
  test(
    'costs no alert and gives none twice, though it forgets ids after 100 ms',
    async () => {
      const run = 'outages';
      await at.begin(run);
      const service = begin(run, SLOW);
      await service.says(RUNNING);
      for (let outage = 0; outage < OUTAGES; outage++) {
        await at.published(run, (outage + random.next()) / (OUTAGES + 1));
        await at.server.kill();
        await sleep(random.below(OUTAGE_MS_MAX));
        await at.server.start();
        await at.tools.connected();
      }
      expect((await service.kill('SIGTERM')).code).toBe(0);
      await expectEachOnce(run);
    },
    TEST_MS_MAX,
  );
});

describe('a disk that is full', () => {
  test(
    'stops the service with its reason each time; with room again it goes on as if nothing had been',
    async () => {
      await at.begin('full');
      for (const room of FULL) {
        const { code, stderr } = await begin('full', { ...SLOW, ...room }).ended;
        expect(code, named).toBe(1);
        expect(stderr).toMatch(/"code":"disk-full"/);
      }
      await expectEachOnce('full');
    },
    TEST_MS_MAX,
  );
});

/** What the power would leave, and worse: a copy taken file by file while the service writes. Then the service is killed. */
async function copyWhileWriting(service: CliProcess, run: string): Promise<void> {
  const state = join(at.place.root, run);
  const image = `${state}-image`;
  // Files come and go below it: what could not be copied is not there.
  await new Promise<void>((resolve) => execFile('cp', ['-r', state, image], () => resolve()));
  await service.kill();
  rmSync(state, { recursive: true });
  renameSync(image, state);
}

/** Opens the copy; one that would lose something asks from where to go on, and is told. */
async function finishImage(run: string): Promise<Published[]> {
  try {
    return await finish(at.place, at.tools, run);
  } catch (error) {
    const choice = /--recover-from (\d+)/.exec(String(error))?.[1];
    if (choice === undefined) throw error;
    return finish(at.place, at.tools, run, ['--recover-from', choice]);
  }
}

describe('the power gone while the state is being written', () => {
  test.each(Array.from({ length: IMAGES }, (_, number) => number))(
    'leaves an image that opens or falls back, and gives the same alerts; none published before comes twice (%i)',
    async (number) => {
      const run = `image-${number}`;
      await at.begin(run);
      // Every other one meets a database that is closed, linked and opened again.
      const args = number % 2 === 0 ? ['--retain-interval', '600000'] : [];
      const service = begin(run, { ...SLOW, args });
      await service.says(RUNNING);
      const before = await at.published(run, random.next() * IMAGE_SHARE_MAX);
      await copyWhileWriting(service, run);
      const all = await finishImage(run);
      expect(at.differences(all, run), named).toEqual({ missing: [], extra: [] });
      const after = new Set(all.slice(before).map(({ id }) => id));
      const again = all.slice(0, before).filter(({ id }) => after.has(id));
      expect(again, named).toEqual([]);
    },
    TEST_MS_MAX,
  );
});
