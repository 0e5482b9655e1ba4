import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/core/document/duration.js';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['10m1ms', 600_001],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    [0, 0],
    [1500, 1500],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    '5',
    '-5s',
    '+5s',
    '1.5h',
    '5 s',
    '5S',
    '5sec',
    '1m1h',
    '1s1s',
    '5s ',
    's',
    'ms',
    'PT5S',
    '1e3s',
    '9007199254740993ms',
    '99999999999999d',
    '٣s',
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    null,
    undefined,
    true,
    {},
    [5],
  ])('%j is refused', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  it('what is formatted parses back to the same span', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  it('text never parses to anything but a whole number of milliseconds from 0', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9dhms.-]{0,12}$/)), (text) => {
        const ms = parseDuration(text);
        return ms === undefined || (Number.isSafeInteger(ms) && ms >= 0);
      }),
    );
  });
});
