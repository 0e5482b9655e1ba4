/** Every named limit stands in docs/limits.md, with its value where it is a plain number. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { textLimits } from '../../src/adapters/document/text-limits.js';
import { fileLimits } from '../../src/adapters/file/file-limits.js';
import { meterLimits } from '../../src/adapters/meter-prometheus/prometheus-meter.js';
import { levelLimits } from '../../src/adapters/level/level-limits.js';
import { natsLimits } from '../../src/adapters/nats/limits.js';
import { apiLimits } from '../../src/app/app-limits.js';
import { stopLimits } from '../../src/cli/commands/end-in-time.js';
import { expressionLimits } from '../../src/core/expression/expression-limits.js';
import { limits } from '../../src/core/limits.js';
import { runtimeDefaults } from '../../src/runtime/runtime-limits.js';
import { routingLimits } from '../../src/runtime/shards/routing.js';
import { savepointLimits } from '../../src/runtime/savepoint.js';

const rows = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'));

function rowsOf(name: string): string[] {
  return rows.filter((row) => row.includes(`\`${name}\``));
}

describe.each([
  ['core', limits],
  ['expressions', expressionLimits],
  ['texts', textLimits],
  ['runtime', runtimeDefaults],
  ['savepoints', savepointLimits],
  ['shards', routingLimits],
  ['nats', natsLimits],
  ['files', fileLimits],
  ['store', levelLimits],
  ['metrics', meterLimits],
  ['api', apiLimits],
  ['stopping', stopLimits],
])('limits of %s', (_, named) => {
  test.each(Object.keys(named))('%s is documented', (name) => {
    expect(rowsOf(name)).not.toEqual([]);
  });
});

test.each(Object.entries({ ...limits, ...runtimeDefaults, ...savepointLimits, ...expressionLimits }))(
  '%s is %d there too',
  (name, value) => {
    expect(rowsOf(name).some((row) => row.includes(` ${value.toLocaleString('en-US')} `))).toBe(true);
  },
);
