import { describe, expect, test } from 'vitest';
import { createPinoLog, type PinoLogOptions } from '../../../src/adapters/log-pino/pino-log.js';
import { StoreError } from '../../../src/ports/store.js';

function collect(options: PinoLogOptions = {}): {
  log: ReturnType<typeof createPinoLog>;
  lines: () => Record<string, unknown>[];
} {
  const written: string[] = [];
  const log = createPinoLog({ ...options, to: { write: (line: string) => void written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the log', () => {
  test('writes one JSON object a line: level, time, message, fields', () => {
    const { log, lines } = collect({ base: { service: 'weir' } });
    log.info('opened', { source: 'payments', count: 3 });
    log.warn('plain');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'weir',
        source: 'payments',
        count: 3,
        msg: 'opened',
      },
      { level: 'warn', time: expect.any(String), service: 'weir', msg: 'plain' },
    ]);
  });

  test('leaves out lines below its level', () => {
    const { log, lines } = collect({ level: 'warn' });
    log.debug('no');
    log.info('no');
    log.warn('yes');
    log.error('yes');
    expect(lines()).toHaveLength(2);
  });

  test('writes errors with their code, fields and causes, under any name', () => {
    const { log, lines } = collect();
    const error = new StoreError('io', 'no write', { file: 'x' }, { cause: new Error('EIO') });
    log.error('commit failed', { reason: error });
    expect(lines()[0]).toMatchObject({
      reason: { name: 'StoreError', code: 'io', message: 'no write', fields: { file: 'x' }, cause: { message: 'EIO' } },
    });
  });

  test('keeps a field that is named like one of its own', () => {
    const { log, lines } = collect();
    log.info('m', { level: 3, time: 'noon', msg: 'text' });
    expect(lines()[0]).toMatchObject({ level: 'info', level_: 3, time_: 'noon', msg: 'm', msg_: 'text' });
  });

  test('survives what JSON cannot hold: cycles, big integers, undefined', () => {
    const { log, lines } = collect();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('m', { cycle, big: 1n, nothing: undefined });
    expect(lines()[0]).toMatchObject({ msg: 'm' });
  });
});
