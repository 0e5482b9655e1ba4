import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTime } from '../../../src/core/decode/parse-time.js';

const TIME_MAX_MS = 253_402_300_799_999;
/** Years that ISO writes with four digits. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

describe('a time', () => {
  test('as milliseconds is itself, cut to whole ones', () =>
    fc.assert(
      fc.property(fc.double({ min: -TIME_MAX_MS, max: TIME_MAX_MS, noNaN: true }), (ms) => {
        expect(parseTime(ms)).toBe(Math.floor(ms));
      }),
    ));

  test('as ISO text is what it names, in any zone, with any separator and precision', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: FIRST_MS + 86_400_000, max: LAST_MS - 86_400_000 }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.constantFrom('T', ' '),
        fc.constantFrom('', '7', '79', '790123'),
        fc.constantFrom(':', ''),
        (ms, offsetMin, separator, moreDigits, colon) => {
          const local = new Date(ms + offsetMin * 60_000).toISOString().slice(0, -1);
          const two = (n: number): string => String(n).padStart(2, '0');
          const away = Math.abs(offsetMin);
          const zone = `${offsetMin < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${colon}${two(away % 60)}`;
          expect(parseTime(`${local.replace('T', separator)}${moreDigits}${zone}`)).toBe(ms);
          expect(parseTime(new Date(ms).toISOString())).toBe(ms);
          expect(parseTime(new Date(ms).toISOString().slice(0, -1))).toBe(ms);
        },
      ),
    ));

  test.each([
    ['2024-05-01', Date.UTC(2024, 4, 1)],
    ['2024-05-01T10:20', Date.UTC(2024, 4, 1, 10, 20)],
    ['2024-05-01 10:20:30', Date.UTC(2024, 4, 1, 10, 20, 30)],
    ['2024-05-01T10:20:30,25Z', Date.UTC(2024, 4, 1, 10, 20, 30, 250)],
    ['2024-05-01T10:20:30.9999999z', Date.UTC(2024, 4, 1, 10, 20, 30, 999)],
    ['2024-05-01T10:20:30 +02', Date.UTC(2024, 4, 1, 8, 20, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    [0, 0],
    [-1.5, -2],
  ])('%j is %i', (value, ms) => {
    expect(parseTime(value)).toBe(ms);
  });

  test.each<readonly [unknown, string]>([
    ['', 'no text'],
    ['yesterday', 'words'],
    ['1714521600000', 'milliseconds as text'],
    ['2024-05-01T25:00:00Z', 'hour 25'],
    ['2024-13-01', 'month 13'],
    ['2023-02-30T00:00:00Z', 'a day that is not'],
    ['2024-05-01T10:20:30+99:99', 'a zone that is not'],
    ['May 1, 2024', 'what Date.parse alone would take'],
    [NaN, 'not a number'],
    [Infinity, 'infinite'],
    [TIME_MAX_MS + 1, 'beyond what a date can hold'],
    [true, 'a boolean'],
    [null, 'null'],
    [undefined, 'missing'],
    [{}, 'an object'],
    [['2024-05-01'], 'a list'],
  ])('%j (%s) is none', (value, _why) => {
    expect(parseTime(value)).toBeUndefined();
  });

  test('is never anything else than a whole number in range, whatever is given', () =>
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const ms = parseTime(value);
        if (ms !== undefined) expect(Number.isInteger(ms) && Math.abs(ms) <= TIME_MAX_MS).toBe(true);
      }),
    ));
});
