/** The simulated clock, disk and wire keep the contracts of the real ones: what the engine does on them it may do there. */
import { afterAll, expect, test } from 'vitest';
import { MemorySink } from '../../src/adapters/memory/memory-sink.js';
import type { SourceDocument } from '../../src/core/document/documents.js';
import { clockContract } from '../contract/clock-contract.js';
import { sinkContract } from '../contract/sink-contract.js';
import { sourceContract } from '../contract/source-contract.js';
import { storeContract } from '../contract/store-contract.js';
import { AlertServer } from './alert-server.js';
import { simOpener } from './sim-opener.js';
import { SimLoop, SimProcess, randomOf } from './sim-process.js';
import { SimSink } from './sim-sink.js';
import { SimDisk } from './sim-disk.js';
import { SimStore } from './sim-store.js';
import { SimStream } from './sim-stream.js';

/** A process without faults in a world that goes on while a test awaits. */
function liveProcess(): { readonly process: SimProcess; stop(): void } {
  const loop = new SimLoop();
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    loop.step();
    setImmediate(turn);
  };
  turn();
  const process = new SimProcess(loop, { random: randomOf(1), diesAt: 0, delayMsMax: 5, skewMs: 7_000 });
  return { process, stop: () => (isOver = true) };
}

clockContract('the clock of a simulated process', () => {
  const { process, stop } = liveProcess();
  return { clock: process, dispose: stop };
});

const storeWorld = liveProcess();
afterAll(() => storeWorld.stop());

function openStore(disk = new SimDisk()): SimStore {
  return new SimStore({ disk, process: storeWorld.process });
}

storeContract('the simulated store', () => Promise.resolve(openStore()));

test('a simulated store opened again over the same disk holds what was committed', async () => {
  const disk = new SimDisk();
  const first = openStore(disk);
  await first.commit([{ kind: 'put', key: 'a', value: '1' }], { sync: true });
  await first.close();
  expect(await openStore(disk).get('a')).toBe('1');
});

sinkContract('the simulated sink', () => {
  const { process, stop } = liveProcess();
  const server = new AlertServer({ nowMs: () => process.loop.nowMs, duplicateWindowMs: 120_000 });
  const open = (): SimSink => new SimSink({ server, process, random: randomOf(1) });
  const sink = open();
  return Promise.resolve({
    sink,
    subject: 'weir.alerts.test',
    stored: () => Promise.resolve(server.stream.messages),
    reopen: () => Promise.resolve(open()),
    expire: (throughSeq) => Promise.resolve(new MemorySink({ stream: server.stream }).expire(throughSeq)),
    dispose: async () => {
      await sink.close();
      stop();
    },
  });
});

const source: SourceDocument = {
  kind: 'source',
  name: 'a',
  nats: { stream: 'a', subjects: ['in.>'] },
  event: { time: 't' },
};

sourceContract('the simulated source', (records) => {
  const { process, stop } = liveProcess();
  const stream = new SimStream('a', process);
  const append = (count: number): Promise<readonly string[]> => {
    const at = stream.lastSeq;
    for (let n = at; n < at + count; n++) stream.add({ n });
    return Promise.resolve(stream.from(at + 1).map(({ text }) => text ?? ''));
  };
  return append(records).then((expected) => ({
    opener: simOpener({ streams: new Map([['a', stream]]), process }),
    source,
    expected,
    append,
    dispose: () => Promise.resolve(stop()),
  }));
});
