import { expect, test } from 'vitest';
import { MemorySink, memoryStream, type SinkFault } from '../../../src/adapters/memory/memory-sink.js';
import type { OutboundMessage } from '../../../src/ports/sink.js';
import { sinkContract } from '../../contract/sink-contract.js';

sinkContract('the memory sink', async () => {
  const stream = memoryStream();
  const sink = new MemorySink({ stream });
  return {
    sink,
    subject: 'weir.alerts.test',
    stored: async () => sink.messages,
    reopen: async () => new MemorySink({ stream }),
    expire: async (throughSeq) => sink.expire(throughSeq),
    dispose: () => sink.close(),
  };
});

function message(id: string): OutboundMessage {
  return { id, subject: 's', contentType: 'application/json', body: '{}' };
}

function sinkWithFaults(...faults: SinkFault[]): MemorySink {
  return new MemorySink({ fault: () => faults.shift() ?? 'none' });
}

test('a failed message is not stored, nor is anything after it in the call', async () => {
  const sink = sinkWithFaults('none', 'fail');
  await expect(sink.publish([message('a'), message('b'), message('c')])).rejects.toMatchObject({ code: 'connection' });
  expect(sink.messages.map(({ id }) => id)).toEqual(['a']);
});

test('a message whose acknowledgement is lost is stored, and a duplicate the next time', async () => {
  const sink = sinkWithFaults('lose-ack');
  await expect(sink.publish([message('a')])).rejects.toMatchObject({ code: 'connection' });
  expect(await sink.publish([message('a')])).toEqual([{ id: 'a', seq: 1, duplicate: true }]);
});

test('a retried message is acknowledged as a duplicate and stored once', async () => {
  const sink = sinkWithFaults('retry');
  expect(await sink.publish([message('a')])).toEqual([{ id: 'a', seq: 1, duplicate: true }]);
  expect(sink.messages).toHaveLength(1);
});

test('a refused message is answered, not stored, and does not hold up the next', async () => {
  const sink = sinkWithFaults('refuse');
  const acks = await sink.publish([message('a'), message('b')]);
  expect(acks[0]).toMatchObject({ id: 'a', seq: 0, refused: { code: 'too-large' } });
  expect(acks[1]).toEqual({ id: 'b', seq: 1, duplicate: false });
});

test('beyond its duplicate window the sink stores an id again', async () => {
  const sink = new MemorySink({ dedupeIdsMax: 2 });
  await sink.publish([message('a'), message('b'), message('c'), message('a')]);
  expect(sink.messages.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'a']);
});
