/** ISO 8601 calendar date, optional time of day, optional zone. */
const ISO_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?$/;

/** 9999-12-31T23:59:59.999Z: the last time that four digits of a year can write. Microseconds taken for milliseconds lie beyond it. */
const TIME_MAX_MS = 253_402_300_799_999;

/** Days above which a month may not have the day; `Date.parse` would take it for one of the next month. */
const DAYS_ALWAYS = 28;

/**
 * Event time in ms: ISO-8601 text (without a zone: UTC; parts of a millisecond are cut off) or epoch milliseconds.
 * Undefined for anything else.
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) && Math.abs(value) <= TIME_MAX_MS ? Math.floor(value) : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const parts = ISO_TIME.exec(value);
  if (parts === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = parts;
  const millis = `${fraction}00`.slice(0, 3).padEnd(3, '0');
  if (!isDay(date as string)) return undefined;
  const ms = Date.parse(`${date}T${minutes}:${seconds}.${millis}${zoneText(zone)}`);
  return Number.isNaN(ms) ? undefined : ms;
}

function isDay(date: string): boolean {
  const day = Number(date.slice(-2));
  return day <= DAYS_ALWAYS || new Date(Date.parse(`${date}T00:00Z`)).getUTCDate() === day;
}

function zoneText(zone: string): string {
  if (zone === 'Z' || zone === 'z') return 'Z';
  const hours = zone.slice(0, 3);
  const rest = zone.slice(3).replace(':', '');
  return `${hours}:${rest === '' ? '00' : rest}`;
}
