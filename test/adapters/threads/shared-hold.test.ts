import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { SharedHold } from '../../../src/adapters/threads/shared-hold.js';

test('a hold is held for as long as was said, and not at all once it is given up', async () => {
  const hold = new SharedHold();
  expect(hold.isHeld).toBe(false);
  hold.hold(60_000);
  expect(hold.isHeld).toBe(true);
  hold.hold(0);
  expect(hold.isHeld).toBe(false);
  hold.hold(20);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(hold.isHeld).toBe(false);
});

test('another thread reads the same hold, by the same clock', async () => {
  const hold = new SharedHold();
  hold.hold(60_000);
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const until = Atomics.load(new BigInt64Array(workerData), 0);
     parentPort.postMessage(Number(until - process.hrtime.bigint()) / 1e6);`,
    { eval: true, workerData: hold.memory },
  );
  const [leftMs] = (await once(worker, 'message')) as [number];
  await worker.terminate();
  expect(leftMs).toBeGreaterThan(30_000);
  expect(leftMs).toBeLessThanOrEqual(60_000);
});
