const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Epoch milliseconds of an ISO-8601 text (without a zone: UTC) or of a number of them; undefined for anything else. */
export function parseTimestamp(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const parts = ISO.exec(value);
  if (parts === null) return undefined;
  const [, year, month, day, time = '00:00', zone = 'Z'] = parts;
  if (Number(day) > daysInMonth(Number(year), Number(month))) return undefined;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const ms = Date.parse(`${year}-${month}-${day}T${time.replace(',', '.')}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
