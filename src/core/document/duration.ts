/** Units of a duration, largest first: the order in which they must be written. */
const UNITS_MS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Units from large to small, each at most once, whole numbers; the source of the JSON Schema's pattern too. */
export const DURATION_PATTERN = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** How durations are written, as a sentence for diagnostics. */
export const DURATION_HINT =
  'write a duration like 500ms, 5s, 10m, 1h, 7d or 1h30m (whole numbers, large units first), or a whole number of milliseconds';

/** A number as milliseconds if it is a span that can be counted exactly: whole, not negative. */
function exactMs(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Milliseconds of a duration; undefined for anything that is not one: negative, fractional, too large, unknown units. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return exactMs(value);
  if (typeof value !== 'string') return undefined;
  const parts = DURATION_PATTERN.exec(value);
  if (parts === null) return undefined;
  let total = 0;
  UNITS_MS.forEach(([, unitMs], index) => (total += Number(parts[index + 1] ?? 0) * unitMs));
  return exactMs(total);
}

/** The shortest composed text of a span in whole milliseconds: `parseDuration(formatDuration(ms)) === ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of UNITS_MS) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
